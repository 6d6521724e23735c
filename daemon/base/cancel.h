/*
 * cancel.h - whether the work of this thread should continue
 *
 * The code that starts a piece of work (the server, for each request) says how to find out:
 * cancel_begin. Code that works long calls cancel_check once per unit of work of about 1 to 100 us,
 * such as a block of voxels or one operation of a list, and returns its code like any other
 * failure. The question belongs to the thread, so functions in between need no parameter for it.
 *
 * Threads that help with the work have a cheap question: whether the thread that waits for them,
 * which asks the real question, has told them to stop.
 */
#ifndef DAEMON_BASE_CANCEL_H
#define DAEMON_BASE_CANCEL_H

#include <stddef.h>
#include <stdint.h>

/*
 * 0: continue. -ECANCELED: nobody waits for the result any more, or the process stops. -ETIMEDOUT:
 * the time limit of the work has passed. May make system calls; called by the thread of the work.
 */
typedef int(cancel_ask)(void *ctx);

enum { CANCEL_ASK_MS = 10 }; /* the least time between two calls of ask, unless set otherwise */

/* Sets the question for checks of this thread until cancel_end. Not nested. */
void cancel_begin(cancel_ask *ask, void *ctx);
void cancel_end(void);

/* For tests, before cancel_begin: 0 asks at every check of this thread, including the first. */
void cancel_set_pace_ms(unsigned ms);

/*
 * 0, or the code returned by ask. The code stays until cancel_end: clean-up code that must not fail
 * does not check. 0 when no question is set (tests, benchmarks, tools). Cost: one read of the
 * coarse clock, 5 ns; ask is called at most every CANCEL_ASK_MS.
 */
int cancel_check(void);

/* The same for units that are shorter than that: checks at every n-th call (a power of two). count
 * starts at 0. */
static inline int cancel_check_nth(unsigned *count, unsigned n)
{
	return ++*count & (n - 1) ? 0 : cancel_check();
}

#endif
