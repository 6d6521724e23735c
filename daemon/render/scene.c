/*
 * Rays through sparse blocks: one digital walk over the grid of blocks, and inside each block that
 * exists one over its voxels.
 */
#include "daemon/render/scene.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* One walk over unit cells of a lattice. */
struct walk {
	int64_t cell[3]; /* wide: one step behind the last int32_t cell is counted too */
	int32_t step[3];
	int64_t last[3];  /* the cell behind the last one on each axis */
	double t_next[3]; /* where the ray leaves the cell on each axis */
	double t_cell[3]; /* t it takes to cross one cell */
	int axis;         /* entered through this axis */
};

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
		if (cells > SCENE_GRID_MAX / s->grid_size[i])
			return 0; /* too wide: the volume's own table serves */
		cells *= s->grid_size[i];
	}
	s->grid = calloc((size_t)cells, sizeof(*s->grid));
	if (!s->grid)
		return -ENOMEM;
	while (volume_next(&it)) {
		size_t x = (size_t)(it.pos.x - s->grid_min[0]);
		size_t y = (size_t)(it.pos.y - s->grid_min[1]);
		size_t z = (size_t)(it.pos.z - s->grid_min[2]);

		s->grid[(z * (size_t)s->grid_size[1] + y) * (size_t)s->grid_size[0] + x] = it.block;
	}
	return 0;
}

void scene_close(struct scene *s)
{
	free(s->grid);
	*s = (struct scene){ 0 };
}

bool scene_is_solid(const struct scene *s, int32_t x, int32_t y, int32_t z)
{
	const int32_t pos[3] = { x >> BLOCK_BITS, y >> BLOCK_BITS, z >> BLOCK_BITS };
	const struct block *b;

	if (!box_has(&s->box, x, y, z))
		return false;
	b = scene_block(s, pos);
	return b && b->voxels[block_index(x, y, z)];
}

/* Where the ray is inside the box; false when it never is. *axis: the face it comes through. */
static bool clip(const struct box *box, const double o[3], const double d[3], double *t_in,
		 double *t_out, int *axis)
{
	for (int i = 0; i < 3; i++) {
		double low = ((double)box->min[i] - o[i]) / d[i];
		double high = ((double)box->max[i] + 1 - o[i]) / d[i];

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
 * Puts the walk into the cell of edge `size` that the ray is in at t, kept between low and high
 * against rounding. The cell at which the ray came in through `axis` is known exactly: it is the
 * outermost one.
 */
static void walk_begin(struct walk *w, const double o[3], const double d[3], double t, double size,
		       const int32_t low[3], const int32_t high[3])
{
	for (int i = 0; i < 3; i++) {
		double cell = floor((o[i] + d[i] * t) / size);
		int64_t c = cell < low[i] ? low[i] : cell > high[i] ? high[i] : (int64_t)cell;

		w->cell[i] = c;
		w->step[i] = d[i] > 0 ? 1 : -1;
		w->last[i] = d[i] > 0 ? (int64_t)high[i] + 1 : (int64_t)low[i] - 1;
		w->t_cell[i] = fabs(size / d[i]);
		w->t_next[i] = (((double)c + (d[i] > 0)) * size - o[i]) / d[i];
	}
}

/* To the next cell; false at the end of the lattice. *t becomes where it is entered. */
static inline bool walk_next(struct walk *w, double *t)
{
	int i = w->t_next[0] < w->t_next[1] ? (w->t_next[0] < w->t_next[2] ? 0 : 2)
					    : (w->t_next[1] < w->t_next[2] ? 1 : 2);

	*t = w->t_next[i];
	w->axis = i;
	w->cell[i] += w->step[i];
	w->t_next[i] += w->t_cell[i];
	return w->cell[i] != w->last[i];
}

static bool trace_block(const struct block *b, const struct walk *blocks, const double o[3],
			const double d[3], double t, struct hit *hit)
{
	struct walk w;
	int32_t low[3];
	int32_t high[3];

	for (int i = 0; i < 3; i++) {
		low[i] = (int32_t)(blocks->cell[i] * BLOCK_EDGE);
		high[i] = low[i] + BLOCK_MASK;
	}
	walk_begin(&w, o, d, t, 1, low, high);
	w.axis = blocks->axis;
	do {
		rgba color = b->voxels[block_index((int32_t)w.cell[0], (int32_t)w.cell[1],
						   (int32_t)w.cell[2])];

		if (color) {
			*hit = (struct hit){ { (int32_t)w.cell[0], (int32_t)w.cell[1],
					       (int32_t)w.cell[2] },
					     w.axis,
					     -w.step[w.axis],
					     t,
					     color };
			return true;
		}
	} while (walk_next(&w, &t));
	return false;
}

bool scene_trace(const struct scene *s, const double origin[3], const double direction[3],
		 double t_min, struct hit *hit)
{
	double t = t_min;
	double t_out = INFINITY;
	struct walk w = { .axis = 2 };
	double d[3];
	int32_t low[3];
	int32_t high[3];

	if (s->is_empty)
		return false;
	for (int i = 0; i < 3; i++) {
		/* A tiny slope instead of none keeps every quotient finite and ordered. */
		d[i] = fabs(direction[i]) < 1e-12 ? 1e-12 : direction[i];
		low[i] = s->box.min[i] >> BLOCK_BITS;
		high[i] = s->box.max[i] >> BLOCK_BITS;
	}
	if (!clip(&s->box, origin, d, &t, &t_out, &w.axis))
		return false;
	walk_begin(&w, origin, d, t, BLOCK_EDGE, low, high);
	do {
		const int32_t pos[3] = { (int32_t)w.cell[0], (int32_t)w.cell[1],
					 (int32_t)w.cell[2] };
		const struct block *b = scene_block(s, pos);

		if (b && trace_block(b, &w, origin, d, t, hit))
			return true;
	} while (walk_next(&w, &t) && t < t_out);
	return false;
}
