/*
 * Rays through sparse blocks: one digital walk over the grid of blocks, and inside each block that
 * exists one over its voxels.
 */
#include "daemon/render/scene.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/*
 * A ray in the scene's own coordinates: the corner of the lowest block is the origin, so that every
 * cell number is positive and a cast is a floor.
 */
struct ray {
	double o[3];
	double d[3];
	double inverse[3]; /* 1 / d */
	int32_t step[3];   /* -1 or +1 */
};

/* One walk over the cells of a lattice. */
struct walk {
	int32_t cell[3];
	int32_t left[3];  /* steps until the lattice ends on each axis */
	double t_next[3]; /* where the ray leaves the cell on each axis */
	double t_cell[3]; /* t it takes to cross one cell */
	int axis;         /* the cell was entered through this axis */
};

enum {
	BRICK_BITS = 2,
	BRICK_EDGE = 1 << BRICK_BITS,
	BRICKS_EDGE = BLOCK_EDGE / BRICK_EDGE,
};

static uint64_t bricks_of(const struct block *b)
{
	uint64_t bricks = 0;

	for (int i = 0; i < BLOCK_VOXELS; i++)
		if (b->voxels[i])
			bricks |= 1ull << ((i >> BRICK_BITS & 3) |
					   (i >> (BLOCK_BITS + BRICK_BITS) & 3) << 2 |
					   (i >> (2 * BLOCK_BITS + BRICK_BITS) & 3) << 4);
	return bricks;
}

/* The cell at that place of the grid (0 .. grid_size - 1). */
static inline struct scene_cell cell_at(const struct scene *s, const int32_t c[3])
{
	const struct block *b;

	if (s->grid)
		return s->grid[((size_t)c[2] * (size_t)s->grid_size[1] + (size_t)c[1]) *
				       (size_t)s->grid_size[0] +
			       (size_t)c[0]];
	b = volume_find(s->volume, (struct block_pos){ s->grid_min[0] + c[0], s->grid_min[1] + c[1],
						       s->grid_min[2] + c[2] });
	return (struct scene_cell){ b, UINT64_MAX };
}

int scene_open(struct scene *s, const struct volume *volume)
{
	struct volume_iter it = { .v = volume };
	int64_t cells = 1;

	*s = (struct scene){ .volume = volume };
	s->is_empty = !volume_box(volume, &s->box);
	if (s->is_empty)
		return 0;
	for (int i = 0; i < 3; i++) {
		s->grid_min[i] = s->box.min[i] >> BLOCK_BITS;
		s->grid_size[i] = (int64_t)(s->box.max[i] >> BLOCK_BITS) - s->grid_min[i] + 1;
		if (cells <= SCENE_GRID_MAX)
			cells *= s->grid_size[i]; /* 2^22 times 2^28 at most */
	}
	if (cells > SCENE_GRID_MAX)
		return 0; /* too wide: the volume's own table serves */
	s->grid = calloc((size_t)cells, sizeof(*s->grid));
	if (!s->grid)
		return -ENOMEM;
	while (volume_next(&it)) {
		size_t x = (size_t)(it.pos.x - s->grid_min[0]);
		size_t y = (size_t)(it.pos.y - s->grid_min[1]);
		size_t z = (size_t)(it.pos.z - s->grid_min[2]);

		s->grid[(z * (size_t)s->grid_size[1] + y) * (size_t)s->grid_size[0] + x] =
			(struct scene_cell){ it.block, bricks_of(it.block) };
	}
	return 0;
}

void scene_close(struct scene *s)
{
	free(s->grid);
	*s = (struct scene){ 0 };
}

rgba scene_color(const struct scene *s, int32_t x, int32_t y, int32_t z)
{
	const int32_t cell[3] = { (x >> BLOCK_BITS) - s->grid_min[0],
				  (y >> BLOCK_BITS) - s->grid_min[1],
				  (z >> BLOCK_BITS) - s->grid_min[2] };
	const struct block *b;

	if (s->is_empty || !box_has(&s->box, x, y, z))
		return RGBA_NONE;
	b = cell_at(s, cell).block;
	return b ? b->voxels[block_index(x, y, z)] : RGBA_NONE;
}

static void ray_begin(struct ray *r, const struct scene *s, const double origin[3],
		      const double direction[3])
{
	for (int i = 0; i < 3; i++) {
		/* A tiny slope instead of none keeps every quotient finite and ordered. */
		double d = fabs(direction[i]) < 1e-12 ? 1e-12 : direction[i];

		r->o[i] = origin[i] - (double)s->grid_min[i] * BLOCK_EDGE;
		r->d[i] = d;
		r->inverse[i] = 1 / d;
		r->step[i] = d > 0 ? 1 : -1;
	}
}

/* Where the ray is inside the voxels' box; false when it never is. *axis: the face it comes
 * through. */
static bool clip(const struct scene *s, const struct ray *r, double *t_in, double *t_out, int *axis)
{
	for (int i = 0; i < 3; i++) {
		double base = (double)s->grid_min[i] * BLOCK_EDGE;
		double low = (s->box.min[i] - base - r->o[i]) * r->inverse[i];
		double high = ((double)s->box.max[i] + 1 - base - r->o[i]) * r->inverse[i];

		if (low > high) {
			double swap = low;

			low = high;
			high = swap;
		}
		if (low > *t_in) {
			*t_in = low;
			*axis = i;
		}
		if (high < *t_out)
			*t_out = high;
	}
	return *t_in < *t_out;
}

/*
 * Puts the walk into the cell of edge `size` that the ray is in at t. base is the lattice's corner
 * and count its cells on each axis; the cell is kept inside against rounding.
 */
static inline void walk_begin(struct walk *w, const struct ray *r, double t, double size,
			      const double base[3], const int64_t count[3])
{
	for (int i = 0; i < 3; i++) {
		double o = r->o[i] - base[i];
		double place = (o + r->d[i] * t) * (1 / size);
		int32_t last = (int32_t)count[i] - 1;
		int32_t c = place > 0 ? (place < last ? (int32_t)place : last) : 0;

		w->cell[i] = c;
		w->left[i] = r->step[i] > 0 ? last - c : c;
		w->t_cell[i] = fabs(size * r->inverse[i]);
		w->t_next[i] = ((c + (r->step[i] > 0)) * size - o) * r->inverse[i];
	}
}

/* The axis on which the cell is left first. */
static inline int walk_axis(const struct walk *w)
{
	if (w->t_next[0] < w->t_next[1])
		return w->t_next[0] < w->t_next[2] ? 0 : 2;
	return w->t_next[1] < w->t_next[2] ? 1 : 2;
}

/* To the next cell; false at the end of the lattice. */
static inline bool walk_next(struct walk *w, const struct ray *r, double *t)
{
	int axis = walk_axis(w);

	if (w->left[axis]-- == 0)
		return false;
	*t = w->t_next[axis];
	w->t_next[axis] += w->t_cell[axis];
	w->cell[axis] += r->step[axis];
	w->axis = axis;
	return true;
}

/* What a ray is in: the block, and the corner of that block and of the brick in it. */
struct place {
	const struct scene *scene;
	const struct block *block;
	int32_t block_cell[3];
	double corner[3];
};

/* From where the ray comes into a brick, through axis, to its first voxel there. */
static bool trace_brick(const struct place *in, const struct walk *bricks, const struct ray *r,
			double t, struct hit *hit)
{
	static const int64_t edge[3] = { BRICK_EDGE, BRICK_EDGE, BRICK_EDGE };
	int32_t first[3];
	double corner[3];
	struct walk w;

	for (int i = 0; i < 3; i++) {
		first[i] = bricks->cell[i] * BRICK_EDGE;
		corner[i] = in->corner[i] + first[i];
	}
	walk_begin(&w, r, t, 1, corner, edge);
	w.axis = bricks->axis;
	do {
		rgba color = in->block->voxels[(first[0] + w.cell[0]) |
					       (first[1] + w.cell[1]) << BLOCK_BITS |
					       (first[2] + w.cell[2]) << (2 * BLOCK_BITS)];

		if (!color)
			continue;
		for (int i = 0; i < 3; i++)
			hit->pos[i] =
				(int32_t)(((int64_t)in->scene->grid_min[i] + in->block_cell[i]) *
						  BLOCK_EDGE +
					  first[i] + w.cell[i]);
		hit->axis = w.axis;
		hit->side = -r->step[w.axis];
		hit->t = t;
		hit->color = color;
		return true;
	} while (walk_next(&w, r, &t));
	return false;
}

static bool trace_block(struct place *in, const struct walk *blocks, uint64_t mask,
			const struct ray *r, double t, struct hit *hit)
{
	static const int64_t edge[3] = { BRICKS_EDGE, BRICKS_EDGE, BRICKS_EDGE };
	struct walk w;

	for (int i = 0; i < 3; i++) {
		in->block_cell[i] = blocks->cell[i];
		in->corner[i] = blocks->cell[i] * (double)BLOCK_EDGE;
	}
	walk_begin(&w, r, t, BRICK_EDGE, in->corner, edge);
	w.axis = blocks->axis;
	do {
		if (mask >> (w.cell[0] | w.cell[1] << 2 | w.cell[2] << 4) & 1 &&
		    trace_brick(in, &w, r, t, hit))
			return true;
	} while (walk_next(&w, r, &t));
	return false;
}

bool scene_trace(const struct scene *s, const double origin[3], const double direction[3],
		 double t_min, struct hit *hit)
{
	static const double corner[3] = { 0, 0, 0 };
	struct place in = { .scene = s };
	double t = t_min;
	double t_out = INFINITY;
	struct walk w;
	struct ray r;

	if (s->is_empty)
		return false;
	w.axis = 2;
	ray_begin(&r, s, origin, direction);
	if (!clip(s, &r, &t, &t_out, &w.axis))
		return false;
	walk_begin(&w, &r, t, BLOCK_EDGE, corner, s->grid_size);
	do {
		struct scene_cell c = cell_at(s, w.cell);

		in.block = c.block;
		if (c.block && trace_block(&in, &w, c.bricks, &r, t, hit))
			return true;
	} while (walk_next(&w, &r, &t) && t < t_out);
	return false;
}
