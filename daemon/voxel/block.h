/*
 * block.h - 16^3 voxels of RGBA8, reference counted, copied on write.
 *
 * A block whose count is 1 belongs to one table and may be written by the thread that holds the
 * lock of that table's project; a block with more holders is frozen. Memory is taken from the
 * budget (base/budget.h) and comes from slabs (slab.h). They keep some returned blocks, so that
 * steady editing makes no system calls.
 */
#ifndef DAEMON_VOXEL_BLOCK_H
#define DAEMON_VOXEL_BLOCK_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/voxel/rgba.h"

enum {
	BLOCK_BITS = 4,
	BLOCK_EDGE = 1 << BLOCK_BITS,
	BLOCK_MASK = BLOCK_EDGE - 1,
	BLOCK_VOXELS = 1 << (3 * BLOCK_BITS),
};

struct block {
	_Atomic uint32_t refs;
	uint32_t solid_count; /* voxels that exist */
	uint64_t epoch;       /* private to volume.c: the edit that recorded it last */
	alignas(64) rgba voxels[BLOCK_VOXELS]; /* [z][y][x], x fastest */
};

/* Index in voxels; only the low four bits of each coordinate count. */
static inline uint32_t block_index(int32_t x, int32_t y, int32_t z)
{
	return ((uint32_t)x & BLOCK_MASK) | ((uint32_t)y & BLOCK_MASK) << BLOCK_BITS |
	       ((uint32_t)z & BLOCK_MASK) << (2 * BLOCK_BITS);
}

/* Returns a block with count 1, empty or with the same voxels. NULL when out of memory or of
 * budget. */
struct block *block_new(void);
struct block *block_copy(const struct block *from);

static inline void block_ref(struct block *b)
{
	atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
}

/* True when the caller is the only holder. Pairs with the release in block_put: what the last
 * other holder read happened before. */
static inline bool block_is_private(struct block *b)
{
	return atomic_load_explicit(&b->refs, memory_order_acquire) == 1;
}

void block_put(struct block *b); /* any thread; NULL is fine */

/* Blocks alive, and blocks kept for reuse, of the whole process. Any thread. */
struct block_usage {
	uint64_t live_count;
	uint64_t pooled_count;
};
void block_usage(struct block_usage *out);

/*
 * Gives blocks that are kept for reuse back to the system: all but BLOCK_POOL_MIN; all of them; or,
 * when called at intervals, those that were not used since the last call. The first two return
 * bytes, the last one whether another call is worthwhile.
 */
enum { BLOCK_POOL_MIN = 256 }; /* 4 MiB */
size_t block_pool_trim(void);
size_t block_pool_drop(void);
bool block_pool_rest(void);

#endif
