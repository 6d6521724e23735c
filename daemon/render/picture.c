/* Bands of rows, taken by threads one after another, so that an expensive part of the picture does
 * not make the others wait. */
#include "daemon/render/picture.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/thread.h"

enum {
	BAND_ROWS = 16,
	/* Neighbours whose channels differ by less look alike: their edge needs no smoothing. */
	CONTRAST_MIN = 12,
	STACK_BYTES = 256 << 10,
};

/*
 * What one ray saw, beside its light: edges are where this differs between neighbours. Faces of one
 * plane and color are one: no edge is smoothed where none is seen.
 */
struct sight {
	uint32_t face; /* axis * 2 + (looks up its axis) + 1; 0: the background */
	int32_t plane; /* of the voxels, on that axis */
	rgba color;
};

struct draw {
	struct picture *picture;
	const struct picture_job *job;
	atomic_uint next_row;
	atomic_uint rows_done;
	atomic_int rc;
};

int picture_open(struct picture *p, uint32_t width, uint32_t height)
{
	if (!width || !height || width > PICTURE_EDGE_MAX || height > PICTURE_EDGE_MAX)
		return -EINVAL;
	p->pixels = malloc((size_t)width * height * sizeof(*p->pixels));
	if (!p->pixels)
		return -ENOMEM;
	p->width = width;
	p->height = height;
	return 0;
}

void picture_close(struct picture *p)
{
	free(p->pixels);
	*p = (struct picture){ 0 };
}

/* x and y in pixels from the top left, fractions inside the pixel. */
static void ray_at(const struct draw *d, double x, double y, double origin[3], double direction[3])
{
	const struct view *v = &d->job->view;
	double height = d->picture->height;
	double across = (2 * x - d->picture->width) / height * v->half_height;
	double upward = (height - 2 * y) / height * v->half_height;

	for (int i = 0; i < 3; i++) {
		double offset = v->right[i] * across + v->up[i] * upward;

		origin[i] = v->eye[i] + (v->ortho ? offset : 0);
		direction[i] = v->forward[i] + (v->ortho ? 0 : offset);
	}
}

static rgba look(const struct draw *d, double x, double y, struct sight *sight)
{
	double origin[3];
	double direction[3];
	struct hit hit;

	ray_at(d, x, y, origin, direction);
	if (!scene_trace(d->job->scene, origin, direction, 0, &hit)) {
		*sight = (struct sight){ 0 };
		return d->job->background;
	}
	*sight = (struct sight){
		.face = (uint32_t)(hit.axis * 2 + (hit.side > 0) + 1),
		.plane = hit.pos[hit.axis],
		.color = hit.color,
	};
	return shade_hit(&d->job->shading, d->job->scene, &hit, origin, direction);
}

/* Where the ray meets an open face of that plane nearer than hit->t, that is the hit. */
static void meet_plane(const struct scene *s, const struct sight *plane, const double origin[3],
		       const double direction[3], struct hit *hit)
{
	int axis = (int)(plane->face - 1) / 2;
	int side = (plane->face - 1) & 1 ? 1 : -1;
	double t = (plane->plane + (side > 0) - origin[axis]) / direction[axis];
	int32_t pos[3];
	int32_t front[3];
	rgba color;

	if (!(direction[axis] * side < 0 && t > 0 && t < hit->t))
		return;
	for (int i = 0; i < 3; i++) {
		double at = origin[i] + direction[i] * t;

		if (!(fabs(at) < INT32_MAX))
			return;
		pos[i] = i == axis ? plane->plane : (int32_t)floor(at);
		front[i] = pos[i] + (i == axis && fabs(at) < INT32_MAX - 1 ? side : 0);
	}
	color = scene_color(s, pos[0], pos[1], pos[2]);
	if (!color || scene_is_solid(s, front[0], front[1], front[2]))
		return;
	*hit = (struct hit){ { pos[0], pos[1], pos[2] }, axis, side, t, color };
}

/* What a pixel and its four neighbours see, each once. */
struct sights {
	struct sight list[5];
	int count;
	bool has_background;
};

static bool is_same(const struct sight *a, const struct sight *b)
{
	return a->face == b->face && a->plane == b->plane && a->color == b->color;
}

static void add_sight(struct sights *near, const struct sight *sight)
{
	if (!sight->face) {
		near->has_background = true;
		return;
	}
	for (int i = 0; i < near->count; i++)
		if (near->list[i].face == sight->face && near->list[i].plane == sight->plane)
			return;
	near->list[near->count++] = *sight;
}

/*
 * What a ray between pixels sees, if it is one of the planes that those pixels see: no walk
 * through the scene. Misses only what is thinner than the distance of pixels.
 */
static rgba look_between(const struct draw *d, double x, double y, const struct sights *near)
{
	const struct scene *s = d->job->scene;
	double origin[3];
	double direction[3];
	struct hit hit = { .t = INFINITY };
	struct sight unused;

	ray_at(d, x, y, origin, direction);
	for (int i = 0; i < near->count; i++)
		meet_plane(s, &near->list[i], origin, direction, &hit);
	if (hit.t < INFINITY)
		return shade_hit(&d->job->shading, s, &hit, origin, direction);
	return near->has_background ? d->job->background : look(d, x, y, &unused);
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

static rgba look_closer(const struct draw *d, uint32_t x, uint32_t y, const struct sights *near)
{
	static const double places[4][2] = {
		{ .375, .125 }, { .875, .375 }, { .625, .875 }, { .125, .625 }
	};
	rgba c[4];

	for (int i = 0; i < 4; i++)
		c[i] = look_between(d, x + places[i][0], y + places[i][1], near);
	return mean_of_four(c);
}

/* A row of pixels as seen through their middles. */
struct row {
	rgba *pixels;
	struct sight *sights;
};

static void draw_row(const struct draw *d, uint32_t y, const struct row *row)
{
	for (uint32_t x = 0; x < d->picture->width; x++)
		row->pixels[x] = look(d, x + .5, y + .5, &row->sights[x]);
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

static bool is_edge(const struct row *a, uint32_t x, const struct row *b, uint32_t at)
{
	return !is_same(&a->sights[x], &b->sights[at]) && has_contrast(a->pixels[x], b->pixels[at]);
}

/* Pixels whose left, right, upper or lower neighbour shows another face are looked at more closely.
 */
static void smooth_row(const struct draw *d, uint32_t y, const struct row rows[3], rgba *out)
{
	const struct row *here = &rows[1];
	uint32_t last = d->picture->width - 1;

	for (uint32_t x = 0; x <= last; x++) {
		uint32_t left = x ? x - 1 : 0;
		uint32_t right = x < last ? x + 1 : last;

		if (is_edge(here, x, here, left) || is_edge(here, x, here, right) ||
		    is_edge(here, x, &rows[0], x) || is_edge(here, x, &rows[2], x)) {
			struct sights near = { .count = 0 };

			add_sight(&near, &here->sights[x]);
			add_sight(&near, &here->sights[left]);
			add_sight(&near, &here->sights[right]);
			add_sight(&near, &rows[0].sights[x]);
			add_sight(&near, &rows[2].sights[x]);
			out[x] = look_closer(d, x, y, &near);
		} else {
			out[x] = here->pixels[x];
		}
	}
}

/* What a thread works in: a band, and the row above and below it, which are found again. */
struct workshop {
	rgba *pixels;         /* [BAND_ROWS + 2][width] */
	struct sight *sights; /* the same */
};

static struct row row_of(const struct draw *d, const struct workshop *w, uint32_t index)
{
	size_t at = (size_t)index * d->picture->width;

	return (struct row){ w->pixels + at, w->sights + at };
}

static void draw_band(const struct draw *d, uint32_t first, uint32_t end,
		      const struct workshop *shop)
{
	uint32_t w = d->picture->width;
	uint32_t h = d->picture->height;
	rgba *out = d->picture->pixels + (size_t)first * w;
	bool smooth = d->job->smooth_edges;

	for (uint32_t i = !smooth; i < end - first + 1 + smooth; i++) {
		struct row row = row_of(d, shop, i);
		uint32_t y = first + i ? first + i - 1 : 0;

		draw_row(d, y < h ? y : h - 1, &row);
	}
	for (uint32_t i = 0; i < end - first; i++) {
		const struct row rows[3] = { row_of(d, shop, i), row_of(d, shop, i + 1),
					     row_of(d, shop, i + 2) };

		if (smooth)
			smooth_row(d, first + i, rows, out + (size_t)i * w);
		else
			memcpy(out + (size_t)i * w, rows[1].pixels, w * sizeof(*out));
	}
}

/* Takes bands until there are none; only the caller of picture_draw asks whether to go on. */
static void draw_bands(struct draw *d, const struct workshop *shop, bool is_caller)
{
	const struct picture_job *job = d->job;
	uint32_t h = d->picture->height;

	while (!atomic_load_explicit(&d->rc, memory_order_relaxed)) {
		uint32_t y =
			atomic_fetch_add_explicit(&d->next_row, BAND_ROWS, memory_order_relaxed);
		uint32_t end = y + BAND_ROWS < h ? y + BAND_ROWS : h;

		if (y >= h)
			break;
		draw_band(d, y, end, shop);
		atomic_fetch_add_explicit(&d->rows_done, end - y, memory_order_relaxed);
		if (is_caller && job->go_on &&
		    !job->go_on(job->go_on_ctx,
				atomic_load_explicit(&d->rows_done, memory_order_relaxed)))
			atomic_store_explicit(&d->rc, -ECANCELED, memory_order_relaxed);
	}
}

/* One thread's part. */
static void take_part(struct draw *d, bool is_caller)
{
	size_t count = (size_t)(BAND_ROWS + 2) * d->picture->width;
	struct workshop shop = {
		.pixels = calloc(count, sizeof(*shop.pixels)),
		.sights = calloc(count, sizeof(*shop.sights)),
	};

	if (shop.pixels && shop.sights)
		draw_bands(d, &shop, is_caller);
	else
		atomic_store_explicit(&d->rc, -ENOMEM, memory_order_relaxed);
	free(shop.sights);
	free(shop.pixels);
}

static void *help(void *arg)
{
	take_part(arg, false);
	return NULL;
}

/* Threads that cannot be started are done without: those that run take all bands. */
int picture_draw(struct picture *p, const struct picture_job *job, struct err *err)
{
	struct draw d = { .picture = p, .job = job };
	pthread_t helpers[PICTURE_THREADS_MAX];
	unsigned started = 0;
	int rc;

	while (started + 1 < job->threads_count && started < PICTURE_THREADS_MAX &&
	       thread_start(&helpers[started], "render", STACK_BYTES, help, &d, NULL) == 0)
		started++;
	take_part(&d, true);
	while (started)
		pthread_join(helpers[--started], NULL);
	rc = atomic_load_explicit(&d.rc, memory_order_relaxed);
	if (rc < 0)
		return err_set(err, rc, "render of %u x %u: %s", p->width, p->height,
			       rc == -ECANCELED ? "cancelled" : "out of memory");
	return 0;
}
