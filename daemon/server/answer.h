/*
 * answer.h - one message and its reply, appended to the worker's output. Private to daemon/server;
 * between worker_begin and worker_end.
 */
#ifndef DAEMON_SERVER_ANSWER_H
#define DAEMON_SERVER_ANSWER_H

#include "daemon/base/span.h"

struct message;
struct worker;

enum answered {
	ANSWERED,
	RETRY_ELSEWHERE, /* from m->at on it is for a thread that may wait */
};

/*
 * Parses the message unless that was done, and answers its requests from the one on that is next:
 * in a reading thread up to the first that is not for it, in a worker all of them.
 */
enum answered answer_message(struct worker *w, struct message *m);

/* Ends a message that another thread was to answer, and shall not any more. */
void answer_drop(struct worker *w, struct message *m);

/* A request over the limit; one that the end of the connection cut off: the rest of its bytes. */
void answer_too_long(struct worker *w);
void answer_cut_off(struct worker *w, struct span rest);

#endif
