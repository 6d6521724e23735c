/* Volumes: sharing, reading and walking. volume_write.c has the writes. */
#include "daemon/voxel/volume.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/base/budget.h"
#include "daemon/voxel/table.h"

void volume_init(struct volume *v, struct volume_budget *budget)
{
	*v = (struct volume){ .budget = budget };
}

void volume_deinit(struct volume *v)
{
	if (v->budget)
		v->budget->blocks_count -= volume_blocks_count(v);
	table_put(v->table);
	v->table = NULL;
	v->hot = NULL;
}

int volume_share(struct volume *dst, struct volume *src)
{
	uint32_t old_count = volume_blocks_count(dst);
	uint32_t new_count = volume_blocks_count(src);

	assert(!dst->watch);
	if (dst->budget) {
		uint64_t sum = (uint64_t)dst->budget->blocks_count - old_count + new_count;

		if (sum > dst->budget->blocks_max)
			return -ENOSPC;
		dst->budget->blocks_count = (uint32_t)sum;
	}
	/* Its table is no longer private. A frozen source has no hot block and is not written, so
	 * that several readers may share from it at once. */
	if (src->hot)
		src->hot = NULL;
	if (src->table)
		atomic_fetch_add_explicit(&src->table->refs, 1, memory_order_relaxed);
	table_put(dst->table);
	dst->table = src->table;
	dst->hot = NULL;
	return 0;
}

void volume_swap(struct volume *a, struct volume *b)
{
	struct volume_table *t = a->table;

	assert(a->budget == b->budget && !a->watch && !b->watch);
	a->table = b->table;
	b->table = t;
	a->hot = NULL;
	b->hot = NULL;
}

void volume_watch(struct volume *v, struct volume_watch *watch, uint64_t epoch)
{
	assert(epoch > v->epoch);
	v->watch = watch;
	v->epoch = epoch;
	v->hot = NULL; /* so that the next write checks the block's epoch */
}

void volume_unwatch(struct volume *v)
{
	v->watch = NULL;
}

uint64_t volume_bytes(const struct volume *v)
{
	if (!v->table)
		return 0;
	return sizeof(*v->table) + ((uint64_t)v->table->mask + 1) * sizeof(v->table->slots[0]) +
	       v->table->blocks_count * sizeof(struct block);
}

const struct block *volume_find(const struct volume *v, struct block_pos pos)
{
	const struct volume_slot *slot = table_find(v->table, pos);

	return slot ? slot->block : NULL;
}

rgba volume_get(const struct volume *v, int32_t x, int32_t y, int32_t z)
{
	const struct block *b = volume_find(v, block_pos_of(x, y, z));

	return b ? b->voxels[block_index(x, y, z)] : RGBA_NONE;
}

bool volume_next(struct volume_iter *it)
{
	const struct volume_table *t = it->v->table;

	if (!t)
		return false;
	for (; it->slot <= t->mask; it->slot++) {
		if (!t->slots[it->slot].block)
			continue;
		it->pos = t->slots[it->slot].pos;
		it->block = t->slots[it->slot].block;
		it->slot++;
		return true;
	}
	return false;
}

/* The box of a block's voxels within the block, 0..15. The block is not empty. */
static struct box block_box(const struct block *b)
{
	uint32_t xs[BLOCK_EDGE] = { 0 }; /* OR of all colors with that x */
	struct box box = { { BLOCK_EDGE, BLOCK_EDGE, BLOCK_EDGE }, { -1, -1, -1 } };

	if (b->solid_count == BLOCK_VOXELS)
		return (struct box){ { 0, 0, 0 }, { BLOCK_MASK, BLOCK_MASK, BLOCK_MASK } };
	for (int32_t zy = 0; zy < BLOCK_EDGE * BLOCK_EDGE; zy++) {
		int32_t y = zy & BLOCK_MASK;
		int32_t z = zy >> BLOCK_BITS;
		const rgba *row = &b->voxels[block_index(0, y, z)];
		uint32_t any = 0;

		for (int x = 0; x < BLOCK_EDGE; x++) {
			any |= row[x];
			xs[x] |= row[x];
		}
		if (!any)
			continue;
		box.min[1] = y < box.min[1] ? y : box.min[1];
		box.max[1] = y > box.max[1] ? y : box.max[1];
		box.min[2] = z < box.min[2] ? z : box.min[2];
		box.max[2] = z;
	}
	for (int x = 0; x < BLOCK_EDGE; x++) {
		if (!xs[x])
			continue;
		box.min[0] = x < box.min[0] ? x : box.min[0];
		box.max[0] = x;
	}
	return box;
}

/* The box of the blocks' places, from those in the table. */
static struct box places_box(const struct volume *v)
{
	struct volume_iter it = { .v = v };
	struct box box = { { INT32_MAX, INT32_MAX, INT32_MAX },
			   { INT32_MIN, INT32_MIN, INT32_MIN } };

	while (volume_next(&it)) {
		struct box one = { { it.pos.x, it.pos.y, it.pos.z },
				   { it.pos.x, it.pos.y, it.pos.z } };

		box_unite(&box, &one);
	}
	return box;
}

bool volume_box(const struct volume *v, struct box *out)
{
	struct volume_iter it = { .v = v };
	struct box places;
	struct box box = { { INT32_MAX, INT32_MAX, INT32_MAX },
			   { INT32_MIN, INT32_MIN, INT32_MIN } };

	if (!volume_blocks_count(v))
		return false;
	places = places_box(v);
	while (volume_next(&it)) {
		int32_t pos[3] = { it.pos.x, it.pos.y, it.pos.z };
		bool is_outer = false;
		struct box one;

		for (int i = 0; i < 3; i++)
			is_outer |= pos[i] == places.min[i] || pos[i] == places.max[i];
		if (!is_outer)
			continue;
		one = block_box(it.block);
		for (int i = 0; i < 3; i++) {
			one.min[i] += pos[i] * BLOCK_EDGE;
			one.max[i] += pos[i] * BLOCK_EDGE;
		}
		box_unite(&box, &one);
	}
	*out = box;
	return true;
}

static int compare_slots(const void *a, const void *b)
{
	const struct volume_slot *sa = a;
	const struct volume_slot *sb = b;

	if (sa->pos.z != sb->pos.z)
		return sa->pos.z < sb->pos.z ? -1 : 1;
	if (sa->pos.y != sb->pos.y)
		return sa->pos.y < sb->pos.y ? -1 : 1;
	if (sa->pos.x != sb->pos.x)
		return sa->pos.x < sb->pos.x ? -1 : 1;
	return 0;
}

/* Looks up each place of the region: cheaper when the region has fewer places than the table
 * blocks. */
static uint32_t look_up(const struct volume *v, const struct box *places, struct volume_slot *out)
{
	uint32_t n = 0;

	for (int32_t z = places->min[2]; z <= places->max[2]; z++)
		for (int32_t y = places->min[1]; y <= places->max[1]; y++)
			for (int32_t x = places->min[0]; x <= places->max[0]; x++) {
				struct volume_slot *slot =
					table_find(v->table, (struct block_pos){ x, y, z });

				if (slot)
					out[n++] = *slot;
			}
	return n;
}

int volume_sorted(const struct volume *v, const struct box *region, struct volume_slot **out,
		  uint32_t *count)
{
	const struct box all = BOX_ALL;
	uint32_t blocks = volume_blocks_count(v);
	struct volume_iter it = { .v = v };
	struct box places;
	struct volume_slot *list;
	uint32_t n = 0;

	if (!region)
		region = &all;
	for (int i = 0; i < 3; i++) {
		places.min[i] = region->min[i] >> BLOCK_BITS;
		places.max[i] = region->max[i] >> BLOCK_BITS;
	}
	list = budget_malloc(BUDGET_WORK, blocks * sizeof(*list));
	if (!list)
		return -ENOMEM;
	if (box_volume(&places) <= blocks) {
		n = look_up(v, &places, list);
	} else {
		while (volume_next(&it))
			if (box_has(&places, it.pos.x, it.pos.y, it.pos.z))
				list[n++] = v->table->slots[it.slot - 1];
		qsort(list, n, sizeof(*list), compare_slots);
	}
	*out = list;
	*count = n;
	return 0;
}
