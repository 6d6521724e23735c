/* table.h - private to daemon/voxel: the hash table of a volume (open addressing, linear probes).
 */
#ifndef DAEMON_VOXEL_TABLE_H
#define DAEMON_VOXEL_TABLE_H

#include "daemon/voxel/volume.h"

enum { TABLE_SLOTS_FIRST = 16 };

static inline bool block_pos_eq(struct block_pos a, struct block_pos b)
{
	return a.x == b.x && a.y == b.y && a.z == b.z;
}

static inline struct block_pos block_pos_of(int32_t x, int32_t y, int32_t z)
{
	return (struct block_pos){ x >> BLOCK_BITS, y >> BLOCK_BITS, z >> BLOCK_BITS };
}

/* The used slot at pos, or NULL. t may be NULL. */
struct volume_slot *table_find(const struct volume_table *t, struct block_pos pos);

/* A table of one reference without blocks; slots is a power of two. NULL when out of memory. */
struct volume_table *table_new(uint32_t slots);
/* A private table with the same blocks (each referenced once more) and at least as many slots. */
struct volume_table *table_clone(const struct volume_table *t, uint32_t slots);
void table_put(struct volume_table *t); /* any thread; NULL is fine */

static inline bool table_is_private(struct volume_table *t)
{
	return atomic_load_explicit(&t->refs, memory_order_acquire) == 1;
}

/* There is room for one more without growing. */
static inline bool table_has_room(const struct volume_table *t)
{
	return 4 * ((uint64_t)t->blocks_count + 1) <= 3 * ((uint64_t)t->mask + 1);
}

/* Takes over the reference. The table must be private and have room, and pos must be free. */
struct volume_slot *table_insert(struct volume_table *t, struct block_pos pos, struct block *block);
/* Empties the slot and hands the block's reference to the caller. May move other slots. */
struct block *table_remove(struct volume_table *t, struct volume_slot *slot);

#endif
