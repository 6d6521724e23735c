#include "daemon/queue/queue_lock.h"

#include <assert.h>
#include <errno.h>

#include "daemon/base/clock.h"

void queue_lock_init(struct queue_lock *l)
{
	pthread_condattr_t attr;

	/* On Linux none of these can fail with these arguments. */
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->changed, &attr);
	pthread_condattr_destroy(&attr);
}

void queue_lock_deinit(struct queue_lock *l)
{
	assert(l->waiters == 0);
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
}

void queue_lock_leave_signalling(struct queue_lock *l, size_t added)
{
	size_t let_go = added < l->waiters ? added : l->waiters;
	bool all = let_go == l->waiters;

	pthread_mutex_unlock(&l->lock);
	if (let_go > 1 && all)
		pthread_cond_broadcast(&l->changed);
	else
		while (let_go--)
			pthread_cond_signal(&l->changed);
}

/* Limits deadlines to a century, which counts as infinite, to avoid overflow. */
static struct timespec deadline_after(uint64_t timeout_ns)
{
	const uint64_t ns_max = 100ull * 365 * 86400 * NSEC_PER_SEC;

	return clock_timespec(clock_ns() + (timeout_ns < ns_max ? timeout_ns : ns_max));
}

bool queue_lock_wait(struct queue_lock *l, uint64_t timeout_ns)
{
	struct timespec deadline;
	bool has_news;
	int rc = 0;

	pthread_mutex_lock(&l->lock);
	if (!l->count && !l->is_shut && timeout_ns) {
		deadline = deadline_after(timeout_ns);
		l->waiters++;
		while (!l->count && !l->is_shut && rc != ETIMEDOUT)
			rc = pthread_cond_timedwait(&l->changed, &l->lock, &deadline);
		l->waiters--;
	}
	has_news = l->count || l->is_shut;
	pthread_mutex_unlock(&l->lock);
	return has_news;
}

void queue_lock_shut(struct queue_lock *l)
{
	pthread_mutex_lock(&l->lock);
	l->is_shut = true;
	pthread_mutex_unlock(&l->lock);
	pthread_cond_broadcast(&l->changed);
}

size_t queue_lock_count(struct queue_lock *l)
{
	size_t count;

	pthread_mutex_lock(&l->lock);
	count = l->count;
	pthread_mutex_unlock(&l->lock);
	return count;
}
