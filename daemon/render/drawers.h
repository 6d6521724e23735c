/*
 * drawers.h - the drawing threads, shared by all callers.
 *
 * A thread draws one band and is then given one of the client that has used the least time of the
 * threads (orders.h). So every client gets its share whatever others ask for, a small picture waits
 * for at most a band or two of others, and few pictures are in memory at a time.
 *
 * The threads run only while no other thread wants the processor, so that requests are answered as
 * if there were no drawing. When the machine is so busy that they hardly run, the callers draw as
 * well. Small pictures are better drawn by the caller alone.
 *
 * The threads start with the first pictures and end with drawers_close.
 */
#ifndef DAEMON_RENDER_DRAWERS_H
#define DAEMON_RENDER_DRAWERS_H

#include <stdbool.h>

#include "daemon/render/picture.h"

struct drawers;
struct err;

enum { DRAWERS_THREADS_MAX = 64 };

struct drawers_cfg {
	unsigned threads_max; /* 0: one per processor that this process may use */
	/* For tests and benchmarks: the threads have normal priority, and the callers only wait. */
	bool is_eager;
};

int drawers_open(const struct drawers_cfg *cfg, struct drawers **out, struct err *err);
void drawers_close(struct drawers *d); /* no drawing may be under way; NULL is fine */

/*
 * Draws a set; the caller waits. At most set->threads_max threads work on it; 0: all processors but
 * one. Returns as picture_draw_set. Any number of threads may call this at once.
 */
int drawers_draw(struct drawers *d, const struct picture_set *set, struct err *err);

#endif
