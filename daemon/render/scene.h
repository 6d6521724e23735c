/*
 * scene.h - a merged volume arranged for tracing rays: bit sets of existing voxels, in a dense grid
 * of blocks over the content's box or, where that would be too large, in a tree of blocks.
 *
 * Read-only after scene_open, by any number of threads. The volume (of a snapshot) must outlive it
 * unchanged.
 */
#ifndef DAEMON_RENDER_SCENE_H
#define DAEMON_RENDER_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/voxel/box.h"
#include "daemon/voxel/volume.h"

enum {
	SCENE_GRID_MAX = 1 << 20, /* cells: 32 MiB; content spread wider uses the tree */
	SCENE_BRICK_BITS = 2,
	SCENE_BRICK_EDGE = 1 << SCENE_BRICK_BITS, /* voxels */
	SCENE_BRICKS = 64,                        /* of a block */
};

/* A block. Sets of its 4^3 bricks, and of a brick's 4^3 voxels, are bits at x + 4 y + 16 z. */
struct scene_cell {
	const struct block *block; /* NULL: none */
	const uint64_t *voxels;    /* [SCENE_BRICKS]: for each brick, the voxels that exist */
	uint64_t bricks;           /* those that hold any voxel */
	uint64_t near; /* those that hold one or touch (at least by a corner) one that does */
};

/* A box of cells. Voxel positions in it count from the corner of its lowest cell. */
struct scene_grid {
	const struct scene_cell *cells; /* [z][y][x] */
	int32_t size[3];
	int64_t base[3]; /* the corner, in voxels */
};

struct scene_tree;

struct scene {
	const struct volume *volume;
	struct box box; /* of the voxels */
	bool is_empty;
	/* Extends one block beyond the content on each side. cells NULL: the tree is used. */
	struct scene_grid grid;
	struct scene_tree *tree;
	uint64_t *voxels; /* [blocks][SCENE_BRICKS] of all cells */
};

int scene_open(struct scene *s, const struct volume *volume); /* -ENOMEM, codes of cancel_check */
void scene_close(struct scene *s);                            /* a zeroed one is fine */

/* The voxel there; RGBA_NONE when there is none. Any coordinates. */
rgba scene_color(const struct scene *s, int32_t x, int32_t y, int32_t z);

static inline bool scene_is_solid(const struct scene *s, int32_t x, int32_t y, int32_t z)
{
	return scene_color(s, x, y, z) != RGBA_NONE;
}

/* at: voxels from the grid's corner, inside the grid. */
static inline const struct scene_cell *scene_grid_cell(const struct scene_grid *g,
						       const int32_t at[3])
{
	return &g->cells[((size_t)(at[2] >> BLOCK_BITS) * (size_t)g->size[1] +
			  (size_t)(at[1] >> BLOCK_BITS)) *
				 (size_t)g->size[0] +
			 (size_t)(at[0] >> BLOCK_BITS)];
}

/* The brick of its block. */
static inline unsigned scene_brick(const int32_t at[3])
{
	return (unsigned)((at[0] >> SCENE_BRICK_BITS & 3) | (at[1] >> SCENE_BRICK_BITS & 3) << 2 |
			  (at[2] >> SCENE_BRICK_BITS & 3) << 4);
}

/* The voxel of its brick. */
static inline unsigned scene_bit(const int32_t at[3])
{
	return (unsigned)((at[0] & 3) | (at[1] & 3) << 2 | (at[2] & 3) << 4);
}

/*
 * Takes a set of 4^3 cells, grown by one cell in both directions of an axis, and returns its part
 * in the 4^3 cells that lie `side` (-1, 0, 1) along that axis.
 */
static inline uint64_t scene_grow(uint64_t set, int axis, int side)
{
	static const uint64_t lowest[3] = { 0x1111111111111111u, 0x000f000f000f000fu, 0xffffu };
	unsigned one = 1u << 2 * axis;
	uint64_t low = set & lowest[axis];
	uint64_t high = set & lowest[axis] << 3 * one;

	if (side < 0)
		return low << 3 * one;
	if (side > 0)
		return high >> 3 * one;
	return set | (set & ~high) << one | (set & ~low) >> one;
}

/* The same as scene_color for places inside the grid. */
static inline rgba scene_grid_color(const struct scene_grid *g, const int32_t at[3])
{
	const struct scene_cell *c = scene_grid_cell(g, at);

	return c->block ? c->block->voxels[block_index(at[0], at[1], at[2])] : RGBA_NONE;
}

static inline bool scene_grid_is_solid(const struct scene_grid *g, const int32_t at[3])
{
	const struct scene_cell *c = scene_grid_cell(g, at);

	return c->block && (c->voxels[scene_brick(at)] >> scene_bit(at) & 1);
}

#endif
