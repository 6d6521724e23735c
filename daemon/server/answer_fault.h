/*
 * answer_fault.h - errors and the marks between replies, which reach the client also when memory is
 * out. Private to daemon/server.
 */
#ifndef DAEMON_SERVER_ANSWER_FAULT_H
#define DAEMON_SERVER_ANSWER_FAULT_H

#include <stddef.h>

#include "daemon/rpc/outbuf.h"
#include "daemon/server/worker.h"

struct rpc_request;

static inline void answer_mark(struct worker *w, char mark)
{
	if (__builtin_expect(!outbuf_room(&w->out, 1), 0))
		worker_use_spare(w);
	w->out.ptr[w->out.len++] = mark;
}

/* Drops what is behind start and answers with w->call.fault. Every client gets its answer, if need
 * be without an id that is too long for the spare buffer. */
void answer_fault(struct worker *w, size_t start, const struct rpc_request *req);

/* The same for what is no request: the id is null. */
void answer_bare_fault(struct worker *w);

#endif
