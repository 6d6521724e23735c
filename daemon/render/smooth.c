#include "daemon/render/smooth.h"

#include <math.h>

enum {
	/* Neighbours whose channels differ by less look alike: their edge needs no smoothing. */
	CONTRAST_MIN = 12,
};

rgba look(const struct looker *k, double x, double y, double t_min, struct sight *sight)
{
	double origin[3];
	double direction[3];
	struct hit hit;

	lens_ray(k->lens, x, y, origin, direction);
	if (!trace_ray(k->scene, origin, direction, t_min, &hit)) {
		*sight = (struct sight){ 0 };
		return k->background;
	}
	*sight = (struct sight){
		.face = (uint32_t)(hit.axis * 2 + (hit.side > 0) + 1),
		.pos = { hit.pos[0], hit.pos[1], hit.pos[2] },
		.color = hit.color,
	};
	return shade_hit(k->shading, k->scene, k->memory, &hit, origin, direction);
}

/* What a pixel or one of its neighbours sees, with its color. */
struct seen {
	struct sight sight;
	rgba pixel;
	int axis, u, v; /* of the plane; the two others */
	int32_t at[3];  /* of the voxel, from the grid's corner */
	bool is_up;     /* looks up its axis */
	double plane;   /* of the face on that axis, from the grid's corner */
};

/* What a pixel and its four neighbours see, without duplicates. */
struct around {
	struct seen list[5];
	int count;
	bool has_background;
};

static bool is_same(const struct sight *a, const struct sight *b)
{
	return a->face == b->face && a->color == b->color &&
	       (!a->face || a->pos[(a->face - 1) / 2] == b->pos[(a->face - 1) / 2]);
}

static void add_seen(struct around *near, const struct scene_grid *g, const struct look_row *row,
		     uint32_t x)
{
	const struct sight *sight = &row->sights[x];
	struct seen *seen = &near->list[near->count];

	if (!sight->face) {
		near->has_background = true;
		return;
	}
	for (int i = 0; i < near->count; i++)
		if (is_same(&near->list[i].sight, sight))
			return;
	*seen = (struct seen){ .sight = *sight, .pixel = row->pixels[x] };
	seen->axis = (int)(sight->face - 1) / 2;
	seen->u = seen->axis == 0;
	seen->v = seen->axis == 2 ? 1 : 2;
	seen->is_up = (sight->face - 1) & 1;
	for (int i = 0; i < 3; i++)
		seen->at[i] = (int32_t)(sight->pos[i] - g->base[i]);
	seen->plane = seen->at[seen->axis] + seen->is_up;
	near->count++;
}

/* Sample places in a pixel, each in a row and a column of its own. */
enum { SAMPLES = 4 };
static const double sample_x[SAMPLES] = { .375, .875, .625, .125 };
static const double sample_y[SAMPLES] = { .125, .375, .875, .625 };

/* The rays through these places, stored per member so that the compiler can vectorize; and what
 * each has met so far. From the grid's corner. */
struct bundle {
	double origin[3][SAMPLES];
	double direction[3][SAMPLES];
	double t[SAMPLES];
	const struct seen *nearest[SAMPLES]; /* NULL: nothing */
	int32_t at[SAMPLES][3];              /* the voxel */
};

static void bundle_init(struct bundle *b, const struct looker *k, uint32_t x, uint32_t y)
{
	for (int i = 0; i < 3; i++) {
		const double *o = k->lens->origin[i];
		const double *d = k->lens->direction[i];
		double o0 = o[0] - (double)k->scene->grid.base[i] + o[1] * x + o[2] * y;
		double d0 = d[0] + d[1] * x + d[2] * y;

		for (int s = 0; s < SAMPLES; s++) {
			b->origin[i][s] = o0 + o[1] * sample_x[s] + o[2] * sample_y[s];
			b->direction[i][s] = d0 + d[1] * sample_x[s] + d[2] * sample_y[s];
		}
	}
	for (int s = 0; s < SAMPLES; s++) {
		b->t[s] = INFINITY;
		b->nearest[s] = NULL;
	}
}

/* Whether the voxel there has an open face on that side. The cell in front of it is always in the
 * grid, which is larger than the content. */
static bool is_open_face(const struct scene_grid *g, const struct seen *seen, int32_t place[3])
{
	bool is_covered;

	place[seen->axis] = seen->at[seen->axis] + (seen->is_up ? 1 : -1);
	is_covered = scene_grid_is_solid(g, place);
	place[seen->axis] = seen->at[seen->axis];
	return !is_covered && scene_grid_is_solid(g, place);
}

/* Replaces what the rays have met when they meet an open face of that plane nearer. */
static void meet(struct bundle *b, const struct scene_grid *g, const struct seen *seen)
{
	const double *o = b->origin[seen->axis];
	const double *d = b->direction[seen->axis];
	double max_u = g->size[seen->u] * BLOCK_EDGE;
	double max_v = g->size[seen->v] * BLOCK_EDGE;
	double t[SAMPLES];
	double u[SAMPLES];
	double v[SAMPLES];

	for (int s = 0; s < SAMPLES; s++) {
		t[s] = (seen->plane - o[s]) / d[s];
		u[s] = b->origin[seen->u][s] + b->direction[seen->u][s] * t[s];
		v[s] = b->origin[seen->v][s] + b->direction[seen->v][s] * t[s];
	}
	for (int s = 0; s < SAMPLES; s++) {
		/* One combined condition: each part alone would be mispredicted half of
		 * the time. */
		bool is_nearer = (t[s] < b->t[s]) & (t[s] > 0) &
				 ((d[s] < 0) == seen->is_up); /* seen from in front */
		bool is_inside = (u[s] >= 0) & (u[s] < max_u) & (v[s] >= 0) & (v[s] < max_v);
		int32_t place[3];

		if (!(is_nearer & is_inside))
			continue;
		place[seen->axis] = seen->at[seen->axis];
		place[seen->u] = (int32_t)u[s];
		place[seen->v] = (int32_t)v[s];
		if ((place[seen->u] != seen->at[seen->u] || place[seen->v] != seen->at[seen->v]) &&
		    !is_open_face(g, seen, place))
			continue;
		b->t[s] = t[s];
		b->nearest[s] = seen;
		for (int i = 0; i < 3; i++)
			b->at[s][i] = place[i];
	}
}

/* The color of the face that ray s meets. When a pixel sees the same face, its color is used, since
 * light changes little within a pixel; other faces of the plane are shaded anew. */
static rgba color_of(const struct looker *k, const struct around *near, const struct bundle *b,
		     int s)
{
	const struct scene_grid *g = &k->scene->grid;
	const struct seen *seen = b->nearest[s];
	const int32_t *at = b->at[s];
	struct hit hit = { .axis = seen->axis, .side = seen->is_up ? 1 : -1, .t = b->t[s] };
	struct sight sight = seen->sight;
	double origin[3];
	double direction[3];

	if (at[seen->u] == seen->at[seen->u] && at[seen->v] == seen->at[seen->v])
		return seen->pixel;
	sight.color = scene_grid_color(g, at);
	for (int i = 0; i < near->count; i++)
		if (is_same(&near->list[i].sight, &sight))
			return near->list[i].pixel;
	hit.color = sight.color;
	for (int i = 0; i < 3; i++) {
		hit.pos[i] = (int32_t)(at[i] + g->base[i]);
		origin[i] = b->origin[i][s] + (double)g->base[i];
		direction[i] = b->direction[i][s];
	}
	return shade_hit(k->shading, k->scene, k->memory, &hit, origin, direction);
}

/* Weighted by alpha: a transparent background adds no color to an edge. */
static rgba mean_of_four(const rgba c[SAMPLES])
{
	unsigned sum[3] = { 0 };
	unsigned alpha = 0;

	if (c[0] == c[1] && c[0] == c[2] && c[0] == c[3])
		return c[0];
	for (int i = 0; i < SAMPLES; i++) {
		sum[0] += rgba_r(c[i]) * rgba_a(c[i]);
		sum[1] += rgba_g(c[i]) * rgba_a(c[i]);
		sum[2] += rgba_b(c[i]) * rgba_a(c[i]);
		alpha += rgba_a(c[i]);
	}
	if (!alpha)
		return c[0];
	return rgba_of((sum[0] + alpha / 2) / alpha, (sum[1] + alpha / 2) / alpha,
		       (sum[2] + alpha / 2) / alpha, (alpha + 2) / 4);
}

static bool has_contrast(rgba a, rgba b)
{
	for (int shift = 0; shift < 32; shift += 8) {
		int differs = (int)(a >> shift & 255) - (int)(b >> shift & 255);

		if (differs >= CONTRAST_MIN || differs <= -CONTRAST_MIN)
			return true;
	}
	return false;
}

static bool is_edge(const struct look_row *a, uint32_t x, const struct look_row *b, uint32_t at)
{
	return a->pixels[x] != b->pixels[at] && !is_same(&a->sights[x], &b->sights[at]) &&
	       has_contrast(a->pixels[x], b->pixels[at]);
}

void look_for_edges(const struct look_row *row, const struct look_row *above, uint32_t width)
{
	for (uint32_t x = 0; x < width; x++) {
		row->edges[x] = 0;
		if (x && is_edge(row, x, row, x - 1)) {
			row->edges[x] = 1;
			row->edges[x - 1] = 1;
		}
		if (above && is_edge(row, x, above, x)) {
			row->edges[x] = 1;
			above->edges[x] = 1;
		}
	}
}

static rgba look_closer(const struct looker *k, uint32_t x, uint32_t y, const struct around *near,
			double t_min)
{
	struct bundle b;
	struct sight unused;
	rgba c[SAMPLES];

	bundle_init(&b, k, x, y);
	for (int i = 0; i < near->count; i++)
		meet(&b, &k->scene->grid, &near->list[i]);
	for (int s = 0; s < SAMPLES; s++) {
		if (b.nearest[s])
			c[s] = color_of(k, near, &b, s);
		else if (near->has_background)
			c[s] = k->background;
		else
			c[s] = look(k, x + sample_x[s], y + sample_y[s], t_min, &unused);
	}
	return mean_of_four(c);
}

/* Traces new rays, when there is no grid to look up planes in. */
static rgba look_anew(const struct looker *k, uint32_t x, uint32_t y, double t_min)
{
	struct sight unused;
	rgba c[SAMPLES];

	for (int s = 0; s < SAMPLES; s++)
		c[s] = look(k, x + sample_x[s], y + sample_y[s], t_min, &unused);
	return mean_of_four(c);
}

void look_smooth(const struct looker *k, const struct look_row rows[3], uint32_t y, uint32_t width,
		 rgba *out)
{
	const struct scene_grid *g = &k->scene->grid;
	const struct look_row *here = &rows[1];
	uint32_t last = width - 1;

	for (uint32_t x = 0; x <= last; x++) {
		uint32_t left = x ? x - 1 : 0;
		uint32_t right = x < last ? x + 1 : last;
		double t_min = here->t_min[x / LOOK_TILE];
		struct around near;

		out[x] = here->pixels[x];
		if (!here->edges[x])
			continue;
		if (!g->cells) {
			out[x] = look_anew(k, x, y, t_min);
			continue;
		}
		near.count = 0;
		near.has_background = false;
		add_seen(&near, g, here, x);
		add_seen(&near, g, here, left);
		add_seen(&near, g, here, right);
		add_seen(&near, g, &rows[0], x);
		add_seen(&near, g, &rows[2], x);
		out[x] = look_closer(k, x, y, &near, t_min);
	}
}
