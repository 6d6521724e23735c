/*
 * table.c - a table of its own because every voxel that is read or written is looked up here: the
 * key is three words that stand in the slot, a removed block leaves no mark, and a table is shared
 * between versions of a volume and copied at the first write.
 */
#include "daemon/voxel/table.h"

#include "daemon/base/budget.h"

static uint32_t hash(struct block_pos p)
{
	uint64_t h = (uint64_t)(uint32_t)p.x | (uint64_t)(uint32_t)p.y << 32;

	/* Two rounds of multiply and fold. The constants are odd with well mixed bits: 2^64 divided
	 * by the golden ratio, and PRIME64_2 of xxHash. */
	h = (h ^ (uint64_t)(uint32_t)p.z * 0x9e3779b97f4a7c15ull) * 0xc2b2ae3d27d4eb4full;
	h ^= h >> 29;
	h *= 0x9e3779b97f4a7c15ull;
	return (uint32_t)(h >> 32);
}

struct volume_slot *table_find(const struct volume_table *t, struct block_pos pos)
{
	uint32_t i;

	if (!t)
		return NULL;
	for (i = hash(pos) & t->mask; t->slots[i].block; i = (i + 1) & t->mask)
		if (block_pos_eq(t->slots[i].pos, pos))
			return (struct volume_slot *)&t->slots[i];
	return NULL;
}

struct volume_table *table_new(uint32_t slots)
{
	struct volume_table *t =
		budget_calloc(BUDGET_VOXELS, 1, sizeof(*t) + slots * sizeof(t->slots[0]));

	if (!t)
		return NULL;
	atomic_init(&t->refs, 1);
	t->mask = slots - 1;
	return t;
}

struct volume_table *table_clone(const struct volume_table *t, uint32_t slots)
{
	struct volume_table *clone = table_new(slots > t->mask + 1 ? slots : t->mask + 1);

	if (!clone)
		return NULL;
	for (uint32_t i = 0; i <= t->mask; i++) {
		if (!t->slots[i].block)
			continue;
		block_ref(t->slots[i].block);
		table_insert(clone, t->slots[i].pos, t->slots[i].block);
	}
	clone->voxels_count = t->voxels_count;
	return clone;
}

void table_put(struct volume_table *t)
{
	/* Pairs with table_is_private: the last other holder's reads happen before the writes. */
	if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (uint32_t i = 0; i <= t->mask; i++)
		block_put(t->slots[i].block);
	budget_free(t);
}

struct volume_slot *table_insert(struct volume_table *t, struct block_pos pos, struct block *block)
{
	uint32_t i = hash(pos) & t->mask;

	while (t->slots[i].block)
		i = (i + 1) & t->mask;
	t->slots[i].pos = pos;
	t->slots[i].block = block;
	t->blocks_count++;
	return &t->slots[i];
}

struct block *table_remove(struct volume_table *t, struct volume_slot *slot)
{
	struct block *removed = slot->block;
	uint32_t hole = (uint32_t)(slot - t->slots);

	/* Shifts back each following slot whose hash position is not between the hole and the slot
	 * itself. */
	for (uint32_t i = (hole + 1) & t->mask; t->slots[i].block; i = (i + 1) & t->mask) {
		uint32_t home = hash(t->slots[i].pos) & t->mask;

		if (((i - home) & t->mask) < ((i - hole) & t->mask))
			continue;
		t->slots[hole] = t->slots[i];
		hole = i;
	}
	t->slots[hole].block = NULL;
	t->blocks_count--;
	return removed;
}
