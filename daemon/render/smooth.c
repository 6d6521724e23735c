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

/* What a pixel or a neighbour of it sees, and the color that it has there. */
struct seen {
	struct sight sight;
	rgba pixel;
	int axis, u, v; /* of the plane; the two others */
	int32_t at[3];  /* of the voxel, from the grid's corner */
	bool is_up;     /* looks up its axis */
	double plane;   /* of the face on that axis, from the grid's corner */
};

/* What a pixel and its four neighbours see, each once. */
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

/* Where the ray meets an open face of that plane nearer than *t: then true, *t and pos are there.
 * All count from the grid's corner. */
static inline bool meets(const struct scene_grid *g, const struct seen *seen,
			 const double origin[3], const double direction[3], double *t,
			 int32_t pos[3])
{
	int axis = seen->axis;
	int32_t place[3];
	double there;
	double u;
	double v;

	/* Faces are seen from in front only. */
	if ((direction[axis] < 0) != seen->is_up)
		return false;
	there = (seen->plane - origin[axis]) / direction[axis];
	if (!(there > 0 && there < *t))
		return false;
	u = origin[seen->u] + direction[seen->u] * there;
	v = origin[seen->v] + direction[seen->v] * there;
	if (!(u >= 0 && u < g->size[seen->u] * BLOCK_EDGE && v >= 0 &&
	      v < g->size[seen->v] * BLOCK_EDGE))
		return false;
	place[seen->u] = (int32_t)u;
	place[seen->v] = (int32_t)v;
	if (place[seen->u] != seen->at[seen->u] || place[seen->v] != seen->at[seen->v]) {
		/* The voxel before the face is in the grid, too, which is larger than the content.
		 */
		place[axis] = seen->at[axis] + (seen->is_up ? 1 : -1);
		if (scene_grid_is_solid(g, place))
			return false;
		place[axis] = seen->at[axis];
		if (!scene_grid_is_solid(g, place))
			return false;
	}
	place[axis] = seen->at[axis];
	for (int i = 0; i < 3; i++)
		pos[i] = place[i];
	*t = there;
	return true;
}

/* The color of a face that is met between pixels: as where a pixel sees the same one, since light
 * changes little in the distance of a pixel; one between other voxels of the plane is lit anew. */
static rgba color_of(const struct looker *k, const struct around *near, const struct seen *seen,
		     struct hit *hit, const double origin[3], const double direction[3])
{
	const struct scene_grid *g = &k->scene->grid;
	struct sight sight = seen->sight;

	hit->color = scene_grid_color(g, hit->pos);
	if (hit->color == sight.color)
		return seen->pixel;
	sight.color = hit->color;
	for (int i = 0; i < near->count; i++)
		if (is_same(&near->list[i].sight, &sight))
			return near->list[i].pixel;
	for (int i = 0; i < 3; i++)
		hit->pos[i] = (int32_t)(hit->pos[i] + g->base[i]);
	hit->axis = seen->axis;
	hit->side = seen->is_up ? 1 : -1;
	return shade_hit(k->shading, k->scene, k->memory, hit, origin, direction);
}

static rgba look_between(const struct looker *k, double x, double y, const struct around *near,
			 double t_min)
{
	const struct scene_grid *g = &k->scene->grid;
	const struct seen *nearest = NULL;
	double origin[3];
	double from_grid[3];
	double direction[3];
	struct hit hit = { .t = INFINITY };
	struct sight unused;

	lens_ray(k->lens, x, y, origin, direction);
	for (int i = 0; i < 3; i++)
		from_grid[i] = origin[i] - (double)g->base[i];
	for (int i = 0; i < near->count; i++)
		if (meets(g, &near->list[i], from_grid, direction, &hit.t, hit.pos))
			nearest = &near->list[i];
	if (nearest)
		return color_of(k, near, nearest, &hit, origin, direction);
	return near->has_background ? k->background : look(k, x, y, t_min, &unused);
}

/* Weighted by alpha: a transparent background lends no color to an edge. */
static rgba mean_of_four(const rgba c[4])
{
	unsigned sum[3] = { 0 };
	unsigned alpha = 0;

	for (int i = 0; i < 4; i++) {
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

static const double places[4][2] = {
	{ .375, .125 }, { .875, .375 }, { .625, .875 }, { .125, .625 }
};

static rgba look_closer(const struct looker *k, uint32_t x, uint32_t y, const struct around *near,
			double t_min)
{
	rgba c[4];

	for (int i = 0; i < 4; i++)
		c[i] = look_between(k, x + places[i][0], y + places[i][1], near, t_min);
	return mean_of_four(c);
}

/* Where there is no grid to look planes up in. */
static rgba look_anew(const struct looker *k, uint32_t x, uint32_t y, double t_min)
{
	struct sight unused;
	rgba c[4];

	for (int i = 0; i < 4; i++)
		c[i] = look(k, x + places[i][0], y + places[i][1], t_min, &unused);
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
