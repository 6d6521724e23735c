#include "daemon/queue/park.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/clock.h"

/*
 * is_waking saves system calls but must never suppress the only wake-up. A thread that finds it set
 * leaves the wake-up to the one that set it, which raises the epoch and wakes a sleeper; the
 * sleeper lowers is_waking and only then checks for work. If the wake-up finds no sleeper,
 * is_waking stays set; so each sleeper also lowers it after reading the epoch. If it lowers it too
 * early, the epoch has changed and futex(2) returns at once.
 */
static void lower_waking(struct park *p)
{
	if (atomic_load_explicit(&p->is_waking, memory_order_seq_cst))
		atomic_store_explicit(&p->is_waking, 0, memory_order_seq_cst);
}

uint32_t park_begin(struct park *p)
{
	uint32_t key;

	atomic_fetch_add_explicit(&p->sleepers, 1, memory_order_seq_cst);
	key = atomic_load_explicit(&p->epoch, memory_order_seq_cst);
	lower_waking(p);
	return key;
}

void park_cancel(struct park *p)
{
	atomic_fetch_sub_explicit(&p->sleepers, 1, memory_order_seq_cst);
}

void park_sleep(struct park *p, uint32_t key, uint64_t deadline_ns)
{
	struct timespec t = clock_timespec(deadline_ns);

	/* WAIT_BITSET takes an absolute time. After every kind of return the caller checks
	 * again. */
	syscall(SYS_futex, &p->epoch, FUTEX_WAIT_BITSET_PRIVATE, key, &t, NULL,
		FUTEX_BITSET_MATCH_ANY);
	atomic_fetch_sub_explicit(&p->sleepers, 1, memory_order_seq_cst);
	lower_waking(p);
}

void park_wake_up(struct park *p, uint32_t threads_count)
{
	if (atomic_exchange_explicit(&p->is_waking, 1, memory_order_seq_cst))
		return;
	atomic_fetch_add_explicit(&p->epoch, 1, memory_order_seq_cst);
	syscall(SYS_futex, &p->epoch, FUTEX_WAKE_PRIVATE, threads_count, NULL, NULL, 0);
}

void park_shut(struct park *p)
{
	atomic_store_explicit(&p->is_shut, true, memory_order_seq_cst);
	atomic_fetch_add_explicit(&p->epoch, 1, memory_order_seq_cst);
	syscall(SYS_futex, &p->epoch, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
