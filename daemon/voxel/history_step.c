/*
 * A step keeps three kinds of change. Within an edit, single voxels come first, then blocks; the
 * layer list may change at any time, since it is exchanged as a whole. So undo goes blocks, voxels,
 * list, and redo goes list, voxels, blocks. The same position may occur twice: each direction
 * visits the entries in its own order, so the result is right.
 */
#include "daemon/voxel/history_step.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/voxel/history.h"

int step_add_voxel(struct history_step *s, struct layer *l, const struct voxel *old)
{
	uint32_t heap_count =
		s->voxels_count < STEP_VOXELS_INLINE ? 0 : s->voxels_count - STEP_VOXELS_INLINE;

	if (s->voxels_count >= STEP_VOXELS_INLINE && heap_count == s->voxels_cap) {
		uint32_t cap = s->voxels_cap ? 2 * s->voxels_cap : 28;
		struct voxel *grown =
			budget_realloc(BUDGET_VOXELS, s->voxels, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->voxels = grown;
		s->voxels_cap = cap;
	}
	if (!s->voxels_count) {
		layer_ref(l);
		s->voxels_layer = l;
	}
	*step_voxel(s, s->voxels_count++) = *old;
	return 0;
}

int step_add_block(struct history_step *s, struct layer *l, struct block_pos pos,
		   struct block *block)
{
	if (s->blocks_count == s->blocks_cap) {
		uint32_t cap = s->blocks_cap ? 2 * s->blocks_cap : 8;
		struct kept_block *grown =
			budget_realloc(BUDGET_VOXELS, s->blocks, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		s->blocks = grown;
		s->blocks_cap = cap;
	}
	layer_ref(l);
	if (block)
		block_ref(block);
	s->blocks[s->blocks_count++] = (struct kept_block){ l, pos, block };
	return 0;
}

int step_add_layers(struct history_step *s, const struct document *d)
{
	struct kept_meta *metas =
		budget_malloc(BUDGET_VOXELS, (d->layers_count + 1) * sizeof(*metas));

	if (!metas)
		return -ENOMEM;
	for (size_t i = 0; i < d->layers_count; i++) {
		layer_ref(d->layers[i]);
		metas[i] = (struct kept_meta){ d->layers[i], d->layers[i]->meta };
	}
	s->metas = metas;
	s->metas_count = d->layers_count;
	s->active_id = d->active_id;
	return 0;
}

static void drop_metas(struct kept_meta *metas, size_t count)
{
	for (size_t i = 0; i < count; i++)
		layer_put(metas[i].layer);
	budget_free(metas);
}

/* Exchanges the layer list; allocates everything before it changes anything. */
static int swap_layers(struct history_step *s, struct document *d)
{
	struct history_step now = { 0 };
	struct layer **list;

	if (!s->metas)
		return 0;
	list = malloc((s->metas_count + 1) * sizeof(struct layer *));
	if (!list || step_add_layers(&now, d) < 0) {
		free(list);
		return -ENOMEM;
	}
	for (size_t i = 0; i < s->metas_count; i++) {
		layer_ref(s->metas[i].layer);
		s->metas[i].layer->meta = s->metas[i].meta;
		list[i] = s->metas[i].layer;
	}
	for (size_t i = 0; i < d->layers_count; i++)
		layer_put(d->layers[i]);
	free(d->layers);
	d->layers = list;
	d->layers_count = s->metas_count;
	d->active_id = s->active_id;
	drop_metas(s->metas, s->metas_count);
	s->metas = now.metas;
	s->metas_count = now.metas_count;
	s->active_id = now.active_id;
	return 0;
}

static int swap_voxel(struct history_step *s, uint32_t i)
{
	struct voxel *v = step_voxel(s, i);
	rgba color = v->color;

	return volume_exchange(&s->voxels_layer->volume, v->x, v->y, v->z, color, &v->color);
}

static int swap_block(struct history_step *s, uint32_t i)
{
	struct kept_block *k = &s->blocks[i];

	return volume_swap_block(&k->layer->volume, k->pos, &k->block);
}

typedef int(swap_one)(struct history_step *s, uint32_t i);

/* Swaps entries n - 1 down to 0, or 0 up to n - 1; on failure swaps back those already done. */
static int swap_down(struct history_step *s, uint32_t n, swap_one *swap)
{
	for (uint32_t i = n; i-- > 0;) {
		int rc = swap(s, i);

		if (rc < 0) {
			while (++i < n)
				swap(s, i);
			return rc;
		}
	}
	return 0;
}

static int swap_up(struct history_step *s, uint32_t n, swap_one *swap)
{
	for (uint32_t i = 0; i < n; i++) {
		int rc = swap(s, i);

		if (rc < 0) {
			while (i-- > 0)
				swap(s, i);
			return rc;
		}
	}
	return 0;
}

int step_backward(struct history_step *s, struct document *d)
{
	int rc = swap_down(s, s->blocks_count, swap_block);

	if (rc < 0)
		return rc;
	rc = swap_down(s, s->voxels_count, swap_voxel);
	if (rc < 0) {
		swap_up(s, s->blocks_count, swap_block);
		return rc;
	}
	rc = swap_layers(s, d);
	if (rc < 0) {
		swap_up(s, s->voxels_count, swap_voxel);
		swap_up(s, s->blocks_count, swap_block);
	}
	return rc;
}

int step_forward(struct history_step *s, struct document *d)
{
	int rc = swap_up(s, s->voxels_count, swap_voxel);

	if (rc < 0)
		return rc;
	rc = swap_up(s, s->blocks_count, swap_block);
	if (rc < 0) {
		swap_down(s, s->voxels_count, swap_voxel);
		return rc;
	}
	rc = swap_layers(s, d);
	if (rc < 0) {
		swap_down(s, s->blocks_count, swap_block);
		swap_down(s, s->voxels_count, swap_voxel);
	}
	return rc;
}

void step_clear(struct history_step *s)
{
	layer_put(s->voxels_layer);
	s->voxels_layer = NULL;
	s->voxels_count = 0;
	for (uint32_t i = 0; i < s->blocks_count; i++) {
		block_put(s->blocks[i].block);
		layer_put(s->blocks[i].layer);
	}
	s->blocks_count = 0;
	if (s->blocks_cap > STEP_BLOCKS_KEEP) {
		budget_free(s->blocks);
		s->blocks = NULL;
		s->blocks_cap = 0;
	}
	if (s->metas)
		drop_metas(s->metas, s->metas_count);
	s->metas = NULL;
}

void step_deinit(struct history_step *s)
{
	step_clear(s);
	budget_free(s->voxels);
	budget_free(s->blocks);
}
