/*
 * Blocks are never removed from the list, so readers need no lock; only threads that look for a
 * block to take over, or add one, take it.
 */
#include "daemon/base/thread_slots.h"

#include <stdlib.h>
#include <string.h>

static void thread_ends(void *arg)
{
	struct thread_slot *slot = arg;

	slot->list->on_end(slot);
	/* Pairs with the acquire of take_over: the next owner sees what this one wrote. */
	atomic_store_explicit(&slot->is_taken, false, memory_order_release);
}

int thread_slots_init(struct thread_slots *list, size_t block_bytes,
		      void (*on_end)(struct thread_slot *slot))
{
	int rc;

	memset(list, 0, sizeof(*list));
	list->bytes = (block_bytes + 63) & ~(size_t)63;
	list->on_end = on_end;
	rc = pthread_key_create(&list->key, thread_ends);
	if (rc)
		return -rc;
	list->has_key = true;
	pthread_mutex_init(&list->lock, NULL);
	return 0;
}

void thread_slots_deinit(struct thread_slots *list)
{
	struct thread_slot *slot = thread_slots_first(list);

	pthread_key_delete(list->key);
	while (slot) {
		struct thread_slot *next = slot->next;

		free(slot);
		slot = next;
	}
	pthread_mutex_destroy(&list->lock);
}

static struct thread_slot *take_over(struct thread_slots *list)
{
	for (struct thread_slot *slot = thread_slots_first(list); slot; slot = slot->next) {
		/* Takers hold the lock, so that nobody else sets it meanwhile. */
		if (!atomic_load_explicit(&slot->is_taken, memory_order_acquire)) {
			atomic_store_explicit(&slot->is_taken, true, memory_order_relaxed);
			return slot;
		}
	}
	return NULL;
}

static struct thread_slot *add_new(struct thread_slots *list)
{
	struct thread_slot *slot = aligned_alloc(64, list->bytes);

	if (!slot)
		return NULL;
	memset(slot, 0, list->bytes);
	atomic_init(&slot->is_taken, true);
	slot->list = list;
	slot->next = atomic_load_explicit(&list->first, memory_order_relaxed);
	/* Pairs with the acquire of thread_slots_first: a walker sees the zeroed block. */
	atomic_store_explicit(&list->first, slot, memory_order_release);
	return slot;
}

struct thread_slot *thread_slots_take(struct thread_slots *list)
{
	struct thread_slot *slot = NULL;

	pthread_mutex_lock(&list->lock);
	if (!list->has_key)
		list->has_key = pthread_key_create(&list->key, thread_ends) == 0;
	if (list->has_key) {
		slot = take_over(list);
		if (!slot)
			slot = add_new(list);
	}
	/* A block that its thread could not return is free for the next one. */
	if (slot && pthread_setspecific(list->key, slot) != 0) {
		atomic_store_explicit(&slot->is_taken, false, memory_order_release);
		slot = NULL;
	}
	pthread_mutex_unlock(&list->lock);
	return slot;
}

struct thread_slot *thread_slots_mine(struct thread_slots *list)
{
	return pthread_getspecific(list->key);
}
