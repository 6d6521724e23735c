/*
 * cancel.h - should the work that this thread does go on?
 *
 * Whoever starts a piece of work (the server, for each request) says how to find out: cancel_begin.
 * Whoever works long calls cancel_check once per unit of work of about 1 to 100 us, such as a block
 * of voxels or one operation of a list, and returns its code up as any other failure. The question
 * belongs to the thread, not to the parameters of every function between the two.
 *
 * Threads that help with the work have no question of their own: the thread that waits for them
 * asks and tells them to stop.
 */
#ifndef DAEMON_BASE_CANCEL_H
#define DAEMON_BASE_CANCEL_H

#include <stddef.h>
#include <stdint.h>

/*
 * 0: go on. -ECANCELED: nobody waits for the result any more, or the process stops. -ETIMEDOUT: the
 * time limit of the work has passed. May make system calls; the thread of the work.
 */
typedef int(cancel_ask)(void *ctx);

enum { CANCEL_ASK_MS = 10 }; /* the least time between two calls of ask */

/* Until cancel_end, checks of this thread ask. Not nested. */
void cancel_begin(cancel_ask *ask, void *ctx);
void cancel_end(void);

/*
 * 0, or the code that ask gave. A code stays until cancel_end: clean-up code that must not fail
 * does not check. 0 where nobody asks (tests, benchmarks, tools).
 * Cost: one look at the clock; ask is called every CANCEL_ASK_MS at most.
 */
int cancel_check(void);

#endif
