/* Draws bodies row by row, x along the row. shape_rows.c says which voxels a row has. */
#include "daemon/voxel/shapes.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/base/budget.h"
#include "daemon/base/cancel.h"
#include "daemon/voxel/shape_rows.h"

static const char *const kind_names[SHAPE_COUNT] = {
	[SHAPE_BOX] = "box",           [SHAPE_SPHERE] = "sphere", [SHAPE_ELLIPSOID] = "ellipsoid",
	[SHAPE_CYLINDER] = "cylinder", [SHAPE_CONE] = "cone",     [SHAPE_TORUS] = "torus",
	[SHAPE_LINE] = "line",
};

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

/* The tube forms a ring and must fit into it. */
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

/* Voxels x0..x1 of the row (y, z). */
struct stretch {
	int32_t x0;
	int32_t x1;
	int32_t y;
	int32_t z;
};

enum {
	LANES_COUNT = 4,
	LANE_ROWS_MAX = BLOCK_EDGE,
	CHECK_DRAWN = 8, /* drawn lane groups between two calls of cancel_check */
};

/*
 * The target of drawing. A row of a shell has up to four stretches, far apart. They are collected
 * for as many rows as a block has and then drawn lane by lane, so that one block is written at a
 * time.
 */
struct pen {
	struct volume *v;
	rgba color;
	struct box clip; /* nothing outside it is drawn or counted */
	uint64_t count;
	struct stretch lanes[LANES_COUNT][LANE_ROWS_MAX];
	uint32_t lane_counts[LANES_COUNT];
	unsigned checks;
};

static int draw_stretch(struct pen *pen, const struct stretch *s)
{
	int32_t x0 = s->x0 < pen->clip.min[0] ? pen->clip.min[0] : s->x0;
	int32_t x1 = s->x1 > pen->clip.max[0] ? pen->clip.max[0] : s->x1;

	if (x0 > x1)
		return 0;
	pen->count += (uint64_t)((int64_t)x1 - x0 + 1);
	return volume_fill_row(pen->v, x0, x1, s->y, s->z, pen->color);
}

/* Draws the collected stretches. */
static int draw_lanes(struct pen *pen)
{
	int rc = cancel_check_nth(&pen->checks, CHECK_DRAWN);

	if (rc < 0)
		return rc;
	for (int lane = 0; lane < LANES_COUNT; lane++) {
		uint32_t n = pen->lane_counts[lane];

		pen->lane_counts[lane] = 0;
		for (uint32_t i = 0; i < n; i++) {
			rc = draw_stretch(pen, &pen->lanes[lane][i]);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

static void collect(struct pen *pen, int lane, struct stretch s)
{
	pen->lanes[lane][pen->lane_counts[lane]++] = s;
}

/* Collects voxels p..q of the row, counted from the middle, and their mirror images, each in its
 * own lane. */
static void collect_half(struct pen *pen, const struct body *b, struct row row, int lane,
			 struct stretch at)
{
	const struct shape *s = b->s;
	int32_t middle = s->min[0] + s->size[0] / 2;
	int32_t mirror = s->min[0] + (s->size[0] - 1) / 2;

	if (row.p > row.q)
		return;
	if (!b->is_mirrored) {
		at.x0 = s->min[0] + row.p;
		at.x1 = s->min[0] + row.q;
		collect(pen, lane, at);
		return;
	}
	at.x0 = row.p ? middle + row.p : mirror - row.q;
	at.x1 = middle + row.q;
	collect(pen, lane, at);
	if (!row.p)
		return;
	at.x0 = mirror - row.q;
	at.x1 = mirror - row.p;
	collect(pen, lane + 1, at);
}

static void collect_row(struct pen *pen, struct body *b, int32_t j, int32_t k)
{
	struct stretch at = { .y = b->s->min[1] + j, .z = b->s->min[2] + k };
	struct row row = body_row(b, j, k);
	struct row inner = { 1, 0 };

	if (b->s->hollow && row.p <= row.q)
		inner = body_inner_row(b, row, j, k);
	if (inner.p > inner.q) {
		collect_half(pen, b, row, 0, at);
		return;
	}
	collect_half(pen, b, (struct row){ row.p, inner.p - 1 }, 0, at);
	collect_half(pen, b, (struct row){ inner.q + 1, row.q }, 2, at);
}

/* Draws the rows inside the clip box, which lies inside the body's box. */
static int draw_rows(struct pen *pen, struct body *b)
{
	int32_t j0 = pen->clip.min[1] - b->s->min[1];
	int32_t j1 = pen->clip.max[1] - b->s->min[1];
	int32_t k0 = pen->clip.min[2] - b->s->min[2];
	int32_t k1 = pen->clip.max[2] - b->s->min[2];

	for (int32_t k = k0; k <= k1; k++) {
		for (int32_t j = j0; j <= j1; j++) {
			int rc = 0;

			collect_row(pen, b, j, k);
			if (j == j1 || ((b->s->min[1] + j) & BLOCK_MASK) == BLOCK_MASK)
				rc = draw_lanes(pen);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

/* Removal visits only existing blocks; a large body may cover few of them. */
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
	budget_free(list);
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
		rc = body_keep_slices(&b);
	if (!rc)
		rc = draw_rows(pen, &b);
	body_deinit(&b);
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
		rc = draw_stretch(pen, &(struct stretch){ at[0], at[0], at[1], at[2] });
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
