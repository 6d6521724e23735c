#include "daemon/voxel/box.h"

uint64_t box_volume(const struct box *b)
{
	uint64_t area;
	uint64_t volume;

	if (__builtin_mul_overflow((uint64_t)box_size(b, 0), (uint64_t)box_size(b, 1), &area) ||
	    __builtin_mul_overflow(area, (uint64_t)box_size(b, 2), &volume))
		return UINT64_MAX;
	return volume;
}

bool box_intersect(const struct box *a, const struct box *b, struct box *out)
{
	struct box both;

	for (int i = 0; i < 3; i++) {
		both.min[i] = a->min[i] > b->min[i] ? a->min[i] : b->min[i];
		both.max[i] = a->max[i] < b->max[i] ? a->max[i] : b->max[i];
		if (both.min[i] > both.max[i])
			return false;
	}
	*out = both;
	return true;
}

void box_unite(struct box *b, const struct box *o)
{
	for (int i = 0; i < 3; i++) {
		if (o->min[i] < b->min[i])
			b->min[i] = o->min[i];
		if (o->max[i] > b->max[i])
			b->max[i] = o->max[i];
	}
}
