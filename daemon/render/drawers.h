/*
 * drawers.h - the threads that draw, shared by all who want pictures.
 *
 * A thread draws one band, and is then given one of whichever client has had the least of the
 * threads' time (orders.h). So every client has its share of them whatever others ask for, a
 * picture that is soon drawn waits for a band or two of others at most, and few are in memory at a
 * time.
 *
 * The threads run only where nobody else wants the processor, so that requests are answered
 * meanwhile as if there were no drawing. Where they hardly get to run (other threads keep the
 * machine busy), the callers draw, too. Small pictures are better drawn by the caller alone.
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
	unsigned threads_max; /* 0: as many as this process may use processors */
	/* For tests and benchmarks: the threads compete for the processor as all others do, and the
	 * callers do nothing but wait. */
	bool is_eager;
};

int drawers_open(const struct drawers_cfg *cfg, struct drawers **out, struct err *err);
void drawers_close(struct drawers *d); /* no drawing may be under way; NULL is fine */

/*
 * Draws a set, the caller waits. At most set->threads_max threads are at it at a time; 0: all
 * processors but one. Returns as picture_draw_set. Any number of threads may call this at once.
 */
int drawers_draw(struct drawers *d, const struct picture_set *set, struct err *err);

#endif
