/*
 * Writes of volumes. A write goes to the hot block: the one written last, which is private to this
 * volume and known to the watch already, so neighbours need no look-up. volume_make_hot does the
 * rest: looks the block up, tells the watch, copies a shared block, adds a missing one.
 */
#include "daemon/voxel/volume.h"

#include <errno.h>

#include "daemon/base/budget.h"
#include "daemon/base/cancel.h"
#include "daemon/voxel/table.h"
#include "daemon/voxel/volume_hot.h"

enum { CHECK_BLOCKS = 64 }; /* blocks of a box, between two calls of cancel_check */

/* Makes the table private, with room for one more block if asked. */
static int own_table(struct volume *v, bool one_more)
{
	struct volume_table *t = v->table;
	struct volume_table *own;

	if (t && table_is_private(t) && (!one_more || table_has_room(t)))
		return 0;
	if (!t)
		own = table_new(TABLE_SLOTS_FIRST);
	else
		own = table_clone(t, one_more && !table_has_room(t) ? 2 * (t->mask + 1) : 0);
	if (!own)
		return -ENOMEM;
	table_put(t);
	v->table = own;
	v->hot = NULL;
	return 0;
}

/* Whether the watch does not know the block yet: it must be told before the block changes. */
static bool is_unknown(const struct volume *v, const struct block *b)
{
	return v->watch && (!b || b->epoch != v->epoch);
}

static int tell(struct volume *v, struct block_pos pos, struct block *b)
{
	return is_unknown(v, b) ? v->watch->before(v->watch, v, pos, b) : 0;
}

/* Puts a new block where none is. Takes over the reference, on failure too. */
static int add_block(struct volume *v, struct block_pos pos, struct block *b)
{
	int rc = 0;

	if (!b)
		return -ENOMEM;
	if (v->budget && v->budget->blocks_count >= v->budget->blocks_max)
		rc = -ENOSPC;
	if (!rc)
		rc = own_table(v, true);
	if (!rc)
		rc = tell(v, pos, NULL);
	if (rc) {
		block_put(b);
		return rc;
	}
	/* A shared block may be at another position too, which the watch does not know. */
	if (v->watch && block_is_private(b))
		b->epoch = v->epoch;
	table_insert(v->table, pos, b);
	v->table->voxels_count += b->solid_count;
	if (v->budget)
		v->budget->blocks_count++;
	return 0;
}

/* Removes the block. The table is private, and the watch has been told. */
static void drop_slot(struct volume *v, struct volume_slot *slot)
{
	struct block *b = slot->block;

	v->table->voxels_count -= b->solid_count;
	if (v->hot == b)
		v->hot = NULL;
	table_remove(v->table, slot);
	block_put(b);
	if (v->budget)
		v->budget->blocks_count--;
}

/* Makes the block in the slot of a private table private, and tells the watch. */
static int own_block(struct volume *v, struct volume_slot *slot)
{
	struct block *own;
	int rc;

	if (!is_unknown(v, slot->block) && block_is_private(slot->block))
		return 0;
	own = block_copy(slot->block);
	if (!own)
		return -ENOMEM;
	rc = tell(v, slot->pos, slot->block);
	if (rc < 0) {
		block_put(own);
		return rc;
	}
	if (v->watch)
		own->epoch = v->epoch;
	block_put(slot->block);
	slot->block = own;
	return 0;
}

int volume_make_hot(struct volume *v, struct block_pos pos, struct volume_slot *slot)
{
	int rc;

	if (!slot) {
		struct block *fresh = block_new();

		rc = add_block(v, pos, fresh);
		if (rc < 0)
			return rc;
		v->hot = fresh;
		v->hot_pos = pos;
		return 0;
	}
	if (!table_is_private(v->table)) {
		rc = own_table(v, false);
		if (rc < 0)
			return rc;
		slot = table_find(v->table, pos);
	}
	rc = own_block(v, slot);
	if (rc < 0)
		return rc;
	v->hot = slot->block;
	v->hot_pos = pos;
	return 0;
}

void volume_count_hot(struct volume *v, int32_t delta)
{
	v->hot->solid_count += (uint32_t)delta;
	v->table->voxels_count += (uint64_t)(int64_t)delta;
	if (!v->hot->solid_count)
		drop_slot(v, table_find(v->table, v->hot_pos));
}

static inline rgba put_hot(struct volume *v, uint32_t index, rgba color)
{
	rgba old = v->hot->voxels[index];
	int32_t delta = (color != 0) - (old != 0);

	v->hot->voxels[index] = color;
	if (delta)
		volume_count_hot(v, delta);
	return old;
}

int volume_exchange(struct volume *v, int32_t x, int32_t y, int32_t z, rgba color, rgba *old)
{
	struct block_pos pos = block_pos_of(x, y, z);
	uint32_t index = block_index(x, y, z);

	color = rgba_stored(color);
	if (!volume_is_hot(v, pos)) {
		struct volume_slot *slot = table_find(v->table, pos);
		rgba was = slot ? slot->block->voxels[index] : RGBA_NONE;
		int rc;

		/* A write that changes nothing is skipped. */
		if (was == color) {
			*old = was;
			return 0;
		}
		rc = volume_make_hot(v, pos, slot);
		if (rc < 0)
			return rc;
	}
	*old = put_hot(v, index, color);
	return 0;
}

int volume_set(struct volume *v, int32_t x, int32_t y, int32_t z, rgba color)
{
	rgba old;

	return volume_exchange(v, x, y, z, color, &old);
}

/* Sets n voxels of one row of the hot block. */
static void fill_hot(struct volume *v, uint32_t index, uint32_t n, rgba color)
{
	rgba *row = &v->hot->voxels[index];
	int32_t solid = 0;

	if (n == BLOCK_EDGE) {
		for (uint32_t i = 0; i < BLOCK_EDGE; i++) {
			solid += row[i] != 0;
			row[i] = color;
		}
	} else {
		for (uint32_t i = 0; i < n; i++) {
			solid += row[i] != 0;
			row[i] = color;
		}
	}
	if (color)
		solid -= (int32_t)n;
	if (solid)
		volume_count_hot(v, -solid);
}

int volume_fill_row(struct volume *v, int32_t x0, int32_t x1, int32_t y, int32_t z, rgba color)
{
	color = rgba_stored(color);
	for (int64_t x = x0; x <= x1;) {
		struct block_pos pos = block_pos_of((int32_t)x, y, z);
		int64_t last = x | BLOCK_MASK;

		if (last > x1)
			last = x1;
		if (!volume_is_hot(v, pos)) {
			struct volume_slot *slot = table_find(v->table, pos);
			/* Removing voxels where no block is must not add one. */
			int rc = color || slot ? volume_make_hot(v, pos, slot) : 0;

			if (rc < 0)
				return rc;
		}
		if (volume_is_hot(v, pos))
			fill_hot(v, block_index((int32_t)x, y, z), (uint32_t)(last - x + 1), color);
		x = last + 1;
	}
	return 0;
}

/* Copies those of n colors to a row of the hot block that are voxels. */
static void overlay_hot(struct volume *v, uint32_t index, const rgba *colors, uint32_t n)
{
	rgba *row = &v->hot->voxels[index];
	int32_t added = 0;

	for (uint32_t i = 0; i < n; i++) {
		added += colors[i] && !row[i];
		row[i] = colors[i] ? colors[i] : row[i];
	}
	if (added)
		volume_count_hot(v, added);
}

int volume_overlay_row(struct volume *v, int32_t x, int32_t y, int32_t z, const rgba *colors,
		       uint32_t n)
{
	while (n) {
		struct block_pos pos = block_pos_of(x, y, z);
		uint32_t room = BLOCK_EDGE - ((uint32_t)x & BLOCK_MASK);
		uint32_t part = n < room ? n : room;
		rgba any = 0;

		for (uint32_t i = 0; i < part; i++)
			any |= colors[i];
		if (any && !volume_is_hot(v, pos)) {
			int rc = volume_make_hot(v, pos, table_find(v->table, pos));

			if (rc < 0)
				return rc;
		}
		if (any)
			overlay_hot(v, block_index(x, y, z), colors, part);
		x = (int32_t)(x + (int64_t)part); /* not used again after the last one */
		colors += part;
		n -= part;
	}
	return 0;
}

/* Replaces the whole block at pos by b, which gets one more reference; NULL removes the block. */
static int replace_block(struct volume *v, struct block_pos pos, struct block *b)
{
	struct volume_slot *slot = table_find(v->table, pos);
	struct block *old;
	int rc;

	if (!slot) {
		if (!b)
			return 0;
		block_ref(b);
		return add_block(v, pos, b);
	}
	rc = own_table(v, false);
	if (rc < 0)
		return rc;
	slot = table_find(v->table, pos);
	old = slot->block;
	rc = tell(v, pos, old);
	if (rc < 0)
		return rc;
	if (!b) {
		drop_slot(v, slot);
		return 0;
	}
	block_ref(b);
	v->hot = NULL; /* it may have been the old one */
	v->table->voxels_count += (uint64_t)b->solid_count;
	v->table->voxels_count -= old->solid_count;
	slot->block = b;
	block_put(old);
	return 0;
}

int volume_share_block(struct volume *v, struct block_pos pos, struct block *block)
{
	return replace_block(v, pos, block);
}

static struct block *solid_block(const struct volume *v, rgba color)
{
	struct block *b = block_new();

	if (!b)
		return NULL;
	for (uint32_t i = 0; i < BLOCK_VOXELS; i++)
		b->voxels[i] = color;
	b->solid_count = BLOCK_VOXELS;
	b->epoch = v->watch ? v->epoch : 0;
	return b;
}

static int fill_part(struct volume *v, const struct box *part, rgba color)
{
	for (int32_t z = part->min[2]; z <= part->max[2]; z++) {
		for (int32_t y = part->min[1]; y <= part->max[1]; y++) {
			int rc = volume_fill_row(v, part->min[0], part->max[0], y, z, color);

			if (rc < 0)
				return rc;
			if (y == INT32_MAX)
				break;
		}
		if (z == INT32_MAX)
			break;
	}
	return 0;
}

/* Fills the part of box in the block at pos. *solid (made when first needed) replaces whole blocks:
 * they share it until they are written. */
static int fill_in_block(struct volume *v, const struct box *box, struct block_pos pos, rgba color,
			 struct block **solid)
{
	struct box place = { { pos.x * BLOCK_EDGE, pos.y * BLOCK_EDGE, pos.z * BLOCK_EDGE },
			     { pos.x * BLOCK_EDGE + BLOCK_MASK, pos.y * BLOCK_EDGE + BLOCK_MASK,
			       pos.z * BLOCK_EDGE + BLOCK_MASK } };
	struct box part;

	if (!box_intersect(box, &place, &part))
		return 0;
	if (box_volume(&part) < BLOCK_VOXELS)
		return fill_part(v, &part, color);
	if (color && !*solid) {
		*solid = solid_block(v, color);
		if (!*solid)
			return -ENOMEM;
	}
	return replace_block(v, pos, color ? *solid : NULL);
}

/* Removal visits the blocks that exist, which may be fewer than the box has. */
static int clear_box(struct volume *v, const struct box *box)
{
	struct block *none = NULL;
	struct volume_slot *list;
	unsigned checks = 0;
	uint32_t n;
	int rc = volume_sorted(v, box, &list, &n);

	if (rc < 0)
		return rc;
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		rc = cancel_check_nth(&checks, CHECK_BLOCKS);
		if (rc == 0)
			rc = fill_in_block(v, box, list[i].pos, RGBA_NONE, &none);
	}
	budget_free(list);
	return rc;
}

int volume_fill_box(struct volume *v, const struct box *box, rgba color)
{
	struct block_pos lo = block_pos_of(box->min[0], box->min[1], box->min[2]);
	struct block_pos hi = block_pos_of(box->max[0], box->max[1], box->max[2]);
	struct block *solid = NULL;
	unsigned checks = 0;
	int rc = 0;

	color = rgba_stored(color);
	if (!color)
		return clear_box(v, box);
	for (int32_t z = lo.z; z <= hi.z && rc == 0; z++)
		for (int32_t y = lo.y; y <= hi.y && rc == 0; y++)
			for (int32_t x = lo.x; x <= hi.x && rc == 0; x++) {
				rc = cancel_check_nth(&checks, CHECK_BLOCKS);
				if (rc == 0)
					rc = fill_in_block(v, box, (struct block_pos){ x, y, z },
							   color, &solid);
			}
	block_put(solid);
	return rc;
}

int volume_clear(struct volume *v)
{
	int rc;

	if (!v->table)
		return 0;
	/* The emptied table is kept: putting the blocks back (a roll-back) must not need memory. */
	rc = own_table(v, false);
	for (uint32_t i = 0; rc == 0 && v->watch && i <= v->table->mask; i++) {
		struct volume_slot *slot = &v->table->slots[i];

		if (slot->block)
			rc = tell(v, slot->pos, slot->block);
	}
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i <= v->table->mask; i++) {
		block_put(v->table->slots[i].block);
		v->table->slots[i].block = NULL;
	}
	if (v->budget)
		v->budget->blocks_count -= v->table->blocks_count;
	v->table->blocks_count = 0;
	v->table->voxels_count = 0;
	v->hot = NULL;
	return 0;
}

int volume_swap_block(struct volume *v, struct block_pos pos, struct block **block)
{
	struct volume_slot *slot = table_find(v->table, pos);
	struct block *in = *block;
	int rc;

	if (!slot && !in)
		return 0;
	rc = own_table(v, !slot);
	if (rc < 0)
		return rc;
	v->hot = NULL;
	if (!slot) {
		table_insert(v->table, pos, in);
		v->table->voxels_count += in->solid_count;
		if (v->budget)
			v->budget->blocks_count++;
		*block = NULL;
		return 0;
	}
	slot = table_find(v->table, pos);
	*block = slot->block;
	v->table->voxels_count -= slot->block->solid_count;
	if (!in) {
		table_remove(v->table, slot);
		if (v->budget)
			v->budget->blocks_count--;
		return 0;
	}
	v->table->voxels_count += in->solid_count;
	slot->block = in;
	return 0;
}
