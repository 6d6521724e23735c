/*
 * decide.h - decides where a message is answered. Private to daemon/server.
 */
#ifndef DAEMON_SERVER_REQUEST_DECIDE_H
#define DAEMON_SERVER_REQUEST_DECIDE_H

#include <stdbool.h>

#include "daemon/delivery/message.h"
#include "daemon/rpc/method.h"
#include "daemon/server/request/worker.h"

enum decision {
	RUN_HERE,  /* by the calling thread */
	HAND_OVER, /* by a worker: it may take long, and the reading thread has other clients */
	REFUSE,    /* not run: answered with the reason in m->refusal */
};

enum {
	/* A longer text always goes to a worker: parsing it costs about as much as passing it on.
	 * It is not even parsed in the reading thread. */
	DECIDE_BYTES_MAX = 16 * 1024,
};

/* What a worker does with a message while the daemon stops. */
enum decision decide_for_worker(const struct worker *w, struct message *m);

/*
 * Decides by the size and, when the next request's method is known, by its flags: called once when
 * the message is framed, and again for each of its requests. Inline, since every request passes
 * here.
 */
static inline enum decision decide(const struct worker *w, struct message *m)
{
	unsigned wanted = METHOD_SHORT;

	if (__builtin_expect(m->refusal != NULL, 0))
		return REFUSE;
	if (!w->is_reader)
		return watch_is_draining(w->cfg->rules) ? decide_for_worker(w, m) : RUN_HERE;
	if (!w->cfg->has_fast_path || m->text.len > DECIDE_BYTES_MAX)
		return HAND_OVER;
	if (!m->method)
		return RUN_HERE;
	if (w->cfg->has_slow_edits)
		wanted |= METHOD_EDITS;
	return (m->method->flags & wanted) == METHOD_SHORT ? RUN_HERE : HAND_OVER;
}

#endif
