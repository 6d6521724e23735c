/*
 * Writes many voxels in the order of the caller's list. Neighbours in a list mostly lie in one
 * block: such a run of voxels costs one look-up, and no more than that if all of it exists already.
 * In an unordered list every run is one voxel, whose block is in no cache: blocks are then looked
 * up ahead.
 */
#include "daemon/base/cancel.h"
#include "daemon/voxel/volume_hot.h"

enum {
	CHECK_VOXELS = 1024, /* written between two calls of cancel_check */
	GROUP_VOXELS = 128,  /* looked up together */
};

static inline struct block_pos block_pos_at(const struct voxel *v)
{
	return block_pos_of(v->x, v->y, v->z);
}

static inline uint32_t index_at(const struct voxel *v)
{
	return block_index(v->x, v->y, v->z);
}

/* How many of n >= 1 voxels lie in the block of the first. */
static size_t run_length(const struct voxel *voxels, size_t n)
{
	const struct voxel *first = voxels;
	size_t i = 1;

	while (i < n &&
	       ((first->x ^ voxels[i].x) | (first->y ^ voxels[i].y) | (first->z ^ voxels[i].z)) >>
			       BLOCK_BITS ==
		       0)
		i++;
	return i;
}

/* How many of n voxels of one block, counted from the first, exist already with their color. */
static size_t count_unchanged(const struct volume_slot *slot, const struct voxel *voxels, size_t n)
{
	static const struct block nothing;
	const rgba *colors = slot ? slot->block->voxels : nothing.voxels;
	size_t i = 0;

	while (i < n && colors[index_at(&voxels[i])] == rgba_stored(voxels[i].color))
		i++;
	return i;
}

/* Writes n voxels of one block, whose slot is given (NULL: look it up). */
static int set_run(struct volume *v, struct volume_slot *slot, const struct voxel *voxels, size_t n)
{
	struct block_pos pos = block_pos_at(voxels);
	int32_t delta = 0;
	size_t i = 0;

	if (!volume_is_hot(v, pos)) {
		int rc;

		if (!slot)
			slot = table_find(v->table, pos);
		i = count_unchanged(slot, voxels, n);
		if (i == n)
			return 0;
		rc = volume_make_hot(v, pos, slot);
		if (rc < 0)
			return rc;
	}
	for (; i < n; i++) {
		rgba color = rgba_stored(voxels[i].color);
		rgba *at = &v->hot->voxels[index_at(&voxels[i])];

		delta += (color != 0) - (*at != 0);
		*at = color;
	}
	if (delta)
		volume_count_hot(v, delta);
	return 0;
}

/* Writing voxels in no order mostly waits for their blocks, so these are looked up and prefetched a
 * group ahead. */
struct ahead {
	const struct volume_table *table; /* in which the slots were found */
	struct volume_slot *slots[GROUP_VOXELS];
};

static void look_ahead(const struct volume *v, const struct voxel *voxels, size_t n,
		       struct ahead *a)
{
	a->table = v->table;
	for (size_t i = 0; i < n; i++) {
		a->slots[i] = table_find(v->table, block_pos_at(&voxels[i]));
		if (a->slots[i])
			__builtin_prefetch(&a->slots[i]->block->voxels[index_at(&voxels[i])], 1);
	}
}

/* The slot that was looked up; NULL if writes have moved it since. */
static struct volume_slot *slot_ahead(const struct volume *v, const struct ahead *a, size_t i,
				      struct block_pos pos)
{
	struct volume_slot *slot = a->table == v->table ? a->slots[i] : NULL;

	return slot && slot->block && block_pos_eq(slot->pos, pos) ? slot : NULL;
}

/* Writes up to GROUP_VOXELS. *runs_count in: how often the block changed in the previous group;
 * out: in this one. */
static int set_group(struct volume *v, const struct voxel *voxels, size_t n, size_t *runs_count)
{
	bool is_scattered = *runs_count > GROUP_VOXELS / 4;
	struct ahead ahead;

	if (is_scattered)
		look_ahead(v, voxels, n, &ahead);
	*runs_count = 0;
	for (size_t i = 0, run; i < n; i += run) {
		struct volume_slot *slot = NULL;
		int rc;

		run = run_length(&voxels[i], n - i);
		if (is_scattered)
			slot = slot_ahead(v, &ahead, i, block_pos_at(&voxels[i]));
		rc = set_run(v, slot, &voxels[i], run);
		if (rc < 0)
			return rc;
		++*runs_count;
	}
	return 0;
}

int volume_set_many(struct volume *v, const struct voxel *voxels, size_t n)
{
	size_t runs_count = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i += GROUP_VOXELS) {
		size_t count = n - i < GROUP_VOXELS ? n - i : GROUP_VOXELS;

		if (i % CHECK_VOXELS == 0)
			rc = cancel_check();
		if (rc == 0)
			rc = set_group(v, &voxels[i], count, &runs_count);
	}
	return rc;
}
