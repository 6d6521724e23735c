/*
 * answer_request.h - one request of a message: its members, whether the client is allowed to make
 * it, its method, its reply or fault. Private to daemon/server.
 */
#ifndef DAEMON_SERVER_REQUEST_ANSWER_REQUEST_H
#define DAEMON_SERVER_REQUEST_ANSWER_REQUEST_H

#include "daemon/server/request/answer.h"

struct message;
struct worker;

/* Answers the request at m->at. A reply has no newline at its end; after RETRY_ELSEWHERE nothing
 * was done. */
enum answered answer_request(struct worker *w, struct message *m);

#endif
