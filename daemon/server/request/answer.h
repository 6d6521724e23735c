/*
 * answer.h - answers one message: appends its replies to the worker's output. Private to
 * daemon/server; to be called between worker_begin and worker_end.
 */
#ifndef DAEMON_SERVER_REQUEST_ANSWER_H
#define DAEMON_SERVER_REQUEST_ANSWER_H

#include "daemon/base/span.h"

struct message;
struct worker;

enum answered {
	ANSWERED,
	RETRY_ELSEWHERE, /* from m->at on, a thread that may wait must continue */
};

/*
 * Parses the message unless it is parsed already, and answers its requests from the next one on: a
 * reading thread answers up to the first one that needs a worker, a worker answers all.
 */
enum answered answer_message(struct worker *w, struct message *m);

/* Ends a message that another thread was to answer but will not. */
void answer_drop(struct worker *w, struct message *m);

/* For a request over the limit, and for one that the end of the connection cut off, with the given
 * rest. */
void answer_too_long(struct worker *w);
void answer_cut_off(struct worker *w, struct span rest);

#endif
