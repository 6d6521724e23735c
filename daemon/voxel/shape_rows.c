/*
 * The rows of voxels that a body fills. A row is [p, q], counted outwards from the middle, found by
 * bisection starting at a voxel that is inside whenever any voxel of the row is.
 *
 * Coordinates in a body are doubled, so that centres of voxels and of the body are integers:
 * u = 2 i + 1 - size runs from -(size - 1) to size - 1 in steps of 2.
 * Ellipsoid: sum (u / size)^2 <= limit. The limit is 1, or the least that lets the outermost layer
 * on every axis have a voxel (thin bodies of even size), so that each size comes out exact.
 * Cylinder and cone: the same with two axes; a cone's radius falls linearly with the height.
 * Torus: (rho - ring)^2 + w^2 <= tube^2 without the root: (rho^2 + c)^2 <= 4 ring^2 rho^2.
 */
#include "daemon/voxel/shape_rows.h"

#include <errno.h>
#include <math.h>

#include "daemon/base/budget.h"

/* Rounding of doubles must not lose a voxel that lies exactly on the surface. */
#define EDGE 1e-9

static const struct row row_empty = { 1, 0 };

static double square(const struct body *b, int axis, int32_t i)
{
	double u = (2.0 * i + 1 - b->s->size[axis]) * b->inverse[axis];

	return u * u;
}

static bool is_flat_along(const struct shape *s, int axis)
{
	return (s->kind == SHAPE_CYLINDER || s->kind == SHAPE_CONE) && s->axis == axis;
}

void body_init(struct body *b, const struct shape *s)
{
	*b = (struct body){ .s = s, .limit = 1 };
	b->is_mirrored = !(s->kind == SHAPE_CONE && s->axis == 0);
	b->half_count = b->is_mirrored ? (s->size[0] + 1) / 2 : s->size[0];
	for (int i = 0; i < 3; i++)
		b->inverse[i] = 1.0 / s->size[i];
	for (int i = 0; i < 3; i++)
		if (!is_flat_along(s, i))
			b->least += square(b, i, s->size[i] / 2);
	for (int i = 0; i < 3; i++) {
		double outermost = b->least - square(b, i, s->size[i] / 2) + square(b, i, 0);

		if (!is_flat_along(s, i) && outermost > b->limit)
			b->limit = outermost;
	}
}

/* The limit for the sum of squares of a cone at height k. */
static double cone_limit(const struct body *b, int32_t k)
{
	double part = 1 - k * b->inverse[b->s->axis];
	double limit = b->limit * part * part;

	return limit > b->least ? limit : b->least;
}

static bool torus_has(const struct shape *s, const int32_t at[3])
{
	double tube = s->size[s->axis];
	double ring = s->size[(s->axis + 1) % 3] - tube;
	double rho2 = 0; /* squares in doubled voxels */
	double w2 = 0;
	double sum;

	for (int i = 0; i < 3; i++) {
		double u = 2.0 * at[i] + 1 - s->size[i];

		if (i == s->axis)
			w2 = u * u;
		else
			rho2 += u * u;
	}
	sum = rho2 + ring * ring + w2 - tube * tube;
	return sum <= 0 || sum * sum <= 4 * ring * ring * rho2 * (1 + EDGE);
}

static bool body_has(const struct body *b, const int32_t at[3])
{
	const struct shape *s = b->s;
	double limit = b->limit;
	double sum = 0;

	if (s->kind == SHAPE_BOX)
		return true;
	if (s->kind == SHAPE_TORUS)
		return torus_has(s, at);
	if (s->kind == SHAPE_CONE)
		limit = cone_limit(b, at[s->axis]);
	for (int i = 0; i < 3; i++)
		if (!is_flat_along(s, i))
			sum += square(b, i, at[i]);
	return sum <= limit + EDGE;
}

/* Whether the h-th voxel of the row, counted from the middle, is inside. */
static bool row_has(const struct body *b, int32_t h, int32_t y, int32_t z)
{
	int32_t at[3] = { h, y, z };

	if (b->is_mirrored)
		at[0] += b->s->size[0] / 2;
	return body_has(b, at);
}

/* A voxel of the row that is inside whenever any voxel of it is. */
static int32_t row_anchor(const struct body *b, int32_t y, int32_t z)
{
	const struct shape *s = b->s;
	int other = s->axis == 1 ? 2 : 1;
	double ring;
	double v;
	int32_t h;

	if (s->kind != SHAPE_TORUS || s->axis == 0)
		return 0;
	/* Where the row comes nearest to the ring: u^2 = ring^2 - v^2. */
	ring = s->size[0] - s->size[s->axis];
	v = 2.0 * (other == 1 ? y : z) + 1 - s->size[other];
	if (ring * ring <= v * v)
		return 0;
	h = (int32_t)(sqrt(ring * ring - v * v) / 2);
	if (h >= b->half_count)
		h = b->half_count - 1;
	for (int32_t near = h + 1; near >= h - 1; near--)
		if (near >= 0 && near < b->half_count && row_has(b, near, y, z))
			return near;
	return h;
}

/* Estimates where the row ends from the remaining part of the sum; row_end corrects it. */
static int32_t guess_end(const struct body *b, int32_t y, int32_t z)
{
	const struct shape *s = b->s;
	double room = b->limit;
	double u;

	if (s->kind == SHAPE_TORUS || is_flat_along(s, 0))
		return -1;
	if (s->kind == SHAPE_CONE)
		room = cone_limit(b, s->axis == 1 ? y : z);
	if (!is_flat_along(s, 1))
		room -= square(b, 1, y);
	if (!is_flat_along(s, 2))
		room -= square(b, 2, z);
	u = s->size[0] * sqrt(room > 0 ? room : 0); /* = 2 i + 1 - size, i = size / 2 + h */
	return (int32_t)((u + s->size[0] - 1) / 2) - s->size[0] / 2;
}

/* The last voxel inside, searching from one that is inside. */
static int32_t row_end(const struct body *b, int32_t inside, int32_t y, int32_t z)
{
	int32_t guess = guess_end(b, y, z);
	int32_t outside = b->half_count;

	if (guess > inside && guess < outside) {
		if (row_has(b, guess, y, z))
			inside = guess;
		else
			outside = guess;
	}
	if (inside == guess && guess + 1 < outside && !row_has(b, guess + 1, y, z))
		return guess;
	while (outside - inside > 1) {
		int32_t middle = inside + (outside - inside) / 2;

		if (row_has(b, middle, y, z))
			inside = middle;
		else
			outside = middle;
	}
	return inside;
}

static int32_t row_start(const struct body *b, int32_t inside, int32_t y, int32_t z)
{
	int32_t outside = -1;

	while (inside - outside > 1) {
		int32_t middle = outside + (inside - outside) / 2;

		if (row_has(b, middle, y, z))
			inside = middle;
		else
			outside = middle;
	}
	return inside;
}

static struct row find_row(const struct body *b, int32_t y, int32_t z)
{
	int32_t anchor = row_anchor(b, y, z);

	if (!row_has(b, anchor, y, z))
		return row_empty;
	return (struct row){ row_start(b, anchor, y, z), row_end(b, anchor, y, z) };
}

/* Finds all rows of slice z; they replace the slice that is no longer needed. */
static const struct row *find_slice(struct body *b, int32_t z)
{
	int32_t slot = z % b->slices_count;
	struct row *slice = b->rows + (size_t)slot * (size_t)b->s->size[1];

	if (b->slice_z[slot] != z) {
		b->slice_z[slot] = z;
		for (int32_t y = 0; y < b->s->size[1]; y++)
			slice[y] = find_row(b, y, z);
	}
	return slice;
}

struct row body_row(struct body *b, int32_t y, int32_t z)
{
	if (y < 0 || z < 0 || y >= b->s->size[1] || z >= b->s->size[2])
		return row_empty;
	return b->rows ? find_slice(b, z)[y] : find_row(b, y, z);
}

int body_keep_slices(struct body *b)
{
	size_t count = 2 * (size_t)b->s->thickness + 1;

	b->rows = budget_malloc(BUDGET_WORK, count * (size_t)b->s->size[1] * sizeof(*b->rows));
	b->slice_z = budget_malloc(BUDGET_WORK, count * sizeof(*b->slice_z));
	if (!b->rows || !b->slice_z)
		return -ENOMEM;
	b->slices_count = (int32_t)count;
	for (size_t i = 0; i < count; i++)
		b->slice_z[i] = -1;
	return 0;
}

static void row_cut(struct row *row, struct row by)
{
	row->p = row->p > by.p ? row->p : by.p;
	row->q = row->q < by.q ? row->q : by.q;
}

/* The part of the row deeper than the shell: a convex body needs only the farthest step on each
 * axis. */
struct row body_inner_row(struct body *b, struct row row, int32_t y, int32_t z)
{
	int32_t t = b->s->thickness;
	struct row inner = { row.p ? row.p + t : 0, row.q - t };

	if (!b->is_mirrored)
		inner.p = t;
	for (int32_t k = b->s->kind == SHAPE_TORUS ? 1 : t; k <= t && inner.p <= inner.q; k++) {
		row_cut(&inner, body_row(b, y - k, z));
		row_cut(&inner, body_row(b, y + k, z));
		row_cut(&inner, body_row(b, y, z - k));
		row_cut(&inner, body_row(b, y, z + k));
	}
	return inner;
}

void body_deinit(struct body *b)
{
	budget_free(b->rows);
	budget_free(b->slice_z);
}
