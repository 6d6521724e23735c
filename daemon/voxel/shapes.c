/*
 * Bodies row by row, x along the row. A body is symmetric about the middle of its rows (all but a
 * cone that lies along x), and what it has of the outer half of a row is one interval, even of a
 * torus; so a row is [p, q] counted from the middle outwards, found by bisection from a voxel that
 * is inside if any is.
 *
 * Inside a body everything is doubled, so that centres of voxels and of the body are integers:
 * u = 2 i + 1 - size runs from -(size - 1) to size - 1 in steps of 2.
 * Ellipsoid: sum (u / size)^2 <= limit. The limit is 1, or the least that lets the outermost layer
 * on every axis have a voxel (thin bodies of even size), so that each size comes out exact.
 * Cylinder and cone: the same with two axes; a cone's radius falls linearly with the height.
 * Torus: (rho - ring)^2 + w^2 <= tube^2 without the root: (rho^2 + c)^2 <= 4 ring^2 rho^2.
 */
#include "daemon/voxel/shapes.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* Rounding of doubles must not lose a voxel that lies exactly on the surface. */
#define EDGE 1e-9

static const char *const kind_names[SHAPE_COUNT] = {
	[SHAPE_BOX] = "box",           [SHAPE_SPHERE] = "sphere", [SHAPE_ELLIPSOID] = "ellipsoid",
	[SHAPE_CYLINDER] = "cylinder", [SHAPE_CONE] = "cone",     [SHAPE_TORUS] = "torus",
	[SHAPE_LINE] = "line",
};

/* Voxels p..q, counted from the middle (or the start, if not mirrored); empty when p > q. */
struct row {
	int32_t p;
	int32_t q;
};

/* What is the same for all voxels. */
struct body {
	const struct shape *s;
	double inverse[3]; /* 1 / size */
	double limit;      /* of the sum of squares */
	double least;      /* the smallest sum any voxel can have: a cross-section is never empty */
	bool is_mirrored;
	int32_t half_count; /* voxels from the middle to the end of a row */
	struct row *rows;   /* [slices_count][size y], kept ones; NULL: none are kept */
	int32_t *slice_z;   /* [slices_count], -1 = empty */
	int32_t slices_count;
};

static const struct row row_empty = { 1, 0 };

int shape_kind_find(struct span name, enum shape_kind *out)
{
	if (span_is(name, "cube")) {
		*out = SHAPE_BOX;
		return 0;
	}
	for (int i = 0; i < SHAPE_COUNT; i++) {
		if (span_is(name, kind_names[i])) {
			*out = (enum shape_kind)i;
			return 0;
		}
	}
	return -ENOENT;
}

const char *shape_kind_name(enum shape_kind kind)
{
	return kind_names[kind];
}

int shape_centre(struct shape *s, const int32_t centre[3])
{
	for (int i = 0; i < 3; i++)
		if (__builtin_sub_overflow(centre[i], s->size[i] / 2, &s->min[i]))
			return -ERANGE;
	return 0;
}

static int line_box(const struct shape *s, struct box *out)
{
	for (int i = 0; i < 3; i++) {
		out->min[i] = s->from[i] < s->to[i] ? s->from[i] : s->to[i];
		out->max[i] = s->from[i] < s->to[i] ? s->to[i] : s->from[i];
		if (box_size(out, i) > SHAPE_SIZE_MAX)
			return -EINVAL;
	}
	return 0;
}

/* The tube goes round in a circle and fits into it. */
static int torus_check(const struct shape *s)
{
	int32_t across = s->size[(s->axis + 1) % 3];

	return across == s->size[(s->axis + 2) % 3] && s->size[s->axis] <= across ? 0 : -EINVAL;
}

int shape_box(const struct shape *s, struct box *out)
{
	if (s->kind == SHAPE_LINE)
		return line_box(s, out);
	if (s->hollow && (s->thickness < 1 || s->thickness > SHAPE_THICKNESS_MAX))
		return -EINVAL;
	if (s->axis < 0 || s->axis > 2)
		return -EINVAL;
	for (int i = 0; i < 3; i++) {
		if (s->size[i] < 1 || s->size[i] > SHAPE_SIZE_MAX)
			return -EINVAL;
		out->min[i] = s->min[i];
		if (__builtin_add_overflow(s->min[i], s->size[i] - 1, &out->max[i]))
			return -ERANGE;
	}
	return s->kind == SHAPE_TORUS ? torus_check(s) : 0;
}

static double square(const struct body *b, int axis, int32_t i)
{
	double u = (2.0 * i + 1 - b->s->size[axis]) * b->inverse[axis];

	return u * u;
}

static bool is_flat_along(const struct shape *s, int axis)
{
	return (s->kind == SHAPE_CYLINDER || s->kind == SHAPE_CONE) && s->axis == axis;
}

static void body_init(struct body *b, const struct shape *s)
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

/* Sum of squares that a cone may have at height k. */
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

/* The h-th voxel of the row counted from the middle. */
static bool row_has(const struct body *b, int32_t h, int32_t y, int32_t z)
{
	int32_t at[3] = { h, y, z };

	if (b->is_mirrored)
		at[0] += b->s->size[0] / 2;
	return body_has(b, at);
}

/* A voxel of the row that is inside if any is. */
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

/* About where the row ends: the root of what the row's place leaves; row_end mends it. */
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

/* The last voxel inside, from one that is. */
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

/* Finds all rows of slice z, in the place of the one that is needed no more. */
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

static struct row body_row(struct body *b, int32_t y, int32_t z)
{
	if (y < 0 || z < 0 || y >= b->s->size[1] || z >= b->s->size[2])
		return row_empty;
	return b->rows ? find_slice(b, z)[y] : find_row(b, y, z);
}

/* Shells look at each row again from the rows around it: keeps the slices within reach. */
static int keep_slices(struct body *b)
{
	size_t count = 2 * (size_t)b->s->thickness + 1;

	b->rows = malloc(count * (size_t)b->s->size[1] * sizeof(*b->rows));
	b->slice_z = malloc(count * sizeof(*b->slice_z));
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

/* What lies deeper than the shell: a convex body needs only the farthest step on each axis. */
static struct row inner_row(struct body *b, struct row row, int32_t y, int32_t z)
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

/* Where drawing goes. */
struct pen {
	struct volume *v;
	rgba color;
	struct box clip; /* nothing outside it is drawn or counted */
	uint64_t count;
};

static int pen_span(struct pen *pen, int32_t x0, int32_t x1, int32_t y, int32_t z)
{
	x0 = x0 < pen->clip.min[0] ? pen->clip.min[0] : x0;
	x1 = x1 > pen->clip.max[0] ? pen->clip.max[0] : x1;
	if (x0 > x1)
		return 0;
	pen->count += (uint64_t)((int64_t)x1 - x0 + 1);
	return volume_fill_row(pen->v, x0, x1, y, z, pen->color);
}

/* Voxels p..q of the row from the middle, and their mirror images. */
static int draw_half(struct pen *pen, const struct body *b, struct row row, int32_t y, int32_t z)
{
	const struct shape *s = b->s;
	int32_t middle = s->min[0] + s->size[0] / 2;
	int32_t mirror = s->min[0] + (s->size[0] - 1) / 2;
	int rc;

	if (row.p > row.q)
		return 0;
	if (!b->is_mirrored)
		return pen_span(pen, s->min[0] + row.p, s->min[0] + row.q, y, z);
	if (!row.p)
		return pen_span(pen, mirror - row.q, middle + row.q, y, z);
	rc = pen_span(pen, mirror - row.q, mirror - row.p, y, z);
	return rc < 0 ? rc : pen_span(pen, middle + row.p, middle + row.q, y, z);
}

static int draw_row(struct pen *pen, struct body *b, int32_t j, int32_t k)
{
	int32_t y = b->s->min[1] + j;
	int32_t z = b->s->min[2] + k;
	struct row row = body_row(b, j, k);
	struct row inner = row_empty;
	int rc;

	if (b->s->hollow && row.p <= row.q)
		inner = inner_row(b, row, j, k);
	if (inner.p > inner.q)
		return draw_half(pen, b, row, y, z);
	rc = draw_half(pen, b, (struct row){ row.p, inner.p - 1 }, y, z);
	return rc < 0 ? rc : draw_half(pen, b, (struct row){ inner.q + 1, row.q }, y, z);
}

/* The rows inside the clip, which lies inside the body's box. */
static int draw_rows(struct pen *pen, struct body *b)
{
	int32_t j0 = pen->clip.min[1] - b->s->min[1];
	int32_t j1 = pen->clip.max[1] - b->s->min[1];
	int32_t k0 = pen->clip.min[2] - b->s->min[2];
	int32_t k1 = pen->clip.max[2] - b->s->min[2];

	for (int32_t k = k0; k <= k1; k++) {
		for (int32_t j = j0; j <= j1; j++) {
			int rc = draw_row(pen, b, j, k);

			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

/* Removal goes by the blocks there are: a large body may find few. */
static int remove_body(struct pen *pen, struct body *b, const struct box *box)
{
	struct volume_slot *list;
	uint32_t n;
	int rc = volume_sorted(pen->v, box, &list, &n);

	if (rc < 0)
		return rc;
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		int32_t x = list[i].pos.x * BLOCK_EDGE;
		int32_t y = list[i].pos.y * BLOCK_EDGE;
		int32_t z = list[i].pos.z * BLOCK_EDGE;
		struct box place = { { x, y, z },
				     { x + BLOCK_MASK, y + BLOCK_MASK, z + BLOCK_MASK } };

		if (box_intersect(box, &place, &pen->clip))
			rc = draw_rows(pen, b);
	}
	free(list);
	return rc;
}

static int draw_body(struct pen *pen, const struct shape *s, const struct box *box)
{
	struct body b;
	int rc = 0;

	body_init(&b, s);

	if (!pen->color)
		return remove_body(pen, &b, box);
	if (s->hollow)
		rc = keep_slices(&b);
	if (!rc)
		rc = draw_rows(pen, &b);
	free(b.rows);
	free(b.slice_z);
	return rc;
}

/* One voxel per step along the longest axis, the others rounded to the nearest. */
static int draw_line(struct pen *pen, const struct shape *s)
{
	int64_t d[3];
	int64_t n = 0;

	for (int i = 0; i < 3; i++) {
		d[i] = (int64_t)s->to[i] - s->from[i];
		n = llabs(d[i]) > n ? llabs(d[i]) : n;
	}
	for (int64_t step = 0; step <= n; step++) {
		int32_t at[3];
		int rc;

		for (int i = 0; i < 3; i++) {
			/* round(d * step / n), halves away from the start */
			int64_t moved = n ? (2 * llabs(d[i]) * step + n) / (2 * n) : 0;

			at[i] = (int32_t)(s->from[i] + (d[i] < 0 ? -moved : moved));
		}
		rc = pen_span(pen, at[0], at[0], at[1], at[2]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int shape_draw(struct volume *v, const struct shape *s, rgba color, uint64_t *count)
{
	struct pen pen = { .v = v, .color = rgba_stored(color) };
	struct box box;
	uint64_t before = volume_voxels_count(v);
	int rc = shape_box(s, &box);

	if (rc < 0)
		return rc;
	pen.clip = box;
	if (s->kind == SHAPE_LINE) {
		rc = draw_line(&pen, s);
	} else if (s->kind == SHAPE_BOX && !s->hollow) {
		pen.count = box_volume(&box);
		rc = volume_fill_box(v, &box, color);
	} else {
		rc = draw_body(&pen, s, &box);
	}
	*count = pen.color ? pen.count : before - volume_voxels_count(v);
	return rc;
}
