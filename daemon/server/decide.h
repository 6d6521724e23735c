/*
 * decide.h - where a message is answered: the one place that knows. Private to daemon/server.
 */
#ifndef DAEMON_SERVER_DECIDE_H
#define DAEMON_SERVER_DECIDE_H

#include <stdbool.h>

#include "daemon/delivery/message.h"
#include "daemon/rpc/method.h"
#include "daemon/server/worker.h"

enum decision {
	RUN_HERE,  /* by the thread that asks */
	HAND_OVER, /* by a worker: it may take long, and the reading thread has other clients */
	REFUSE,    /* by nobody: answered with the reason in m->refusal */
};

enum {
	/* A longer text is for a worker whatever it asks: parsing so much costs about what handing
	 * it over does. It is not even parsed in the reading thread. */
	DECIDE_BYTES_MAX = 16 * 1024,
};

/* What a worker does with a message that was handed over. */
enum decision decide_for_worker(const struct worker *w, struct message *m);

/*
 * From the size and, once the next request's method is known, from its flags: asked once when the
 * message is framed and again for each of its requests. Here, since every request passes it.
 */
static inline enum decision decide(const struct worker *w, struct message *m)
{
	unsigned wanted = METHOD_SHORT;

	if (__builtin_expect(m->refusal != NULL, 0))
		return REFUSE;
	if (!w->is_reader)
		return decide_for_worker(w, m);
	if (!w->cfg->has_fast_path || m->text.len > DECIDE_BYTES_MAX)
		return HAND_OVER;
	if (!m->method)
		return RUN_HERE;
	if (w->cfg->has_slow_edits)
		wanted |= METHOD_EDITS;
	return (m->method->flags & wanted) == METHOD_SHORT ? RUN_HERE : HAND_OVER;
}

#endif
