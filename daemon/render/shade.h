/*
 * shade.h - the color of a point that a ray met: the voxel's color, lit by the direction of the
 * face, and darkened by neighbouring voxels (ambient occlusion) and by voxels between it and the
 * light (shadow).
 *
 * A face towards the light keeps the voxel's exact color; everything else only darkens.
 */
#ifndef DAEMON_RENDER_SHADE_H
#define DAEMON_RENDER_SHADE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/render/scene.h"
#include "daemon/render/trace.h"
#include "daemon/render/view.h"

struct shading {
	bool is_flat; /* plain voxel colors */
	bool occlusion;
	bool shadow;
	double to_light[3]; /* unit length, world */
	double lit[3][2];   /* [axis][looks up it]: the light on a face, at most 1 */
};

/* Sets to_light and lit. The light comes from above the viewer's left shoulder, so that the three
 * visible faces of a box differ in every view. */
void shading_light_from(struct shading *sh, const struct view *v);

enum { SHADE_FACES = 1024 }; /* 16 KiB: fits the L1 cache, enough for a few rows */

/* A face whose corners are known. */
struct shade_face {
	int32_t pos[3];
	uint8_t face;    /* axis * 2 + (looks up its axis) + 1; 0: empty entry */
	uint8_t corners; /* two bits each: 0 open .. 3 closed */
};

/* Working memory of one thread for one picture; zeroed at first. Pixels of the same face are drawn
 * one after another, so its surroundings are looked up once. */
struct shade_memory {
	struct shade_face faces[SHADE_FACES];
};

rgba shade_hit(const struct shading *sh, const struct scene *s, struct shade_memory *memory,
	       const struct hit *hit, const double origin[3], const double direction[3]);

#endif
