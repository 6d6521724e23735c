/* Bands of rows, taken by threads one after another, so that an expensive part of the picture does
 * not make the others wait. */
#include "daemon/render/picture.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/thread.h"

enum {
	BAND_ROWS = 8,
	STACK_BYTES = 256 << 10,
};

/* What one ray saw, beside its color: edges are where this differs between neighbours. */
typedef uint64_t face_key;

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

static rgba look(const struct draw *d, double x, double y, face_key *key)
{
	double origin[3];
	double direction[3];
	struct hit hit;

	ray_at(d, x, y, origin, direction);
	if (!scene_trace(d->job->scene, origin, direction, 0, &hit)) {
		*key = 0;
		return d->job->background;
	}
	/* Faces of one plane and color are one: no edge is smoothed where none is seen. */
	*key = (uint64_t)hit.color << 32 ^ (uint64_t)(uint32_t)hit.pos[hit.axis] << 3 ^
	       (uint64_t)(hit.axis * 2 + (hit.side > 0) + 1);
	return shade_hit(&d->job->shading, d->job->scene, &hit, origin, direction);
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

static rgba look_closer(const struct draw *d, uint32_t x, uint32_t y)
{
	static const double places[4][2] = {
		{ .375, .125 }, { .875, .375 }, { .625, .875 }, { .125, .625 }
	};
	rgba c[4];
	face_key key;

	for (int i = 0; i < 4; i++)
		c[i] = look(d, x + places[i][0], y + places[i][1], &key);
	return mean_of_four(c);
}

static void draw_row(const struct draw *d, uint32_t y, rgba *row, face_key *keys)
{
	for (uint32_t x = 0; x < d->picture->width; x++)
		row[x] = look(d, x + .5, y + .5, &keys[x]);
}

/* Pixels of row y whose left, upper or lower neighbour sees another face are looked at more
 * closely. */
static void smooth_row(const struct draw *d, uint32_t y, rgba *row, const face_key *above,
		       const face_key *here, const face_key *below)
{
	uint32_t w = d->picture->width;

	for (uint32_t x = 0; x < w; x++)
		if ((x && here[x] != here[x - 1]) || (x + 1 < w && here[x] != here[x + 1]) ||
		    here[x] != above[x] || here[x] != below[x])
			row[x] = look_closer(d, x, y);
}

/* Keys of the row above the band and below it are found again: two rows of rays for eight. */
static void draw_band(const struct draw *d, uint32_t first, uint32_t end, rgba *spare,
		      face_key *keys)
{
	uint32_t w = d->picture->width;
	uint32_t h = d->picture->height;
	rgba *pixels = d->picture->pixels;

	for (uint32_t y = first; y < end; y++)
		draw_row(d, y, pixels + (size_t)y * w, keys + (size_t)(y - first + 1) * w);
	if (!d->job->smooth_edges)
		return;
	draw_row(d, first ? first - 1 : first, spare, keys);
	draw_row(d, end < h ? end : h - 1, spare, keys + (size_t)(end - first + 1) * w);
	for (uint32_t y = first; y < end; y++) {
		const face_key *here = keys + (size_t)(y - first + 1) * w;

		smooth_row(d, y, pixels + (size_t)y * w, here - w, here, here + w);
	}
}

/* Takes bands until there are none; only the caller of picture_draw asks whether to go on. */
static void draw_bands(struct draw *d, bool is_caller)
{
	const struct picture_job *job = d->job;
	uint32_t w = d->picture->width;
	uint32_t h = d->picture->height;
	face_key *keys = malloc((size_t)(BAND_ROWS + 2) * w * sizeof(*keys));
	rgba *spare = malloc(w * sizeof(*spare));

	while (keys && spare && !atomic_load_explicit(&d->rc, memory_order_relaxed)) {
		uint32_t y =
			atomic_fetch_add_explicit(&d->next_row, BAND_ROWS, memory_order_relaxed);
		uint32_t end = y + BAND_ROWS < h ? y + BAND_ROWS : h;

		if (y >= h)
			break;
		draw_band(d, y, end, spare, keys);
		atomic_fetch_add_explicit(&d->rows_done, end - y, memory_order_relaxed);
		if (is_caller && job->go_on &&
		    !job->go_on(job->go_on_ctx,
				atomic_load_explicit(&d->rows_done, memory_order_relaxed)))
			atomic_store_explicit(&d->rc, -ECANCELED, memory_order_relaxed);
	}
	if (!keys || !spare)
		atomic_store_explicit(&d->rc, -ENOMEM, memory_order_relaxed);
	free(keys);
	free(spare);
}

static void *help(void *arg)
{
	draw_bands(arg, false);
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
	draw_bands(&d, true);
	while (started)
		pthread_join(helpers[--started], NULL);
	rc = atomic_load_explicit(&d.rc, memory_order_relaxed);
	if (rc < 0)
		return err_set(err, rc, "render of %u x %u: %s", p->width, p->height,
			       rc == -ECANCELED ? "cancelled" : "out of memory");
	return 0;
}
