/*
 * A ray leaves an empty block or brick in one step: its exit follows from the cell's corner and
 * needs no set-up, unlike a voxel walk. Only inside a brick that holds voxels there is a walk, over
 * the 64 bits of that brick.
 */
#include "daemon/render/trace.h"

#include <math.h>

#include "daemon/render/tree.h"

/* The axis of the smallest value, computed without branches, which would be unpredictable. */
static inline int first_axis(const double t[3])
{
	int axis = t[1] < t[0];
	double least = t[1] < t[0] ? t[1] : t[0];

	return t[2] < least ? 2 : axis;
}

static void begin(struct trace_line *l, const int64_t base[3], const double origin[3],
		  const double direction[3])
{
	for (int i = 0; i < 3; i++) {
		/* A tiny slope instead of 0 keeps every quotient finite and ordered. */
		double d = fabs(direction[i]) < 1e-12 ? 1e-12 : direction[i];

		l->o[i] = origin[i] - (double)base[i];
		l->d[i] = d;
		l->inverse[i] = 1 / d;
	}
}

bool trace_clip(const struct trace_line *l, const double low[3], const double high[3], double *t_in,
		double *t_out, int *axis)
{
	for (int i = 0; i < 3; i++) {
		double a = (low[i] - l->o[i]) * l->inverse[i];
		double b = (high[i] - l->o[i]) * l->inverse[i];
		double in = a < b ? a : b;
		double out = a < b ? b : a;

		if (in > *t_in) {
			*t_in = in;
			*axis = i;
		}
		if (out < *t_out)
			*t_out = out;
	}
	return *t_in < *t_out;
}

static inline int32_t within(double v, int32_t low, int32_t high)
{
	return v > low ? v < high ? (int32_t)v : high : low;
}

/*
 * Leaves the cell of `size` voxels (a power of two) that contains at, to the voxel behind the face
 * that the ray meets first; the other coordinates are clamped to the cell against rounding. Sets *t
 * to the place and *axis to the axis of that face. False: the ray leaves the grid.
 */
static inline void leave(const struct trace_line *l, int32_t size, int32_t at[3], double *t,
			 int *axis)
{
	int32_t base[3];
	double out[3];
	int a;

	for (int i = 0; i < 3; i++) {
		base[i] = at[i] & -size;
		out[i] = (base[i] + (l->d[i] > 0 ? size : 0) - l->o[i]) * l->inverse[i];
	}
	a = first_axis(out);
	*axis = a;
	*t = out[a];
	for (int i = 0; i < 3; i++)
		at[i] = within(l->o[i] + l->d[i] * *t, base[i], base[i] + size - 1);
	at[a] = l->d[a] > 0 ? base[a] + size : base[a] - 1;
}

/* A walk from voxel to voxel. */
struct walk {
	double t_next[3]; /* where the line leaves the voxel on each axis */
	double t_cell[3]; /* t it takes to cross one */
	int32_t step[3];  /* -1 or +1 */
};

static inline void walk_begin(struct walk *w, const struct trace_line *l, const int32_t at[3])
{
	for (int i = 0; i < 3; i++) {
		bool up = l->d[i] > 0;

		w->step[i] = up ? 1 : -1;
		w->t_next[i] = (at[i] + up - l->o[i]) * l->inverse[i];
		w->t_cell[i] = fabs(l->inverse[i]);
	}
}

/* Walks to the first of these voxels in the brick of at; false when the ray leaves the brick. at, t
 * and axis are set for the voxel reached. */
static inline bool walk_brick(struct walk *w, uint64_t voxels, int32_t at[3], double *t, int *axis)
{
	unsigned bit = scene_bit(at);

	while (!(voxels >> bit & 1)) {
		int a = first_axis(w->t_next);
		int32_t from = at[a];

		*t = w->t_next[a];
		*axis = a;
		w->t_next[a] += w->t_cell[a];
		at[a] = from + w->step[a];
		if ((from ^ at[a]) & ~3)
			return false;
		bit += (unsigned)w->step[a] << 2 * a;
	}
	return true;
}

static inline bool is_inside(const struct scene_grid *g, const int32_t at[3], int axis)
{
	return at[axis] >= 0 && at[axis] < g->size[axis] * BLOCK_EDGE;
}

bool trace_grid(const struct scene_grid *g, const struct trace_line *l, int32_t at[3], double t,
		int axis, struct hit *hit)
{
	bool is_walking = false;
	struct walk w;

	do {
		const struct scene_cell *c = scene_grid_cell(g, at);
		unsigned brick = scene_brick(at);

		if (!(c->bricks >> brick & 1)) {
			leave(l, c->block ? SCENE_BRICK_EDGE : BLOCK_EDGE, at, &t, &axis);
			is_walking = false;
			continue;
		}
		if (!is_walking)
			walk_begin(&w, l, at);
		is_walking = true;
		if (!walk_brick(&w, c->voxels[brick], at, &t, &axis))
			continue;
		for (int i = 0; i < 3; i++)
			hit->pos[i] = at[i];
		hit->axis = axis;
		hit->side = l->d[axis] > 0 ? -1 : 1;
		hit->t = t;
		hit->color = c->block->voxels[block_index(at[0], at[1], at[2])];
		return true;
	} while (is_inside(g, at, axis));
	return false;
}

/* Finds where the line is at *t, or where it enters the grid after that; false: never. There is no
 * content at the grid's sides, so the axis need not be known yet. */
static bool enter_grid(const struct scene_grid *g, const struct trace_line *l, double *t,
		       int32_t at[3])
{
	static const double low[3] = { 0, 0, 0 };
	double place[3];
	double high[3];
	double t_out = INFINITY;
	bool is_in = true;
	int axis;

	for (int i = 0; i < 3; i++) {
		place[i] = l->o[i] + l->d[i] * *t;
		high[i] = g->size[i] * BLOCK_EDGE;
		is_in &= place[i] >= 0 && place[i] < high[i];
	}
	if (is_in) {
		for (int i = 0; i < 3; i++)
			at[i] = (int32_t)place[i];
		return true;
	}
	if (!trace_clip(l, low, high, t, &t_out, &axis))
		return false;
	for (int i = 0; i < 3; i++)
		at[i] = within(l->o[i] + l->d[i] * *t, 0, g->size[i] * BLOCK_EDGE - 1);
	return true;
}

bool trace_ray(const struct scene *s, const double origin[3], const double direction[3],
	       double t_min, struct hit *hit)
{
	static const int64_t nowhere[3] = { 0, 0, 0 };
	const struct scene_grid *g = &s->grid;
	struct trace_line l;
	int32_t at[3];

	if (s->is_empty)
		return false;
	begin(&l, g->cells ? g->base : nowhere, origin, direction);
	if (!g->cells)
		return tree_trace(s->tree, &l, t_min, hit);
	if (!enter_grid(g, &l, &t_min, at) || !trace_grid(g, &l, at, t_min, 2, hit))
		return false;
	for (int i = 0; i < 3; i++)
		hit->pos[i] = (int32_t)(hit->pos[i] + g->base[i]);
	return true;
}

/* Every brick near a voxel is in the grid, which is larger than the content. */
double trace_beam(const struct scene *s, const double origin[3], const double direction[3],
		  double t_stop)
{
	const struct scene_grid *g = &s->grid;
	struct trace_line l;
	int32_t at[3];
	double t = 0;
	int axis;

	if (!g->cells)
		return s->is_empty ? INFINITY : 0;
	begin(&l, g->base, origin, direction);
	if (!enter_grid(g, &l, &t, at))
		return INFINITY;
	do {
		const struct scene_cell *c = scene_grid_cell(g, at);

		if (c->near >> scene_brick(at) & 1)
			return t < t_stop ? t : INFINITY;
		leave(&l, c->near ? SCENE_BRICK_EDGE : BLOCK_EDGE, at, &t, &axis);
	} while (is_inside(g, at, axis) && t < t_stop);
	return INFINITY;
}

static uint64_t voxels_at(const struct scene_grid *g, const int32_t at[3])
{
	const struct scene_cell *c = scene_grid_cell(g, at);

	return c->block ? c->voxels[scene_brick(at)] : 0;
}

/* The voxels of the brick of at that exist, or touch (at least by a corner) one that does. The
 * brick must not be at the border of the grid. */
static uint64_t find_near(const struct scene_grid *g, const int32_t at[3])
{
	uint64_t near = 0;

	for (int z = -1; z <= 1; z++) {
		uint64_t layer = 0;

		for (int y = -1; y <= 1; y++) {
			uint64_t row = 0;

			for (int x = -1; x <= 1; x++) {
				const int32_t there[3] = { at[0] + x * SCENE_BRICK_EDGE,
							   at[1] + y * SCENE_BRICK_EDGE,
							   at[2] + z * SCENE_BRICK_EDGE };

				row |= scene_grow(voxels_at(g, there), 0, -x);
			}
			layer |= scene_grow(row, 1, -y);
		}
		near |= scene_grow(layer, 2, -z);
	}
	return near;
}

static uint64_t near_of(const struct scene_grid *g, const struct scene_cell *c, const int32_t at[3],
			struct trace_memory *memory)
{
	uint32_t brick = (uint32_t)(c - g->cells) * SCENE_BRICKS + scene_brick(at);
	struct trace_brick *b = &memory->bricks[brick % TRACE_BRICKS];

	if (b->number != brick + 1)
		*b = (struct trace_brick){ brick + 1, find_near(g, at) };
	return b->near;
}

double trace_thin_beam(const struct scene *s, struct trace_memory *memory, const double origin[3],
		       const double direction[3], const double t_range[2])
{
	const struct scene_grid *g = &s->grid;
	struct trace_line l;
	struct walk w;
	int32_t at[3];
	double t = t_range[0];
	int axis;

	if (!g->cells)
		return s->is_empty ? INFINITY : t;
	begin(&l, g->base, origin, direction);
	if (!enter_grid(g, &l, &t, at))
		return INFINITY;
	do {
		const struct scene_cell *c = scene_grid_cell(g, at);

		if (!(c->near >> scene_brick(at) & 1)) {
			leave(&l, c->near ? SCENE_BRICK_EDGE : BLOCK_EDGE, at, &t, &axis);
			continue;
		}
		walk_begin(&w, &l, at);
		if (walk_brick(&w, near_of(g, c, at, memory), at, &t, &axis))
			return t < t_range[1] ? t : INFINITY;
	} while (is_inside(g, at, axis) && t < t_range[1]);
	return INFINITY;
}
