#include "daemon/server/reclaim.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "daemon/base/budget.h"
#include "daemon/base/clock.h"
#include "daemon/base/memory.h"
#include "daemon/base/thread.h"
#include "daemon/voxel/block.h"

enum {
	STACK_BYTES = 64 << 10,
	EVERY_S = 1,
	FREED_BYTES = 4 << 20, /* freed by requests, after which malloc is checked */
	TRIM_BYTES = 2 << 20,  /* free bytes in malloc that are worth trimming */
};

static const uint64_t kept_bytes_max = BLOCK_POOL_MIN * sizeof(struct block);

static struct {
	pthread_mutex_t lock; /* protects what follows */
	pthread_cond_t wake;
	pthread_t thread;
	bool is_open;
	bool has_thread;
	atomic_bool is_awake; /* read without the lock */
	/* budget_freed_bytes at the last trim, and at the thread's last check. */
	_Atomic uint64_t trimmed_at_bytes; /* read without the lock */
	uint64_t looked_at_bytes;
} reclaim = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool is_worth_it(void)
{
	uint64_t trimmed_at = atomic_load_explicit(&reclaim.trimmed_at_bytes, memory_order_relaxed);

	return budget_used_of(BUDGET_KEPT) > kept_bytes_max ||
	       budget_freed_bytes() - trimmed_at >= FREED_BYTES;
}

/* Checks once; returns whether another check may be useful. */
static bool give_back(void)
{
	uint64_t freed = budget_freed_bytes();
	bool has_more = block_pool_rest();

	/* While large memory is allocated and freed, malloc will reuse what it holds. */
	if (freed == reclaim.looked_at_bytes) {
		memory_trim(TRIM_BYTES);
		atomic_store_explicit(&reclaim.trimmed_at_bytes, freed, memory_order_relaxed);
	}
	reclaim.looked_at_bytes = freed;
	return has_more;
}

static void *run(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&reclaim.lock);
	while (reclaim.is_open) {
		struct timespec until;
		bool has_more;

		if (!atomic_load_explicit(&reclaim.is_awake, memory_order_relaxed)) {
			pthread_cond_wait(&reclaim.wake, &reclaim.lock);
			continue;
		}
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += EVERY_S;
		while (reclaim.is_open &&
		       pthread_cond_timedwait(&reclaim.wake, &reclaim.lock, &until) == 0)
			;
		if (!reclaim.is_open)
			break;
		pthread_mutex_unlock(&reclaim.lock);
		has_more = give_back();
		pthread_mutex_lock(&reclaim.lock);
		/* Checked under the lock under which wake sets it: no request meanwhile is lost. */
		atomic_store_explicit(&reclaim.is_awake, has_more || is_worth_it(),
				      memory_order_relaxed);
	}
	pthread_mutex_unlock(&reclaim.lock);
	return NULL;
}

void reclaim_start(void)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&reclaim.wake, &attr);
	pthread_condattr_destroy(&attr);
	reclaim.is_open = true;
}

void reclaim_stop(void)
{
	bool has_thread;

	pthread_mutex_lock(&reclaim.lock);
	has_thread = reclaim.has_thread;
	reclaim.is_open = false;
	reclaim.has_thread = false;
	pthread_cond_signal(&reclaim.wake);
	pthread_mutex_unlock(&reclaim.lock);
	if (has_thread)
		pthread_join(reclaim.thread, NULL);
	atomic_store_explicit(&reclaim.is_awake, false, memory_order_relaxed);
}

/* If the thread cannot start, memory is not given back, and everything else works. */
static void wake(void)
{
	pthread_mutex_lock(&reclaim.lock);
	if (reclaim.is_open && !reclaim.has_thread)
		reclaim.has_thread =
			thread_start(&reclaim.thread, "reclaim", STACK_BYTES, run, NULL, NULL) == 0;
	if (reclaim.has_thread) {
		atomic_store_explicit(&reclaim.is_awake, true, memory_order_relaxed);
		pthread_cond_signal(&reclaim.wake);
	}
	pthread_mutex_unlock(&reclaim.lock);
}

void reclaim_look(void)
{
	if (!atomic_load_explicit(&reclaim.is_awake, memory_order_relaxed) && is_worth_it())
		wake();
}
