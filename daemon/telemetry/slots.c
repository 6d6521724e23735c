#include "daemon/telemetry/slots.h"

#include <stdlib.h>
#include <string.h>

/* The value of the thread-specific key; the destructor needs both members. */
struct slot_owner {
	struct slots *list;
	struct slot *slot;
};

static void owner_gone(void *arg)
{
	struct slot_owner *owner = arg;

	owner->list->forget();
	/* Pairs with the acquire of take_over: the next owner sees what this one wrote. */
	atomic_store_explicit(&owner->slot->is_taken, false, memory_order_release);
	free(owner);
}

static struct slot *take_over(struct slots *list)
{
	for (struct slot *slot = slots_first(list); slot; slot = slot->next) {
		bool is_taken = false;

		if (atomic_compare_exchange_strong_explicit(&slot->is_taken, &is_taken, true,
							    memory_order_acquire,
							    memory_order_relaxed))
			return slot;
	}
	return NULL;
}

static struct slot *add_new(struct slots *list)
{
	struct slot *slot = aligned_alloc(64, list->size);

	if (!slot)
		return NULL;
	memset(slot, 0, list->size);
	atomic_init(&slot->is_taken, true);
	slot->next = atomic_load_explicit(&list->first, memory_order_relaxed);
	/* Pairs with the acquire of slots_first: a walker sees the zeroed block. */
	atomic_store_explicit(&list->first, slot, memory_order_release);
	return slot;
}

struct slot *slots_take(struct slots *list)
{
	struct slot_owner *owner = malloc(sizeof(*owner));
	struct slot *slot = NULL;

	if (!owner)
		return NULL;
	pthread_mutex_lock(&list->lock);
	if (!list->has_key)
		list->has_key = pthread_key_create(&list->key, owner_gone) == 0;
	slot = take_over(list);
	if (!slot)
		slot = add_new(list);
	pthread_mutex_unlock(&list->lock);
	*owner = (struct slot_owner){ list, slot };
	/* Without a key the block stays with this thread after its end. */
	if (!slot || !list->has_key || pthread_setspecific(list->key, owner) != 0)
		free(owner);
	return slot;
}
