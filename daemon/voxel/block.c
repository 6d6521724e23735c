/*
 * Blocks and their pool: one list under one lock. The lock is taken once per block made or
 * returned, never per voxel.
 */
#include "daemon/voxel/block.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct {
	pthread_mutex_t lock;
	struct block *head;
	uint64_t pooled_count;
	uint64_t live_count;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Voxels are not initialized. */
static struct block *take(void)
{
	struct block *b;

	pthread_mutex_lock(&pool.lock);
	b = pool.head;
	if (b) {
		pool.head = b->next;
		pool.pooled_count--;
	}
	pool.live_count++;
	pthread_mutex_unlock(&pool.lock);
	if (b)
		return b;
	b = aligned_alloc(alignof(struct block), sizeof(*b));
	if (!b) {
		pthread_mutex_lock(&pool.lock);
		pool.live_count--;
		pthread_mutex_unlock(&pool.lock);
	}
	return b;
}

struct block *block_new(void)
{
	struct block *b = take();

	if (!b)
		return NULL;
	memset(b, 0, sizeof(*b));
	atomic_init(&b->refs, 1);
	return b;
}

struct block *block_copy(const struct block *from)
{
	struct block *b = take();

	if (!b)
		return NULL;
	atomic_init(&b->refs, 1);
	b->solid_count = from->solid_count;
	b->epoch = 0;
	b->next = NULL;
	memcpy(b->voxels, from->voxels, sizeof(b->voxels));
	return b;
}

void block_put(struct block *b)
{
	/* Pairs with itself and with block_is_private: reads before a put happen before reuse. */
	if (!b || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1)
		return;
	pthread_mutex_lock(&pool.lock);
	pool.live_count--;
	if (pool.pooled_count < BLOCK_POOL_MAX) {
		b->next = pool.head;
		pool.head = b;
		pool.pooled_count++;
		b = NULL;
	}
	pthread_mutex_unlock(&pool.lock);
	free(b);
}

void block_usage(struct block_usage *out)
{
	pthread_mutex_lock(&pool.lock);
	out->live_count = pool.live_count;
	out->pooled_count = pool.pooled_count;
	pthread_mutex_unlock(&pool.lock);
}

void block_pool_trim(void)
{
	struct block *head;

	pthread_mutex_lock(&pool.lock);
	head = pool.head;
	pool.head = NULL;
	pool.pooled_count = 0;
	pthread_mutex_unlock(&pool.lock);
	while (head) {
		struct block *next = head->next;

		free(head);
		head = next;
	}
}
