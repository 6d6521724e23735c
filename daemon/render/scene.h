/*
 * scene.h - a merged volume arranged for rays: a dense grid of block pointers over the content's
 * box, and one occupancy bit a voxel for those blocks that are not full.
 *
 * Read-only after scene_open, by any number of threads. The volume must outlive it unchanged (a
 * snapshot's).
 */
#ifndef DAEMON_RENDER_SCENE_H
#define DAEMON_RENDER_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/voxel/box.h"
#include "daemon/voxel/volume.h"

enum {
	/* 32 MiB of pointers; content spread wider than this uses the volume's own hash table. */
	SCENE_GRID_MAX = 1 << 22,
};

struct scene {
	const struct volume *volume;
	struct box box; /* of the voxels */
	bool is_empty;
	int32_t grid_min[3]; /* in blocks */
	int64_t grid_size[3];
	const struct block **grid; /* [z][y][x]; NULL when the content is too wide */
};

int scene_open(struct scene *s, const struct volume *volume); /* -ENOMEM */
void scene_close(struct scene *s);

/* The block there, NULL when none. Coordinates in blocks, inside the box's blocks. */
static inline const struct block *scene_block(const struct scene *s, const int32_t pos[3])
{
	if (!s->grid)
		return volume_find(s->volume, (struct block_pos){ pos[0], pos[1], pos[2] });
	return s->grid[((size_t)(pos[2] - s->grid_min[2]) * (size_t)s->grid_size[1] +
			(size_t)(pos[1] - s->grid_min[1])) *
			       (size_t)s->grid_size[0] +
		       (size_t)(pos[0] - s->grid_min[0])];
}

/* The first voxel a ray meets. */
struct hit {
	int32_t pos[3];
	int axis; /* of the face that was entered */
	int side; /* -1 or +1: where that face looks */
	double t; /* along the ray */
	rgba color;
};

/*
 * Walks the ray's voxels from t_min on. direction need not be unit length. False: nothing met. An
 * eye inside a voxel sees that voxel. Source: J. Amanatides and A. Woo, "A Fast Voxel Traversal
 * Algorithm for Ray Tracing", 1987, on two levels.
 */
bool scene_trace(const struct scene *s, const double origin[3], const double direction[3],
		 double t_min, struct hit *hit);

/* Whether a voxel is there; for shading. Any coordinates. */
bool scene_is_solid(const struct scene *s, int32_t x, int32_t y, int32_t z);

#endif
