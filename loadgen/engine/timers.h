/* timers.h - the connections that pause, ordered by the time at which they continue: a binary heap.
 */
#ifndef LOADGEN_ENGINE_TIMERS_H
#define LOADGEN_ENGINE_TIMERS_H

#include <stddef.h>
#include <stdint.h>

struct err;

struct timer {
	uint64_t due_ns;
	uint32_t conn; /* index in its worker */
};

struct timers {
	struct timer *heap; /* owned */
	size_t count;
	size_t cap;
};

#define TIMERS_NEVER UINT64_MAX

/* -ENOMEM. Owns: timers_deinit. */
int timers_init(struct timers *t, size_t cap, struct err *err);
void timers_deinit(struct timers *t);

/* At most cap may wait at a time (asserted). */
void timers_push(struct timers *t, uint64_t due_ns, uint32_t conn);

/* Time of the first; TIMERS_NEVER when there is none. */
static inline uint64_t timers_first_ns(const struct timers *t)
{
	return t->count ? t->heap[0].due_ns : TIMERS_NEVER;
}

/* Removes the first; there must be one (asserted). */
uint32_t timers_pop(struct timers *t);

#endif
