/*
 * slots.h - one block of memory per thread, listed so that a reader can sum over all of them.
 *
 * A block outlives its thread: it stays in the list with its contents, and a later thread takes it
 * over. So sums never shrink, and the list is as long as the highest number of simultaneous
 * threads.
 */
#ifndef DAEMON_TELEMETRY_SLOTS_H
#define DAEMON_TELEMETRY_SLOTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* First member of every block. */
struct slot {
	struct slot *next;     /* set once, before the block is listed */
	_Atomic bool is_taken; /* a living thread owns it */
};

struct slots {
	size_t size;          /* of a block, a multiple of 64 */
	void (*forget)(void); /* clears the dying thread's own pointer to its block */
	struct slot *_Atomic first;
	pthread_mutex_t lock; /* guards what follows */
	pthread_key_t key;
	bool has_key;
};

#define SLOTS_INIT(bytes, forget_fn)                                                      \
	{                                                                                 \
		.size = (bytes), .forget = (forget_fn), .lock = PTHREAD_MUTEX_INITIALIZER \
	}

/* The calling thread's block, zeroed if new; NULL when out of memory. */
struct slot *slots_take(struct slots *list);

/* Walks the list; blocks are never removed. */
static inline struct slot *slots_first(struct slots *list)
{
	return atomic_load_explicit(&list->first, memory_order_acquire);
}

#endif
