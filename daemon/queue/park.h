/*
 * park.h - lets threads sleep until somebody says that there is news, for structures without a
 * lock. Private to daemon/queue. An event count over futex(2); needs no fence.
 *
 * The sleeper:    park_begin, look whether there is news (a seq_cst load); if so park_cancel, else
 *                 park_sleep; then look again.
 * The announcer:  make the news (a seq_cst read-modify-write), then park_notify.
 *
 * Why no news is slept through: the sleeper's count goes up before it looks, and the news is made
 * before the announcer reads the count, all of it in the one order of seq_cst operations; so either
 * the sleeper sees the news or the announcer sees the sleeper.
 */
#ifndef DAEMON_QUEUE_PARK_H
#define DAEMON_QUEUE_PARK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* A zeroed one is ready. All fields are written by sleepers and announcers. */
struct park {
	_Atomic uint32_t epoch;     /* the futex: goes up with each wake-up */
	_Atomic uint32_t sleepers;  /* threads between park_begin and park_cancel or park_sleep */
	_Atomic uint32_t is_waking; /* a wake-up is on its way: others need not make another system
				       call */
	_Atomic bool is_shut;
};

/* Returns what park_sleep wants back. */
uint32_t park_begin(struct park *p);
void park_cancel(struct park *p);

/* Sleeps until a wake-up after park_begin, or until deadline_ns (CLOCK_MONOTONIC) is over. */
void park_sleep(struct park *p, uint32_t key, uint64_t deadline_ns);

/* The slow part of park_notify. */
void park_wake_up(struct park *p, uint32_t threads_count);

/* There is news for up to threads_count threads. Costs one load when nobody sleeps. */
static inline void park_notify(struct park *p, uint32_t threads_count)
{
	if (__builtin_expect(atomic_load_explicit(&p->sleepers, memory_order_seq_cst) != 0, 0))
		park_wake_up(p, threads_count);
}

/* All wake up, and park_is_shut is true from now on: sleepers look at it after park_begin. */
void park_shut(struct park *p);

static inline bool park_is_shut(struct park *p)
{
	return atomic_load_explicit(&p->is_shut, memory_order_seq_cst);
}

#endif
