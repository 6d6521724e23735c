/*
 * shade.h - the color of a point that a ray met: its voxel's color, lit by where the face looks, by
 * what stands near the corner (ambient occlusion) and by what stands between it and the light
 * (shadow).
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
	double lit[3][2];   /* [axis][looks up it]: the light that a face gets, 1 at most */
};

/* Sets to_light and lit: light from above the viewer's left shoulder, so that three faces of a box
 * differ in any view. */
void shading_light_from(struct shading *sh, const struct view *v);

enum { SHADE_FACES = 1024 }; /* 16 KiB: stays in the first cache, a few rows of a picture */

/* A face whose corners are known. */
struct shade_face {
	int32_t pos[3];
	uint8_t face;    /* axis * 2 + (looks up its axis) + 1; 0: none is kept here */
	uint8_t corners; /* two bits each: 0 open .. 3 closed */
};

/* One thread's working memory for one picture; zeroed at first. The pixels of a face lie next to
 * each other, so that what surrounds it is looked up once. */
struct shade_memory {
	struct shade_face faces[SHADE_FACES];
};

rgba shade_hit(const struct shading *sh, const struct scene *s, struct shade_memory *memory,
	       const struct hit *hit, const double origin[3], const double direction[3]);

#endif
