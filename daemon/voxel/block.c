/* Contents and reference counts of blocks; slab.c allocates the memory. */
#include "daemon/voxel/block.h"

#include <string.h>

#include "daemon/voxel/slab.h"

struct block *block_new(void)
{
	bool is_zero;
	struct block *b = slab_take(&is_zero);

	if (!b)
		return NULL;
	/* Fresh memory from the system is already zero; not touching it leaves its pages
	 * unallocated. */
	if (!is_zero)
		memset(b, 0, sizeof(*b));
	atomic_init(&b->refs, 1);
	return b;
}

struct block *block_copy(const struct block *from)
{
	bool is_zero;
	struct block *b = slab_take(&is_zero);

	if (!b)
		return NULL;
	atomic_init(&b->refs, 1);
	b->solid_count = from->solid_count;
	b->epoch = 0;
	memcpy(b->voxels, from->voxels, sizeof(b->voxels));
	return b;
}

void block_put(struct block *b)
{
	/* Pairs with itself and with block_is_private: reads before a put happen before reuse. */
	if (!b || atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) != 1)
		return;
	slab_put(b);
}

void block_usage(struct block_usage *out)
{
	struct slab_usage slabs;

	slab_usage(&slabs);
	*out = (struct block_usage){ slabs.taken_count, slabs.kept_count };
}

size_t block_pool_trim(void)
{
	return slab_trim(BLOCK_POOL_MIN) * sizeof(struct block);
}

size_t block_pool_drop(void)
{
	return slab_trim(0) * sizeof(struct block);
}

bool block_pool_rest(void)
{
	return slab_rest();
}
