/*
 * scene.h - a merged volume arranged for rays: a dense grid of block pointers over the content's
 * box.
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

/* A block and which of its 4^3 bricks of 4^3 voxels hold any: bit x + 4 y + 16 z. */
struct scene_cell {
	const struct block *block; /* NULL: none */
	uint64_t bricks;
};

struct scene {
	const struct volume *volume;
	struct box box; /* of the voxels */
	bool is_empty;
	int32_t grid_min[3]; /* in blocks */
	int64_t grid_size[3];
	struct scene_cell *grid; /* [z][y][x]; NULL when the content is too wide */
};

int scene_open(struct scene *s, const struct volume *volume); /* -ENOMEM */
void scene_close(struct scene *s);

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

/* The voxel there; RGBA_NONE when there is none. Any coordinates. */
rgba scene_color(const struct scene *s, int32_t x, int32_t y, int32_t z);

static inline bool scene_is_solid(const struct scene *s, int32_t x, int32_t y, int32_t z)
{
	return scene_color(s, x, y, z) != RGBA_NONE;
}

#endif
