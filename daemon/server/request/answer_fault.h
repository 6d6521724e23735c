/*
 * answer_fault.h - writes errors and the marks between replies. They reach the client even when
 * memory is exhausted. Private to daemon/server.
 */
#ifndef DAEMON_SERVER_REQUEST_ANSWER_FAULT_H
#define DAEMON_SERVER_REQUEST_ANSWER_FAULT_H

#include <stddef.h>

#include "daemon/json/outbuf.h"
#include "daemon/server/request/worker.h"

struct rpc_request;

static inline void answer_mark(struct worker *w, char mark)
{
	if (__builtin_expect(!outbuf_room(&w->out, 1), 0))
		worker_use_spare(w);
	w->out.ptr[w->out.len++] = mark;
}

/* Drops the output after start and answers with w->call.fault. Every client gets an answer; an id
 * that is too long for the spare buffer may become null. */
void answer_fault(struct worker *w, size_t start, const struct rpc_request *req);

/* The same for text that is no request: the id is null. */
void answer_bare_fault(struct worker *w);

#endif
