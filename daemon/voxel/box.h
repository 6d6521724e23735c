/* box.h - boxes of whole voxels. Both ends are inclusive, so that a box can cover all of int32. */
#ifndef DAEMON_VOXEL_BOX_H
#define DAEMON_VOXEL_BOX_H

#include <stdbool.h>
#include <stdint.h>

struct box {
	int32_t min[3]; /* x, y, z; min <= max on each axis */
	int32_t max[3]; /* inclusive */
};

#define BOX_ALL \
	((struct box){ { INT32_MIN, INT32_MIN, INT32_MIN }, { INT32_MAX, INT32_MAX, INT32_MAX } })

static inline bool box_has(const struct box *b, int32_t x, int32_t y, int32_t z)
{
	return x >= b->min[0] && x <= b->max[0] && y >= b->min[1] && y <= b->max[1] &&
	       z >= b->min[2] && z <= b->max[2];
}

/* 1 .. 2^32 */
static inline int64_t box_size(const struct box *b, int axis)
{
	return (int64_t)b->max[axis] - b->min[axis] + 1;
}

/* Voxels in it; UINT64_MAX when there are more. */
uint64_t box_volume(const struct box *b);

/* The common part of both; false when there is none. */
bool box_intersect(const struct box *a, const struct box *b, struct box *out);

/* Extends b so that it also contains o. */
void box_unite(struct box *b, const struct box *o);

#endif
