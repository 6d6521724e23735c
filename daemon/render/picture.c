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
#include "daemon/render/lens.h"
#include "daemon/render/smooth.h"

enum {
	BAND_ROWS = 16,
	BEAM_ROWS = BAND_ROWS + 2, /* of pixels seen for a band: the one above and below, too */
	BEAM_WIDTH = 16,
	TILE_ROWS = 6, /* of the thin beams */
	TILE_ROWS_COUNT = BEAM_ROWS / TILE_ROWS,
	TILES_MAX = PICTURE_EDGE_MAX / LOOK_TILE,
	STACK_BYTES = 256 << 10,
};

struct draw {
	struct picture *picture;
	const struct picture_job *job;
	struct lens lens;
	double t_far;     /* behind everything */
	double stop;      /* how far beams may be followed */
	double stop_thin; /* and thin ones */
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

/* What a thread works in: a band, and the row above and below it, which are found again. */
struct workshop {
	struct trace_memory beams;
	struct shade_memory faces;
	double t_min[TILE_ROWS_COUNT][TILES_MAX];
	rgba *pixels;         /* [BEAM_ROWS][width] */
	struct sight *sights; /* the same */
	uint8_t *edges;       /* the same */
};

/* A t behind the whole scene, whichever the ray. */
static double find_far(const struct picture_job *job)
{
	const struct box *box = &job->scene->box;
	double far = 0;

	if (job->scene->is_empty)
		return 0;
	for (int corner = 0; corner < 8; corner++) {
		double depth = 0;

		for (int i = 0; i < 3; i++)
			depth += ((corner >> i & 1 ? (double)box->max[i] + 1 : box->min[i]) -
				  job->view.eye[i]) *
				 job->view.forward[i];
		far = depth > far ? depth : far;
	}
	return far + 1;
}

/* How far the rays of a beam go, its sides so many pixels from its middle, before one is farther
 * from there than `reach`. */
static double find_stop(const struct draw *d, double half_width, double half_height, double reach)
{
	double stop = d->t_far;

	for (int i = 0; i < 3; i++) {
		const double *l = d->lens.ortho ? d->lens.origin[i] : d->lens.direction[i];
		double off = fabs(l[1]) * half_width + fabs(l[2]) * half_height;

		if (d->lens.ortho ? off > reach : off * stop > reach)
			stop = d->lens.ortho ? 0 : reach / off;
	}
	return stop;
}

/* Closer, for a column of small tiles in a beam that meets nothing before t. */
static void find_thin_starts(const struct draw *d, uint32_t x, double y, double t,
			     struct workshop *shop)
{
	for (unsigned row = 0; row < TILE_ROWS_COUNT; row++, y += TILE_ROWS) {
		double *out = &shop->t_min[row][x / LOOK_TILE];
		double start = t;
		double origin[3];
		double direction[3];

		if (t < d->stop_thin) {
			lens_ray(&d->lens, x + LOOK_TILE / 2., y + TILE_ROWS / 2., origin,
				 direction);
			start = trace_thin_beam(d->job->scene, &shop->beams, origin, direction,
						(double[]){ t, d->stop_thin });
			if (start > d->stop_thin && d->stop_thin < d->t_far)
				start = d->stop_thin;
		}
		start -= 1e-3; /* in the air: faces are met from in front of them */
		*out = start > 0 ? start : 0;
	}
}

/* For each tile of a band whose first row is y: before which t no ray of it meets anything. */
static void find_starts(const struct draw *d, double y, struct workshop *shop)
{
	for (uint32_t x = 0; x < d->picture->width; x += BEAM_WIDTH) {
		double origin[3];
		double direction[3];
		double t;

		lens_ray(&d->lens, x + BEAM_WIDTH / 2., y + BEAM_ROWS / 2., origin, direction);
		t = trace_beam(d->job->scene, origin, direction, d->stop);
		if (t > d->stop && d->stop < d->t_far)
			t = d->stop;
		for (uint32_t i = 0; i < BEAM_WIDTH; i += LOOK_TILE)
			find_thin_starts(d, x + i, y, t, shop);
	}
}

static void draw_row(const struct draw *d, const struct looker *k, uint32_t y,
		     const struct look_row *row)
{
	for (uint32_t x = 0; x < d->picture->width; x++) {
		double t_min = row->t_min[x / LOOK_TILE];

		if (t_min < INFINITY) {
			row->pixels[x] = look(k, x + .5, y + .5, t_min, &row->sights[x]);
		} else {
			row->pixels[x] = d->job->background;
			row->sights[x] = (struct sight){ 0 };
		}
	}
}

static struct look_row row_of(const struct draw *d, const struct workshop *w, uint32_t index)
{
	size_t at = (size_t)index * d->picture->width;

	return (struct look_row){ w->pixels + at, w->sights + at, w->edges + at,
				  w->t_min[index / TILE_ROWS] };
}

static void draw_band(const struct draw *d, uint32_t first, uint32_t end, struct workshop *shop)
{
	const struct looker k = { d->job->scene, &d->job->shading, &d->lens, &shop->faces,
				  d->job->background };
	uint32_t w = d->picture->width;
	uint32_t h = d->picture->height;
	rgba *out = d->picture->pixels + (size_t)first * w;
	bool smooth = d->job->smooth_edges;
	struct look_row above;

	find_starts(d, (double)first - 1, shop);
	for (uint32_t i = !smooth; i < end - first + 1 + smooth; i++) {
		struct look_row row = row_of(d, shop, i);
		uint32_t y = first + i ? first + i - 1 : 0;

		draw_row(d, &k, y < h ? y : h - 1, &row);
		if (smooth)
			look_for_edges(&row, i ? &above : NULL, w);
		above = row;
	}
	for (uint32_t i = 0; i < end - first; i++) {
		const struct look_row rows[3] = { row_of(d, shop, i), row_of(d, shop, i + 1),
						  row_of(d, shop, i + 2) };

		if (smooth)
			look_smooth(&k, rows, first + i, w, out + (size_t)i * w);
		else
			memcpy(out + (size_t)i * w, rows[1].pixels, w * sizeof(*out));
	}
}

/* Takes bands until there are none; only the caller of picture_draw asks whether to go on. */
static void draw_bands(struct draw *d, struct workshop *shop, bool is_caller)
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
	size_t count = (size_t)BEAM_ROWS * d->picture->width;
	struct workshop *shop = calloc(1, sizeof(*shop));

	if (shop) {
		shop->pixels = calloc(count, sizeof(*shop->pixels));
		shop->sights = calloc(count, sizeof(*shop->sights));
		shop->edges = calloc(count, sizeof(*shop->edges));
	}
	if (shop && shop->pixels && shop->sights && shop->edges)
		draw_bands(d, shop, is_caller);
	else
		atomic_store_explicit(&d->rc, -ENOMEM, memory_order_relaxed);
	if (shop) {
		free(shop->edges);
		free(shop->sights);
		free(shop->pixels);
	}
	free(shop);
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

	lens_init(&d.lens, &job->view, p->width, p->height);
	d.t_far = find_far(job);
	d.stop = find_stop(&d, BEAM_WIDTH / 2., BEAM_ROWS / 2., TRACE_BEAM_REACH);
	d.stop_thin = find_stop(&d, LOOK_TILE / 2., TILE_ROWS / 2., TRACE_THIN_BEAM_REACH);
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
