/*
 * shapes.h - solid and hollow bodies, rasterized row by row.
 *
 * A voxel belongs to a body when its centre does. Every size is exact: the box of the drawn voxels
 * is the box asked for (shape_box), for odd and even sizes. Hollow bodies keep the voxels from
 * which `thickness` steps along some axis lead outside, so the shell has no holes.
 */
#ifndef DAEMON_VOXEL_SHAPES_H
#define DAEMON_VOXEL_SHAPES_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/voxel/volume.h"

enum shape_kind {
	SHAPE_BOX,
	SHAPE_SPHERE, /* of unequal sizes: an ellipsoid */
	SHAPE_ELLIPSOID,
	SHAPE_CYLINDER,
	SHAPE_CONE,  /* its base at the low end of the axis */
	SHAPE_TORUS, /* sizes across the axis: outer diameter, equal; along it: the tube's, not
			larger */
	SHAPE_LINE,  /* from `from` to `to`, both included */
	SHAPE_COUNT,
};

enum {
	SHAPE_SIZE_MAX = 4096,
	SHAPE_THICKNESS_MAX = 64,
};

struct shape {
	enum shape_kind kind;
	int32_t size[3]; /* voxels, 1..SHAPE_SIZE_MAX */
	int32_t min[3];  /* minimum corner of its box */
	int axis;        /* of cylinder, cone, torus: 0 x, 1 y, 2 z */
	bool hollow;
	int thickness;          /* of the shell, 1..SHAPE_THICKNESS_MAX; used when hollow */
	int32_t from[3], to[3]; /* of a line */
};

/* Names are "cube", "box", "sphere", ... in lower case; -ENOENT. */
int shape_kind_find(struct span name, enum shape_kind *out);
const char *shape_kind_name(enum shape_kind kind);

/* Sets the minimum corner so that the body's box is centred on centre: centre - size / 2. -ERANGE
 * when the box exceeds int32. */
int shape_centre(struct shape *s, const int32_t centre[3]);

/* The box that the shape will fill. -EINVAL: sizes or thickness out of range, or not a valid torus;
 * -ERANGE. */
int shape_box(const struct shape *s, struct box *out);

/*
 * Draws the shape into v (color RGBA_NONE removes). *count = voxels of the body, including those
 * that already had the color; for a removal, the voxels removed. Errors: those of shape_box and of
 * volume writes. Cost: about 1 ns per voxel for solid bodies.
 */
int shape_draw(struct volume *v, const struct shape *s, rgba color, uint64_t *count);

#endif
