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
	RETRY_ELSEWHERE, /* from m->at on, a thread that may wait must continue */
};

/*
 * Parses the message unless that was done, and answers its requests from the next one on: in a
 * reading thread up to the first one that needs a worker, in a worker all of them.
 */
enum answered answer_message(struct worker *w, struct message *m);

/* Ends a message that another thread was to answer but will not. */
void answer_drop(struct worker *w, struct message *m);

/* For a request over the limit; and for one cut off by the end of the connection, of which rest is
 * left. */
void answer_too_long(struct worker *w);
void answer_cut_off(struct worker *w, struct span rest);

#endif
