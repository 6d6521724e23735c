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

#include "daemon/render/scene.h"
#include "daemon/render/view.h"

struct shading {
	bool is_flat; /* plain voxel colors */
	bool occlusion;
	bool shadow;
	double to_light[3]; /* unit length, world */
};

/* Light from above the viewer's left shoulder, so that three faces of a box differ in any view. */
void shading_light_from(struct shading *sh, const struct view *v);

rgba shade_hit(const struct shading *sh, const struct scene *s, const struct hit *hit,
	       const double origin[3], const double direction[3]);

#endif
