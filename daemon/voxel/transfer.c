/*
 * What transfer.h declares, for the blocks of one volume in turn. Blocks that are needed whole are
 * shared; the others are rebuilt voxel by voxel.
 */
#include "daemon/voxel/transfer.h"

#include <errno.h>

#include "daemon/voxel/analyze.h"

/* ---- choosing --------------------------------------------------------------------- */

struct choosing {
	struct volume *into; /* NULL: only count */
	const struct volume *mask;
	uint64_t count;
	bool is_near; /* by color */
	rgba color;
	rgba tolerance;
	rgba last_color; /* neighbours mostly have equal ones */
	bool is_last_near;
	struct block *solid; /* of masks: one whole block, made when it is needed */
};

static bool is_chosen(struct choosing *c, const struct block *mask, rgba color, uint32_t i)
{
	if (!color || (mask && !mask->voxels[i]))
		return false;
	if (!c->is_near)
		return true;
	if (color != c->last_color) {
		c->last_color = color;
		c->is_last_near = rgba_near(color, c->color, c->tolerance);
	}
	return c->is_last_near;
}

/* Copies the chosen voxels of a block into an empty one (NULL: only counts). Returns how many. */
static uint32_t choose(struct choosing *c, const struct block *from, const struct block *mask,
		       const struct block_part *part, struct block *out)
{
	uint32_t count = 0;

	for (int32_t z = part->lo[2]; z <= part->hi[2]; z++)
		for (int32_t y = part->lo[1]; y <= part->hi[1]; y++) {
			uint32_t row = block_index(0, y, z);

			for (uint32_t i = row + (uint32_t)part->lo[0];
			     i <= row + (uint32_t)part->hi[0]; i++) {
				if (!is_chosen(c, mask, from->voxels[i], i))
					continue;
				count++;
				if (out)
					out->voxels[i] = c->is_near ? RGBA_WHITE : from->voxels[i];
			}
		}
	return count;
}

/* A whole block of one color, made when first needed. NULL when out of memory. */
static struct block *solid_block(struct block **solid, rgba color)
{
	struct block *b = *solid ? *solid : block_new();

	if (!b || *solid)
		return b;
	for (uint32_t i = 0; i < BLOCK_VOXELS; i++)
		b->voxels[i] = color;
	b->solid_count = BLOCK_VOXELS;
	*solid = b;
	return b;
}

/* Adds the chosen voxels of a block; out has these count voxels and stays the caller's. */
static int keep(struct choosing *c, const struct volume_slot *slot, struct block *out,
		uint32_t count)
{
	struct block *b = out;

	if (!count)
		return 0;
	if (c->is_near && count == BLOCK_VOXELS)
		b = solid_block(&c->solid, RGBA_WHITE);
	else if (!c->is_near && count == slot->block->solid_count)
		b = slot->block;
	if (!b)
		return -ENOMEM;
	out->solid_count = count;
	return volume_share_block(c->into, slot->pos, b);
}

static int choose_block(void *arg, const struct volume_slot *slot, const struct block_part *part)
{
	struct choosing *c = arg;
	const struct block *mask = c->mask ? volume_find(c->mask, slot->pos) : NULL;
	struct block *out;
	uint32_t count;
	int rc;

	if (c->mask && !mask)
		return 0;
	if (mask && mask->solid_count == BLOCK_VOXELS)
		mask = NULL;
	if (part->is_whole && !mask && !c->is_near) {
		c->count += slot->block->solid_count;
		return c->into ? volume_share_block(c->into, slot->pos, slot->block) : 0;
	}
	if (!c->into) {
		c->count += choose(c, slot->block, mask, part, NULL);
		return 0;
	}
	out = block_new();
	if (!out)
		return -ENOMEM;
	count = choose(c, slot->block, mask, part, out);
	c->count += count;
	rc = keep(c, slot, out, count);
	block_put(out);
	return rc;
}

int transfer_near(struct volume *into, const struct volume *from, const struct box *box, rgba color,
		  rgba tolerance)
{
	struct choosing c = {
		.into = into, .is_near = true, .color = color, .tolerance = tolerance
	};
	int rc = analyze_blocks(from, box, choose_block, &c);

	block_put(c.solid);
	return rc;
}

int transfer_chosen(struct volume *into, const struct volume *from,
		    const struct transfer_choice *choice)
{
	struct choosing c = { .into = into, .mask = choice->mask };

	return analyze_blocks(from, choice->box, choose_block, &c);
}

int transfer_count(const struct volume *from, const struct transfer_choice *choice, uint64_t *count)
{
	struct choosing c = { .mask = choice->mask };
	int rc = analyze_blocks(from, choice->box, choose_block, &c);

	*count = c.count;
	return rc;
}

/* ---- writing ------------------------------------------------------------------------ */

static struct voxel voxel_of(const struct volume_slot *slot, uint32_t i)
{
	return (struct voxel){ slot->pos.x * BLOCK_EDGE + (int32_t)(i & BLOCK_MASK),
			       slot->pos.y * BLOCK_EDGE + (int32_t)(i >> BLOCK_BITS & BLOCK_MASK),
			       slot->pos.z * BLOCK_EDGE + (int32_t)(i >> 2 * BLOCK_BITS),
			       slot->block->voxels[i] };
}

struct writing {
	struct volume *into;
	const int32_t *delta;
	rgba color;
	struct block *solid; /* of that color */
};

/* Gives every voxel of a block the color. */
static int color_block(void *arg, const struct volume_slot *slot, const struct block_part *part)
{
	struct writing *w = arg;

	(void)part;
	if (slot->block->solid_count == BLOCK_VOXELS) {
		struct block *b = w->color ? solid_block(&w->solid, w->color) : NULL;

		return w->color && !b ? -ENOMEM : volume_share_block(w->into, slot->pos, b);
	}
	for (uint32_t i = 0; i < BLOCK_VOXELS; i++) {
		struct voxel v = voxel_of(slot, i);
		int rc = v.color ? volume_set(w->into, v.x, v.y, v.z, w->color) : 0;

		if (rc < 0)
			return rc;
	}
	return 0;
}

int transfer_color(struct volume *into, const struct volume *mask, rgba color)
{
	struct writing w = { .into = into, .color = rgba_stored(color) };
	int rc = analyze_blocks(mask, NULL, color_block, &w);

	block_put(w.solid);
	return rc;
}

static int remove_block(void *arg, const struct volume_slot *slot, const struct block_part *part)
{
	struct writing *w = arg;
	const struct block *b = volume_find(w->into, slot->pos);

	if (b && b->solid_count == slot->block->solid_count)
		return volume_share_block(w->into, slot->pos, NULL);
	return color_block(arg, slot, part);
}

int transfer_remove(struct volume *v, const struct volume *part)
{
	struct writing w = { .into = v, .color = RGBA_NONE };

	return analyze_blocks(part, NULL, remove_block, &w);
}

static bool shift(const int32_t from[3], const int32_t delta[3], int32_t to[3])
{
	for (int i = 0; i < 3; i++)
		if (__builtin_add_overflow(from[i], delta[i], &to[i]))
			return false;
	return true;
}

/* At the limits of the coordinates, where some voxels of a block may leave them. */
static int move_voxels(struct writing *w, const struct volume_slot *slot)
{
	for (uint32_t i = 0; i < BLOCK_VOXELS; i++) {
		struct voxel v = voxel_of(slot, i);
		int32_t to[3];
		int rc;

		if (!v.color)
			continue;
		if (!shift((int32_t[]){ v.x, v.y, v.z }, w->delta, to))
			return -ERANGE;
		rc = volume_set(w->into, to[0], to[1], to[2], v.color);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int move_rows(struct writing *w, const struct volume_slot *slot, const int32_t to[3])
{
	for (int32_t z = 0; z < BLOCK_EDGE; z++)
		for (int32_t y = 0; y < BLOCK_EDGE; y++) {
			const rgba *row = &slot->block->voxels[block_index(0, y, z)];
			int rc = volume_overlay_row(w->into, to[0], to[1] + y, to[2] + z, row,
						    BLOCK_EDGE);

			if (rc < 0)
				return rc;
		}
	return 0;
}

static int move_block(void *arg, const struct volume_slot *slot, const struct block_part *part)
{
	struct writing *w = arg;
	struct voxel low = voxel_of(slot, 0);
	struct voxel high = voxel_of(slot, BLOCK_VOXELS - 1);
	struct block_pos pos;
	int32_t first[3];
	int32_t last[3];

	(void)part;
	if (!shift((int32_t[]){ low.x, low.y, low.z }, w->delta, first) ||
	    !shift((int32_t[]){ high.x, high.y, high.z }, w->delta, last))
		return move_voxels(w, slot);
	pos = (struct block_pos){ first[0] >> BLOCK_BITS, first[1] >> BLOCK_BITS,
				  first[2] >> BLOCK_BITS };
	if (((first[0] | first[1] | first[2]) & BLOCK_MASK) == 0 &&
	    (slot->block->solid_count == BLOCK_VOXELS || !volume_find(w->into, pos)))
		return volume_share_block(w->into, pos, slot->block);
	return move_rows(w, slot, first);
}

int transfer_moved(struct volume *into, const struct volume *from, const int32_t delta[3])
{
	struct writing w = { .into = into, .delta = delta };

	return analyze_blocks(from, NULL, move_block, &w);
}
