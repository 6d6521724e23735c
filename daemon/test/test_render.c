/* Pictures of volumes: where cameras look, what rays meet, what threads draw. Proves R-303. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/base/err.h"
#include "daemon/base/rng.h"
#include "daemon/render/drawers.h"
#include "daemon/render/image.h"
#include "daemon/render/lens.h"
#include "daemon/render/picture.h"

enum { EDGE = 96, RED, GREEN, BLUE, WHITE };

static const rgba background = 0xff112233u;

static rgba bar_color(int kind)
{
	switch (kind) {
	case RED:
		return rgba_of(255, 0, 0, 255);
	case GREEN:
		return rgba_of(0, 255, 0, 255);
	case BLUE:
		return rgba_of(0, 0, 255, 255);
	default:
		return RGBA_WHITE;
	}
}

/* White at the corner, red along +X, green along +Y, blue along +Z; far from the origin. */
static void add_axes(struct volume *v)
{
	for (int i = 0; i < 12; i++) {
		assert_int_equal(volume_set(v, 100 + i, -50, 7, bar_color(i ? RED : WHITE)), 0);
		if (!i)
			continue;
		assert_int_equal(volume_set(v, 100, -50 + i, 7, bar_color(GREEN)), 0);
		assert_int_equal(volume_set(v, 100, -50, 7 + i, bar_color(BLUE)), 0);
	}
}

static struct picture draw_with(const struct scene *s, const struct picture_job *job,
				unsigned threads_count)
{
	const struct drawers_cfg cfg = { .threads_max = threads_count };
	struct picture p;
	const struct picture_set set = {
		.jobs = job, .pictures = &p, .count = 1, .threads_max = threads_count
	};
	struct drawers *drawers;
	struct err err = ERR_INIT;

	assert_ptr_equal(job->scene, s);
	assert_int_equal(picture_open(&p, EDGE, EDGE), 0);
	assert_int_equal(drawers_open(&cfg, &drawers, &err), 0);
	assert_int_equal(drawers_draw(drawers, &set, &err), 0);
	drawers_close(drawers);
	return p;
}

static struct picture draw(const struct scene *s, const struct picture_job *job)
{
	struct picture p;
	struct err err = ERR_INIT;

	assert_ptr_equal(job->scene, s);
	assert_int_equal(picture_open(&p, EDGE, EDGE), 0);
	assert_int_equal(picture_draw(&p, job, &err), 0);
	return p;
}

static struct picture draw_preset(const struct scene *s, const char *name, bool ortho, bool smooth)
{
	struct picture_job job = { .scene = s,
				   .shading = { .is_flat = true },
				   .background = background,
				   .smooth_edges = smooth };

	view_from_preset(&job.view, view_preset_find(name, strlen(name)), &s->box, 20, ortho, 1);
	return draw(s, &job);
}

/* Where the pixels of that color are in the middle, from the picture's middle. False: there are
 * none. */
static bool find_color(const struct picture *p, rgba color, double out[2])
{
	double sum[2] = { 0, 0 };
	unsigned count = 0;

	for (uint32_t y = 0; y < p->height; y++)
		for (uint32_t x = 0; x < p->width; x++)
			if (p->pixels[(size_t)y * p->width + x] == color) {
				sum[0] += x;
				sum[1] += y;
				count++;
			}
	if (!count)
		return false;
	out[0] = sum[0] / count;
	out[1] = sum[1] / count;
	return true;
}

/* Where each axis points in the picture: -1 left or up, +1 right or down, 0 neither; hidden: along
 * the line of sight. */
struct expected {
	const char *preset;
	int red[2], green[2], blue[2];
	int hidden; /* this bar is not looked for */
};

static const struct expected expected_axes[] = {
	{ "front", { 1, 0 }, { 0, 0 }, { 0, -1 }, GREEN },
	{ "back", { -1, 0 }, { 0, 0 }, { 0, -1 }, GREEN },
	{ "left", { 0, 0 }, { 1, 0 }, { 0, -1 }, RED },
	{ "right", { 0, 0 }, { -1, 0 }, { 0, -1 }, RED },
	{ "top", { 1, 0 }, { 0, -1 }, { 0, 0 }, BLUE },
	{ "bottom", { 1, 0 }, { 0, 1 }, { 0, 0 }, BLUE },
	{ "isometric", { 1, 1 }, { 1, -1 }, { 0, -1 }, 0 },
	{ "default", { 1, 1 }, { 1, -1 }, { 0, -1 }, 0 },
};

static void check_direction(const struct picture *p, int kind, const int expected[2],
			    const double corner[2])
{
	double at[2] = { 0, 0 };

	assert_true(find_color(p, bar_color(kind), at));
	for (int i = 0; i < 2; i++) {
		double off = at[i] - corner[i];

		if (expected[i])
			assert_true(off * expected[i] > 5);
		else
			assert_true(fabs(off) < 2.5);
	}
}

static void test_presets_show_the_axes_as_intended(void **state)
{
	struct volume v = { 0 };
	struct scene s;

	(void)state;
	add_axes(&v);
	assert_int_equal(scene_open(&s, &v), 0);
	for (size_t i = 0; i < sizeof(expected_axes) / sizeof(expected_axes[0]); i++) {
		const struct expected *e = &expected_axes[i];
		struct picture p = draw_preset(&s, e->preset, true, false);
		double corner[2] = { 0, 0 };
		int near_kind = e->hidden ? e->hidden : WHITE;

		/* What points at the eye hides the white corner; what points away hides behind it.
		 */
		if (!find_color(&p, bar_color(WHITE), corner))
			assert_true(find_color(&p, bar_color(near_kind), corner));
		if (e->hidden != RED)
			check_direction(&p, RED, e->red, corner);
		if (e->hidden != GREEN)
			check_direction(&p, GREEN, e->green, corner);
		if (e->hidden != BLUE)
			check_direction(&p, BLUE, e->blue, corner);
		picture_close(&p);
	}
	scene_close(&s);
	volume_deinit(&v);
}

static void test_unknown_presets_are_not_found(void **state)
{
	(void)state;
	assert_null(view_preset_find("fron", 4));
	assert_null(view_preset_find("fronts", 6));
	assert_null(view_preset_find("", 0));
}

/* Framing: everything is in the picture, and fills it in one direction. */
static void test_framed_content_is_whole_and_large(void **state)
{
	struct volume v = { 0 };
	struct scene s;

	(void)state;
	add_axes(&v);
	assert_int_equal(scene_open(&s, &v), 0);
	for (const struct view_preset *preset = view_presets; preset->name; preset++) {
		for (int ortho = 0; ortho < 2; ortho++) {
			struct picture p = draw_preset(&s, preset->name, ortho, false);
			unsigned inside = 0;

			for (uint32_t i = 0; i < EDGE; i++) {
				assert_int_equal(p.pixels[i], background);
				assert_int_equal(p.pixels[(size_t)(EDGE - 1) * EDGE + i],
						 background);
				assert_int_equal(p.pixels[(size_t)i * EDGE], background);
				assert_int_equal(p.pixels[(size_t)i * EDGE + EDGE - 1], background);
			}
			for (uint32_t i = 0; i < EDGE * EDGE; i++)
				inside += p.pixels[i] != background;
			assert_true(inside > EDGE * EDGE / 30);
			picture_close(&p);
		}
	}
	scene_close(&s);
	volume_deinit(&v);
}

/* Flat shading without smoothing: pixels are voxel colors or the background, exactly. */
static void test_flat_pictures_have_exact_colors(void **state)
{
	struct volume v = { 0 };
	struct scene s;
	struct picture p;

	(void)state;
	add_axes(&v);
	assert_int_equal(scene_open(&s, &v), 0);
	p = draw_preset(&s, "isometric", false, false);
	for (uint32_t i = 0; i < EDGE * EDGE; i++)
		assert_true(p.pixels[i] == background || p.pixels[i] == bar_color(RED) ||
			    p.pixels[i] == bar_color(GREEN) || p.pixels[i] == bar_color(BLUE) ||
			    p.pixels[i] == RGBA_WHITE);
	picture_close(&p);
	scene_close(&s);
	volume_deinit(&v);
}

static void test_an_empty_scene_is_background(void **state)
{
	struct volume v = { 0 };
	struct scene s;
	static const struct box nothing = { { 0, 0, 0 }, { 0, 0, 0 } };
	struct picture_job job = { .scene = &s, .background = 0x00ffffffu, .smooth_edges = true };
	struct picture p;

	(void)state;
	assert_int_equal(scene_open(&s, &v), 0);
	view_from_preset(&job.view, &view_presets[0], &nothing, 20, false, 1);
	p = draw(&s, &job);
	for (uint32_t i = 0; i < EDGE * EDGE; i++)
		assert_int_equal(p.pixels[i], 0x00ffffffu);
	picture_close(&p);
	scene_close(&s);
}

struct model {
	struct voxel voxels[400];
	size_t count;
};

/* A few blobs over several blocks, also at negative places; `apart` times as far from each other.
 */
static void make_model(struct model *m, struct volume *v, uint64_t seed, int apart)
{
	struct rng rng;

	rng_init(&rng, seed, 1);
	m->count = sizeof(m->voxels) / sizeof(m->voxels[0]);
	for (size_t i = 0; i < m->count; i++) {
		int spread = i % 3 ? 12 : 70;

		m->voxels[i] = (struct voxel){ (int32_t)rng_below(&rng, (uint64_t)spread) - 30,
					       (int32_t)rng_below(&rng, (uint64_t)spread) - 20,
					       (int32_t)rng_below(&rng, (uint64_t)spread) - 10,
					       (rgba)i | 0xff000000u };
		m->voxels[i].x += (int)(i % 5) * 100 * (apart - 1);
		m->voxels[i].y -= (int)(i % 7) * 90 * (apart - 1);
		assert_int_equal(volume_set(v, m->voxels[i].x, m->voxels[i].y, m->voxels[i].z,
					    m->voxels[i].color),
				 0);
	}
}

/* Every voxel's box against the ray; INFINITY when none is met. */
static double trace_all(const struct model *m, const double o[3], const double d[3])
{
	double best = INFINITY;

	for (size_t i = 0; i < m->count; i++) {
		const int32_t at[3] = { m->voxels[i].x, m->voxels[i].y, m->voxels[i].z };
		double in = 0;
		double out = INFINITY;

		for (int a = 0; a < 3; a++) {
			double t0 = (at[a] - o[a]) / d[a];
			double t1 = (at[a] + 1 - o[a]) / d[a];

			in = fmax(in, fmin(t0, t1));
			out = fmin(out, fmax(t0, t1));
		}
		if (in < out)
			best = fmin(best, in);
	}
	return best;
}

static void check_rays(int apart)
{
	struct model *m = malloc(sizeof(*m));
	struct volume v = { 0 };
	struct scene s;
	struct rng rng;
	unsigned met = 0;

	make_model(m, &v, 5, apart);
	assert_int_equal(scene_open(&s, &v), 0);
	assert_int_equal(s.grid.cells != NULL, apart == 1);
	rng_init(&rng, 6, 1);
	for (int n = 0; n < 4000; n++) {
		double o[3];
		double d[3];
		double t;
		struct hit hit;

		for (int i = 0; i < 3; i++) {
			const struct voxel *at = &m->voxels[(unsigned)n % m->count];
			const int32_t place[3] = { at->x, at->y, at->z };
			double to = place[i] + (double)rng_below(&rng, 3000) / 1000 - 1;

			o[i] = (double)rng_below(&rng, n % 4 ? 300000 : 60000) / 1000 - 100.5;
			if (n % 3 == 0)
				o[i] += place[i];
			d[i] = to - o[i];
		}
		t = trace_all(m, o, d);
		if (!trace_ray(&s, o, d, 0, &hit)) {
			assert_true(isinf(t));
			continue;
		}
		met++;
		assert_true(fabs(hit.t - t) < 1e-9 * apart);
		assert_int_equal(hit.color, volume_get(&v, hit.pos[0], hit.pos[1], hit.pos[2]));
		/* The point lies on the face that was named, unless the eye is inside. */
		if (t > 0)
			assert_true(fabs(o[hit.axis] + d[hit.axis] * hit.t - hit.pos[hit.axis] -
					 (hit.side > 0)) < 1e-6 * apart);
	}
	assert_true(met > (apart == 1 ? 1000u : 200u));
	scene_close(&s);
	volume_deinit(&v);
	free(m);
}

static void test_rays_meet_what_a_search_of_all_voxels_finds(void **state)
{
	(void)state;
	check_rays(1);
}

static void test_rays_through_wide_content_do_so_too(void **state)
{
	(void)state;
	check_rays(100000);
}

/* An eye out in the open, near, and between the voxels; pixels larger than voxels and smaller. */
static void look_somewhere(struct rng *rng, int n, const struct model *m, struct picture_job *job)
{
	static const double reach[] = { 30, 200, 5000 };
	const struct voxel *at = &m->voxels[rng_below(rng, m->count)];
	const double target[3] = { at->x, at->y, at->z };
	double eye[3];

	for (int i = 0; i < 3; i++)
		eye[i] = target[i] + reach[n % 3] * ((double)rng_below(rng, 2000) / 1000 - 1.0005);
	view_look(&job->view, eye, target, (const double[]){ 0.1, 0.2, 1 },
		  n % 3 == 2 ? 1 : 5 + 5 * (n % 13), n % 2);
}

/* What is skipped before the first voxel of a tile must be empty. */
static void test_pictures_show_what_each_ray_meets(void **state)
{
	struct model *m = malloc(sizeof(*m));
	struct volume v = { 0 };
	struct scene s;
	struct rng rng;
	struct lens lens;
	unsigned met = 0;

	(void)state;
	make_model(m, &v, 5, 1);
	assert_int_equal(scene_open(&s, &v), 0);
	rng_init(&rng, 7, 1);
	for (int n = 0; n < 60; n++) {
		struct picture_job job = { .scene = &s,
					   .shading = { .is_flat = true },
					   .background = background };
		struct picture p;

		look_somewhere(&rng, n, m, &job);
		p = draw(&s, &job);
		lens_init(&lens, &job.view, EDGE, EDGE);
		for (uint32_t i = 0; i < EDGE * EDGE; i++) {
			double o[3];
			double d[3];
			struct hit hit = { .color = background };
			uint32_t row = i / EDGE;

			lens_ray(&lens, i % EDGE + .5, row + .5, o, d);
			met += trace_ray(&s, o, d, 0, &hit);
			assert_int_equal(p.pixels[i], hit.color);
		}
		picture_close(&p);
	}
	assert_true(met > 60000);
	scene_close(&s);
	volume_deinit(&v);
	free(m);
}

/* Two voxels with a hundred million empty blocks between them. */
static void test_a_picture_of_wide_content_does_not_take_for_ever(void **state)
{
	struct volume v = { 0 };
	struct scene s;
	struct picture_job job = { .scene = &s,
				   .shading = { .occlusion = true, .shadow = true },
				   .background = background,
				   .smooth_edges = true };
	struct picture p;

	(void)state;
	assert_int_equal(volume_set(&v, INT32_MIN, 0, 0, 0xff0000ffu), 0);
	assert_int_equal(volume_set(&v, INT32_MAX, 0, 0, 0xff00ff00u), 0);
	assert_int_equal(scene_open(&s, &v), 0);
	view_look(&job.view, (const double[]){ INT32_MIN - 50.0, 0.5, 0.5 },
		  (const double[]){ 0, 0.5, 0.5 }, (const double[]){ 0, 0, 1 }, 5, false);
	shading_light_from(&job.shading, &job.view);
	p = draw(&s, &job);
	assert_int_not_equal(p.pixels[EDGE * EDGE / 2 + EDGE / 2], background);
	assert_int_equal(p.pixels[0], background);
	picture_close(&p);
	scene_close(&s);
	volume_deinit(&v);
}

/* Content too wide for a grid of block pointers. */
static void test_wide_content_is_found(void **state)
{
	const double o[3] = { -1e9 - 50.5, 0.5, 0.5 };
	const double d[3] = { 1, 0, 0 };
	struct volume v = { 0 };
	struct scene s;
	struct hit hit;

	(void)state;
	assert_int_equal(volume_set(&v, -1000000000, 0, 0, 0xff0000ffu), 0);
	assert_int_equal(volume_set(&v, 1000000000, 5, 900000000, 0xff00ff00u), 0);
	assert_int_equal(scene_open(&s, &v), 0);
	assert_null(s.grid.cells);
	assert_true(trace_ray(&s, o, d, 0, &hit));
	assert_int_equal(hit.pos[0], -1000000000);
	assert_int_equal(hit.side, -1);
	assert_true(scene_is_solid(&s, 1000000000, 5, 900000000));
	assert_false(scene_is_solid(&s, INT32_MAX, INT32_MAX, INT32_MAX));
	assert_false(scene_is_solid(&s, INT32_MIN, INT32_MIN, INT32_MIN));
	scene_close(&s);
	volume_deinit(&v);
}

static void test_voxels_at_the_ends_of_the_coordinates(void **state)
{
	struct volume v = { 0 };
	struct scene s;

	(void)state;
	assert_int_equal(volume_set(&v, INT32_MAX, INT32_MAX, INT32_MAX, RGBA_WHITE), 0);
	assert_int_equal(scene_open(&s, &v), 0);
	for (const struct view_preset *p = view_presets; p->name; p++) {
		struct picture_job job = { .scene = &s,
					   .shading = { .occlusion = true, .shadow = true },
					   .background = background };
		struct picture picture;

		view_from_preset(&job.view, p, &s.box, 20, false, 1);
		shading_light_from(&job.shading, &job.view);
		picture = draw(&s, &job);
		assert_int_not_equal(picture.pixels[EDGE / 2 * EDGE + EDGE / 2], background);
		picture_close(&picture);
	}
	scene_close(&s);
	volume_deinit(&v);
}

static struct picture_job full_job(const struct scene *s)
{
	struct picture_job job = { .scene = s,
				   .shading = { .occlusion = true, .shadow = true },
				   .background = background,
				   .smooth_edges = true };

	view_from_preset(&job.view, view_preset_find("isometric", 9), &s->box, 20, false, 1);
	shading_light_from(&job.shading, &job.view);
	return job;
}

static void test_any_number_of_threads_draws_the_same(void **state)
{
	struct model *m = malloc(sizeof(*m));
	struct volume v = { 0 };
	struct scene s;
	struct picture_job job;
	struct picture first;

	(void)state;
	make_model(m, &v, 9, 1);
	assert_int_equal(scene_open(&s, &v), 0);
	job = full_job(&s);
	first = draw(&s, &job);
	for (unsigned n = 1; n <= PICTURE_THREADS_MAX; n += 5) {
		struct picture p;

		p = draw_with(&s, &job, n);
		assert_memory_equal(p.pixels, first.pixels, sizeof(rgba) * (size_t)EDGE * EDGE);
		picture_close(&p);
	}
	picture_close(&first);
	scene_close(&s);
	volume_deinit(&v);
	free(m);
}

/* How often it was asked, and when it says no. */
struct asked {
	unsigned count;
	unsigned count_max;
	int code;
};

static int go_on(void *ctx, uint64_t rows_done)
{
	struct asked *a = ctx;

	assert_true(rows_done <= (uint64_t)PICTURES_MAX * PICTURE_EDGE_MAX);
	return ++a->count < a->count_max ? 0 : a->code;
}

static void test_drawing_can_be_cancelled(void **state)
{
	struct volume v = { 0 };
	struct scene s;
	struct picture_job job;
	struct picture p;
	struct err err = ERR_INIT;
	struct asked asked = { 0, 1, -ETIMEDOUT };
	struct picture_set set = {
		.jobs = &job, .pictures = &p, .count = 1, .go_on = go_on, .go_on_ctx = &asked
	};

	(void)state;
	add_axes(&v);
	assert_int_equal(scene_open(&s, &v), 0);
	job = full_job(&s);
	assert_int_equal(picture_open(&p, EDGE, EDGE), 0);
	assert_int_equal(picture_draw_set(&set, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.msg, "stopped"));
	assert_int_equal(asked.count, 1);
	asked = (struct asked){ 0, UINT_MAX, 0 };
	assert_int_equal(picture_draw_set(&set, &err), 0);
	assert_true(asked.count >= 2);
	picture_close(&p);
	scene_close(&s);
	volume_deinit(&v);
}

/* A picture that takes long enough for the caller to ask, while it waits for the threads. */
static void test_threads_stop_drawing_when_told_to(void **state)
{
	struct volume v = { 0 };
	struct scene s;
	struct picture_job jobs[PICTURES_MAX];
	struct picture pictures[PICTURES_MAX] = { { 0 } };
	struct err err = ERR_INIT;
	struct asked asked = { 0, 2, -ECANCELED };
	struct drawers *drawers;
	struct picture_set set = { .jobs = jobs,
				   .pictures = pictures,
				   .count = PICTURES_MAX,
				   .threads_max = 2,
				   .go_on = go_on,
				   .go_on_ctx = &asked };

	(void)state;
	add_axes(&v);
	assert_int_equal(scene_open(&s, &v), 0);
	for (int i = 0; i < PICTURES_MAX; i++) {
		jobs[i] = full_job(&s);
		pictures[i] = (struct picture){ .width = 2048, .height = 2048 };
	}
	assert_int_equal(drawers_open(&(struct drawers_cfg){ .threads_max = 2 }, &drawers, &err),
			 0);
	assert_int_equal(drawers_draw(drawers, &set, &err), -ECANCELED);
	assert_int_equal(asked.count, 2);
	drawers_close(drawers);
	for (int i = 0; i < PICTURES_MAX; i++)
		picture_close(&pictures[i]);
	scene_close(&s);
	volume_deinit(&v);
}

/* What was told of the pictures of a set. */
struct finished {
	atomic_uint count[PICTURES_MAX];
	int rc;
};

static int finish(void *ctx, size_t index, struct picture *p)
{
	struct finished *f = ctx;

	assert_non_null(p->pixels);
	atomic_fetch_add(&f->count[index], 1);
	return f->rc;
}

static void test_a_set_shows_what_single_pictures_do(void **state)
{
	struct model *m = malloc(sizeof(*m));
	struct volume v = { 0 };
	struct scene s;
	struct picture_job jobs[8];
	struct picture pictures[8];
	struct finished finished = { .rc = 0 };
	struct drawers *drawers;
	struct picture_set set = { .jobs = jobs,
				   .pictures = pictures,
				   .count = 8,
				   .finish = finish,
				   .finish_ctx = &finished };
	struct err err = ERR_INIT;

	(void)state;
	make_model(m, &v, 9, 1);
	assert_int_equal(scene_open(&s, &v), 0);
	assert_int_equal(drawers_open(&(struct drawers_cfg){ .threads_max = 4 }, &drawers, &err),
			 0);
	for (int round = 0; round < 4; round++) {
		set.threads_max = (unsigned)round;
		for (int i = 0; i < 8; i++) {
			jobs[i] = full_job(&s);
			view_from_preset(&jobs[i].view, &view_presets[i], &s.box, 20, i % 2, 1);
			pictures[i] = (struct picture){ .width = EDGE, .height = EDGE };
			atomic_store(&finished.count[i], 0);
		}
		assert_int_equal(round ? drawers_draw(drawers, &set, &err)
				       : picture_draw_set(&set, &err),
				 0);
		for (int i = 0; i < 8; i++) {
			struct picture alone = draw(&s, &jobs[i]);

			assert_int_equal(atomic_load(&finished.count[i]), 1);
			assert_memory_equal(alone.pixels, pictures[i].pixels,
					    sizeof(rgba) * (size_t)EDGE * EDGE);
			picture_close(&alone);
			picture_close(&pictures[i]);
		}
	}
	finished.rc = -EIO;
	for (int i = 0; i < 8; i++)
		pictures[i] = (struct picture){ .width = EDGE, .height = EDGE };
	assert_int_equal(drawers_draw(drawers, &set, &err), -EIO);
	drawers_close(drawers);
	for (int i = 0; i < 8; i++)
		picture_close(&pictures[i]);
	scene_close(&s);
	volume_deinit(&v);
	free(m);
}

static void test_sizes_are_bounded(void **state)
{
	struct picture p;

	(void)state;
	assert_int_equal(picture_open(&p, 0, 5), -EINVAL);
	assert_int_equal(picture_open(&p, 5, PICTURE_EDGE_MAX + 1), -EINVAL);
	assert_int_equal(picture_open(&p, PICTURE_EDGE_MAX, 1), 0);
	picture_close(&p);
}

/* libpng reads back every pixel, opaque pictures and transparent ones. */
static void test_png_holds_the_same_pixels(void **state)
{
	(void)state;
	for (unsigned alpha = 0; alpha < 2; alpha++) {
		struct picture p;
		struct strbuf text = { 0 };
		struct rng rng;
		png_image image = { .version = PNG_IMAGE_VERSION };
		rgba back[37 * 11];

		assert_int_equal(picture_open(&p, 37, 11), 0);
		rng_init(&rng, 3, alpha);
		for (size_t i = 0; i < (size_t)37 * 11; i++)
			p.pixels[i] = (rgba)rng_below(&rng, UINT32_MAX) | (alpha ? 0 : 0xff000000u);
		assert_int_equal(image_encode_png(&p, &text, NULL), 0);
		assert_int_not_equal(png_image_begin_read_from_memory(&image, text.ptr, text.len),
				     0);
		assert_int_equal(image.format & PNG_FORMAT_FLAG_ALPHA, alpha);
		image.format = PNG_FORMAT_RGBA;
		assert_int_not_equal(png_image_finish_read(&image, NULL, back, 0, NULL), 0);
		assert_memory_equal(back, p.pixels, sizeof(back));
		strbuf_deinit(&text);
		picture_close(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_presets_show_the_axes_as_intended),
		cmocka_unit_test(test_unknown_presets_are_not_found),
		cmocka_unit_test(test_framed_content_is_whole_and_large),
		cmocka_unit_test(test_flat_pictures_have_exact_colors),
		cmocka_unit_test(test_an_empty_scene_is_background),
		cmocka_unit_test(test_rays_meet_what_a_search_of_all_voxels_finds),
		cmocka_unit_test(test_rays_through_wide_content_do_so_too),
		cmocka_unit_test(test_pictures_show_what_each_ray_meets),
		cmocka_unit_test(test_a_picture_of_wide_content_does_not_take_for_ever),
		cmocka_unit_test(test_wide_content_is_found),
		cmocka_unit_test(test_voxels_at_the_ends_of_the_coordinates),
		cmocka_unit_test(test_any_number_of_threads_draws_the_same),
		cmocka_unit_test(test_drawing_can_be_cancelled),
		cmocka_unit_test(test_threads_stop_drawing_when_told_to),
		cmocka_unit_test(test_a_set_shows_what_single_pictures_do),
		cmocka_unit_test(test_sizes_are_bounded),
		cmocka_unit_test(test_png_holds_the_same_pixels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
