/*
 * volume.h - an unbounded sparse volume: a hash table of blocks, itself copied on write.
 *
 * volume_share is O(1): both sides hold the same table until one writes. A block that becomes empty
 * leaves the table, so a table holds only blocks with voxels.
 * Coordinates cover all of int32. Writing a transparent color removes the voxel.
 * Threads: one writer, who holds the project's lock; a shared copy may be read by any number of
 * threads through the const functions.
 */
#ifndef DAEMON_VOXEL_VOLUME_H
#define DAEMON_VOXEL_VOLUME_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/voxel/block.h"
#include "daemon/voxel/box.h"
#include "daemon/voxel/rgba.h"

/* A block's place: voxel coordinates shifted right by BLOCK_BITS (arithmetic). */
struct block_pos {
	int32_t x, y, z;
};

struct volume_slot {
	struct block_pos pos;
	uint32_t pad;
	struct block *block; /* NULL: free */
};

struct volume_table {
	_Atomic uint32_t refs;
	uint32_t mask;         /* slots - 1; slots are a power of two */
	uint32_t blocks_count; /* used slots */
	uint64_t voxels_count; /* existing voxels of all blocks */
	struct volume_slot slots[];
};

/* How many blocks the layers of one project may have together. */
struct volume_budget {
	uint32_t blocks_count;
	uint32_t blocks_max;
};

/*
 * Called for each block before an edit changes it for the first time; history keeps the old
 * contents this way. block is NULL when there was none; the callee takes its own reference. Returns
 * 0, or a negative errno with which the write fails.
 */
struct volume;
struct volume_watch {
	int (*before)(struct volume_watch *w, struct volume *v, struct block_pos pos,
		      struct block *block);
};

/* Caller-allocated; a zeroed volume is empty and valid. */
struct volume {
	struct volume_table *table;   /* NULL while empty */
	struct volume_budget *budget; /* borrowed; NULL = unbounded */
	struct volume_watch *watch;   /* borrowed; NULL = nobody */
	uint64_t epoch;               /* of the watched edit */
	struct block_pos hot_pos;     /* the block written last ... */
	struct block *hot;            /* ... NULL unless it may be written in place */
};

void volume_init(struct volume *v, struct volume_budget *budget);
void volume_deinit(struct volume *v);

/* dst (initialized) becomes equal to src; keeps its own budget. O(1). -ENOSPC over the budget. */
int volume_share(struct volume *dst, struct volume *src);

/* Exchanges the contents. Budgets and watches are not exchanged, so both volumes must have the
 * same. */
void volume_swap(struct volume *a, struct volume *b);

/*
 * From now until volume_unwatch, the watch is called before the first change of each block. epoch
 * must be greater than every epoch used before on blocks that can get into v (history counts them).
 */
void volume_watch(struct volume *v, struct volume_watch *watch, uint64_t epoch);
void volume_unwatch(struct volume *v);

static inline uint64_t volume_voxels_count(const struct volume *v)
{
	return v->table ? v->table->voxels_count : 0;
}

static inline uint32_t volume_blocks_count(const struct volume *v)
{
	return v->table ? v->table->blocks_count : 0;
}

/* Bytes of blocks and table, shared ones counted in full. */
uint64_t volume_bytes(const struct volume *v);

/* The color at a position; RGBA_NONE when there is no voxel. About 10 ns; use a cursor to scan. */
rgba volume_get(const struct volume *v, int32_t x, int32_t y, int32_t z);

/* The block at that place or NULL. Valid until the next write of v. */
const struct block *volume_find(const struct volume *v, struct block_pos pos);

/*
 * Writes. Return 0, -ENOMEM, -ENOSPC (budget) or what the watch returned; writes of many voxels
 * also return the codes of cancel_check. On error v is unchanged by the single write and partly
 * written by the others (an edit rolls back). Voxels are written in order: of equal positions the
 * last one wins.
 */
int volume_set(struct volume *v, int32_t x, int32_t y, int32_t z, rgba color);
int volume_exchange(struct volume *v, int32_t x, int32_t y, int32_t z, rgba color, rgba *old);
int volume_set_many(struct volume *v, const struct voxel *voxels, size_t n);
int volume_fill_row(struct volume *v, int32_t x0, int32_t x1, int32_t y, int32_t z, rgba color);
int volume_fill_box(struct volume *v, const struct box *box, rgba color);
/* Those of n voxels from x on that exist; the others stay as they are. */
int volume_overlay_row(struct volume *v, int32_t x, int32_t y, int32_t z, const rgba *colors,
		       uint32_t n);
int volume_clear(struct volume *v);

/* Replaces the block at pos by a block of another volume, which is shared until either
 * side writes. */
int volume_share_block(struct volume *v, struct block_pos pos, struct block *block);

/*
 * Puts *block (NULL = none) at pos and returns the previous block in it: both references change
 * owner. For history: the watch is not called, the budget does not refuse. On -ENOMEM *block is
 * untouched.
 */
int volume_swap_block(struct volume *v, struct block_pos pos, struct block **block);

/* The smallest box of all voxels; false when there are none. Cost: O(blocks), plus a scan of the
 * outer blocks. */
bool volume_box(const struct volume *v, struct box *out);

/*
 * Walks the blocks in table order, which depends on the history of writes and is not sorted. v must
 * not be written meanwhile.
 *
 *	struct volume_iter it = { .v = v };
 *	while (volume_next(&it)) use(it.pos, it.block);
 */
struct volume_iter {
	const struct volume *v;
	uint32_t slot; /* private */
	struct block_pos pos;
	const struct block *block;
};
bool volume_next(struct volume_iter *it);

/*
 * Slots of the blocks that touch region (NULL = all), sorted by z, y, x: the order in which replies
 * list voxels. Free *out with budget_free. -ENOMEM.
 */
int volume_sorted(const struct volume *v, const struct box *region, struct volume_slot **out,
		  uint32_t *count);

/* Reads neighbouring voxels fast by remembering the last block. Caller-allocated; v must not be
 * written. */
struct cursor {
	const struct volume *v;
	struct block_pos pos;
	const struct block *block; /* NULL: there is none */
	bool is_set;
};

static inline rgba cursor_get(struct cursor *c, int32_t x, int32_t y, int32_t z)
{
	struct block_pos p = { x >> BLOCK_BITS, y >> BLOCK_BITS, z >> BLOCK_BITS };

	if (!c->is_set || p.x != c->pos.x || p.y != c->pos.y || p.z != c->pos.z) {
		c->pos = p;
		c->block = volume_find(c->v, p);
		c->is_set = true;
	}
	return c->block ? c->block->voxels[block_index(x, y, z)] : RGBA_NONE;
}

#endif
