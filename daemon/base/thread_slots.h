/*
 * thread_slots.h - one block of memory per thread, in a list over which a reader can sum.
 *
 * A block outlives its thread: it stays in the list with its contents, and a later thread takes it
 * over. So sums never decrease, and the list is as long as the largest number of threads that were
 * alive at once. (base/alloc_count.c has a registry of its own: it counts malloc, so it cannot call
 * it.)
 */
#ifndef DAEMON_BASE_THREAD_SLOTS_H
#define DAEMON_BASE_THREAD_SLOTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct thread_slots;

/* First member of every block. */
struct thread_slot {
	struct thread_slot *next; /* set once, before the block is in the list */
	struct thread_slots *list;
	_Atomic bool is_taken; /* a living thread owns it */
};

struct thread_slots {
	size_t bytes; /* of a block, a multiple of 64 */
	/* Called in the ending thread, before another may take the block over: clears the thread's
	 * own pointers to it and releases what it holds for that thread alone. */
	void (*on_end)(struct thread_slot *slot);
	struct thread_slot *_Atomic first;
	pthread_mutex_t lock; /* guards what follows */
	pthread_key_t key;
	bool has_key;
};

/* For a list that lives as long as the process. */
#define THREAD_SLOTS_INIT(block_bytes, end_fn)                                                \
	{                                                                                     \
		.bytes = (block_bytes), .on_end = (end_fn), .lock = PTHREAD_MUTEX_INITIALIZER \
	}

/* For other lists. block_bytes is rounded up to 64. Returns 0 or -errno: no more keys. */
int thread_slots_init(struct thread_slots *list, size_t block_bytes,
		      void (*on_end)(struct thread_slot *slot));

/* Frees all blocks. The threads that took one have ended or no longer use the list; on_end is not
 * called for those still alive. */
void thread_slots_deinit(struct thread_slots *list);

/* A block for the calling thread, 64-aligned, and zeroed if it is new; NULL when out of memory. */
struct thread_slot *thread_slots_take(struct thread_slots *list);

/* The block that the calling thread took, or NULL. */
struct thread_slot *thread_slots_mine(struct thread_slots *list);

/* Starts a walk over the list; blocks are never removed. */
static inline struct thread_slot *thread_slots_first(const struct thread_slots *list)
{
	return atomic_load_explicit(&list->first, memory_order_acquire);
}

#endif
