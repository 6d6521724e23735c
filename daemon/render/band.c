#include "daemon/render/band.h"

#include <math.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/base/cancel.h"

/* A t beyond the whole scene, for every ray. */
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

/* How far the rays of a beam stay within `reach` of its middle, when the sides of the beam are
 * half_width and half_height pixels from it. */
static double find_stop(const struct drawing *d, double half_width, double half_height,
			double reach)
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

void drawing_init(struct drawing *d, struct picture *p, const struct picture_job *job)
{
	*d = (struct drawing){ .picture = p, .job = job, .t_far = find_far(job) };
	lens_init(&d->lens, &job->view, p->width, p->height);
	d->stop = find_stop(d, BAND_BEAM_WIDTH / 2., BAND_BEAM_ROWS / 2., TRACE_BEAM_REACH);
	d->stop_thin = find_stop(d, LOOK_TILE / 2., BAND_TILE_ROWS / 2., TRACE_THIN_BEAM_REACH);
}

struct band_scratch *band_scratch_new(uint32_t width)
{
	size_t count = (size_t)BAND_BEAM_ROWS * width;
	struct band_scratch *scratch = budget_calloc(BUDGET_PICTURES, 1, sizeof(*scratch));

	if (!scratch)
		return NULL;
	scratch->width = width;
	scratch->pixels = budget_calloc(BUDGET_PICTURES, count, sizeof(*scratch->pixels));
	scratch->sights = budget_calloc(BUDGET_PICTURES, count, sizeof(*scratch->sights));
	scratch->edges = budget_calloc(BUDGET_PICTURES, count, sizeof(*scratch->edges));
	if (scratch->pixels && scratch->sights && scratch->edges)
		return scratch;
	band_scratch_free(scratch);
	return NULL;
}

void band_scratch_forget(struct band_scratch *scratch)
{
	memset(&scratch->beams, 0, sizeof(scratch->beams));
	memset(&scratch->faces, 0, sizeof(scratch->faces));
}

void band_scratch_free(struct band_scratch *scratch)
{
	if (!scratch)
		return;
	budget_free(scratch->edges);
	budget_free(scratch->sights);
	budget_free(scratch->pixels);
	budget_free(scratch);
}

/* Finds closer start values for a column of small tiles in a beam that meets nothing before t. */
static void find_thin_starts(const struct drawing *d, uint32_t x, double y, double t,
			     struct band_scratch *scratch)
{
	for (unsigned row = 0; row < BAND_TILE_ROWS_COUNT; row++) {
		double middle = y + row * BAND_TILE_ROWS + BAND_TILE_ROWS / 2.;
		double *out = &scratch->t_min[row][x / LOOK_TILE];
		double start = t;
		double origin[3];
		double direction[3];

		if (t < d->stop_thin) {
			lens_ray(&d->lens, x + LOOK_TILE / 2., middle, origin, direction);
			start = trace_thin_beam(d->job->scene, &scratch->beams, origin, direction,
						(double[]){ t, d->stop_thin });
			if (start > d->stop_thin && d->stop_thin < d->t_far)
				start = d->stop_thin;
		}
		start -= 1e-3; /* outside the voxel, so that the ray enters through its face */
		*out = start > 0 ? start : 0;
	}
}

/* Finds, for each tile of a band whose first row is y, the t before which none of its rays meets
 * anything. */
static void find_starts(const struct drawing *d, double y, struct band_scratch *scratch)
{
	for (uint32_t x = 0; x < d->picture->width; x += BAND_BEAM_WIDTH) {
		double origin[3];
		double direction[3];
		double t;

		lens_ray(&d->lens, x + BAND_BEAM_WIDTH / 2., y + BAND_BEAM_ROWS / 2., origin,
			 direction);
		t = trace_beam(d->job->scene, origin, direction, d->stop);
		if (t > d->stop && d->stop < d->t_far)
			t = d->stop;
		for (uint32_t i = 0; i < BAND_BEAM_WIDTH; i += LOOK_TILE)
			find_thin_starts(d, x + i, y, t, scratch);
	}
}

static void draw_row(const struct drawing *d, const struct looker *k, uint32_t y,
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

static struct look_row row_of(const struct drawing *d, const struct band_scratch *w, uint32_t index)
{
	size_t at = (size_t)index * d->picture->width;

	return (struct look_row){ w->pixels + at, w->sights + at, w->edges + at,
				  w->t_min[index / BAND_TILE_ROWS] };
}

/* Draws the rows of a band through the middles of their pixels; with smoothed edges also one row
 * above and one below. */
static int draw_rows(const struct drawing *d, const struct looker *k, uint32_t first, uint32_t end,
		     struct band_scratch *scratch)
{
	uint32_t w = d->picture->width;
	uint32_t h = d->picture->height;
	bool smooth = d->job->smooth_edges;
	struct look_row above;

	for (uint32_t i = !smooth; i < end - first + 1 + smooth; i++) {
		struct look_row row = row_of(d, scratch, i);
		uint32_t y = first + i ? first + i - 1 : 0;
		int rc = cancel_check();

		if (rc < 0)
			return rc;
		draw_row(d, k, y < h ? y : h - 1, &row);
		if (smooth)
			look_for_edges(&row, i ? &above : NULL, w);
		above = row;
	}
	return 0;
}

int draw_band(const struct drawing *d, uint32_t first, uint32_t end, struct band_scratch *scratch)
{
	const struct looker k = { d->job->scene, &d->job->shading, &d->lens, &scratch->faces,
				  d->job->background };
	uint32_t w = d->picture->width;
	rgba *out = d->picture->pixels + (size_t)first * w;
	int rc;

	find_starts(d, (double)first - 1, scratch);
	rc = draw_rows(d, &k, first, end, scratch);
	for (uint32_t i = 0; rc == 0 && i < end - first; i++) {
		const struct look_row rows[3] = { row_of(d, scratch, i), row_of(d, scratch, i + 1),
						  row_of(d, scratch, i + 2) };

		rc = cancel_check();
		if (d->job->smooth_edges)
			look_smooth(&k, rows, first + i, w, out + (size_t)i * w);
		else
			memcpy(out + (size_t)i * w, rows[1].pixels, w * sizeof(*out));
	}
	return rc;
}
