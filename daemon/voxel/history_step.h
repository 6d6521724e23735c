/*
 * history_step.h - what one edit changed, and how to exchange it. For history*.c; the journal
 * (daemon/store) reads steps.
 */
#ifndef DAEMON_VOXEL_HISTORY_STEP_H
#define DAEMON_VOXEL_HISTORY_STEP_H

#include "daemon/voxel/document.h"

enum {
	STEP_VOXELS_INLINE = 4,
	STEP_BLOCKS_KEEP = 1024, /* larger arrays are not kept for reuse */
};

struct kept_block {
	struct layer *layer; /* referenced */
	struct block_pos pos;
	struct block *block; /* referenced; NULL: there was none */
};

struct kept_meta {
	struct layer *layer; /* referenced */
	struct layer_meta meta;
};

/* The exchanged-out state: before the edit while done, after it while undone. */
struct history_step {
	const char *label;
	struct layer *voxels_layer; /* of all voxels; referenced; NULL without voxels */
	struct voxel *voxels;       /* heap, kept for reuse; the first few are in `few` */
	uint32_t voxels_count;
	uint32_t voxels_cap; /* of the heap array */
	uint32_t blocks_count;
	uint32_t blocks_cap;
	struct kept_block *blocks;
	struct kept_meta *metas; /* the layer list, bottom first; NULL: it did not change */
	size_t metas_count;
	int32_t active_id;
	struct voxel few[STEP_VOXELS_INLINE];
};

static inline struct voxel *step_voxel(const struct history_step *s, uint32_t i)
{
	return i < STEP_VOXELS_INLINE ? (struct voxel *)&s->few[i]
				      : &s->voxels[i - STEP_VOXELS_INLINE];
}

static inline bool step_is_empty(const struct history_step *s)
{
	return !s->voxels_count && !s->blocks_count && !s->metas;
}

/* Holds nothing but voxels of that layer. */
static inline bool step_is_of_voxels(const struct history_step *s, const struct layer *l)
{
	return s->voxels_layer == l && !s->blocks_count && !s->metas;
}

/* Each adds to the step. -ENOMEM. */
int step_add_voxel(struct history_step *s, struct layer *l, const struct voxel *old);
int step_add_block(struct history_step *s, struct layer *l, struct block_pos pos,
		   struct block *block);
int step_add_layers(struct history_step *s, const struct document *d);

/* Exchanges with the document: backward undoes, forward redoes. -ENOMEM: nothing changed. */
int step_backward(struct history_step *s, struct document *d);
int step_forward(struct history_step *s, struct document *d);

void step_clear(struct history_step *s);  /* drops the contents, keeps small arrays */
void step_deinit(struct history_step *s); /* and the arrays */

#endif
