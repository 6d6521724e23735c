/*
 * queue_lock.h - shared by the two queues with a lock: a mutex, a condition variable and its
 * waiters. Private to daemon/queue.
 */
#ifndef DAEMON_QUEUE_QUEUE_LOCK_H
#define DAEMON_QUEUE_QUEUE_LOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Every field is read and written with `lock` held. */
struct queue_lock {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t count;   /* number of items, maintained by the queue */
	size_t waiters; /* threads that sleep on `changed` */
	bool is_shut;   /* queue_lock_shut was called: threads do not sleep any more */
};

void queue_lock_init(struct queue_lock *l);
void queue_lock_deinit(struct queue_lock *l);

static inline void queue_lock_enter(struct queue_lock *l)
{
	pthread_mutex_lock(&l->lock);
}

static inline void queue_lock_leave(struct queue_lock *l)
{
	pthread_mutex_unlock(&l->lock);
}

/* Unlocks after adding items, and wakes as many sleepers. */
void queue_lock_leave_signalling(struct queue_lock *l, size_t added);

/* Implements wait and wake of queue.h. */
bool queue_lock_wait(struct queue_lock *l, uint64_t timeout_ns);
void queue_lock_shut(struct queue_lock *l);
size_t queue_lock_count(struct queue_lock *l);

#endif
