/*
 * park.h - lets threads sleep until another thread announces work, for structures without a lock.
 * Private to daemon/queue. An event count over futex(2); needs no fence.
 *
 * The sleeper:    park_begin, check for work (a seq_cst load); if there is some, park_cancel, else
 *                 park_sleep; then check again.
 * The announcer:  add work (a seq_cst read-modify-write), then park_notify.
 *
 * Why no wake-up is lost: the sleeper counts itself before it checks, and the announcer adds the
 * work before it reads the count, all in the single total order of seq_cst operations. So either
 * the sleeper sees the work or the announcer sees the sleeper.
 */
#ifndef DAEMON_QUEUE_PARK_H
#define DAEMON_QUEUE_PARK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Ready when zeroed. All fields are written by sleepers and announcers. */
struct park {
	_Atomic uint32_t epoch;     /* the futex: incremented by each wake-up */
	_Atomic uint32_t sleepers;  /* threads between park_begin and park_cancel or park_sleep */
	_Atomic uint32_t is_waking; /* a wake-up is in progress: others can skip the system
				       call */
	_Atomic bool is_shut;
};

/* Returns the key for park_sleep. */
uint32_t park_begin(struct park *p);
void park_cancel(struct park *p);

/* Sleeps until a wake-up after park_begin, or until deadline_ns (CLOCK_MONOTONIC) has passed. */
void park_sleep(struct park *p, uint32_t key, uint64_t deadline_ns);

/* The slow part of park_notify. */
void park_wake_up(struct park *p, uint32_t threads_count);

/* Announces work for up to threads_count threads. Costs one load when nobody sleeps. */
static inline void park_notify(struct park *p, uint32_t threads_count)
{
	if (__builtin_expect(atomic_load_explicit(&p->sleepers, memory_order_seq_cst) != 0, 0))
		park_wake_up(p, threads_count);
}

/* Wakes all threads; park_is_shut is true from now on, which sleepers check after park_begin. */
void park_shut(struct park *p);

static inline bool park_is_shut(struct park *p)
{
	return atomic_load_explicit(&p->is_shut, memory_order_seq_cst);
}

#endif
