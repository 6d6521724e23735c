/*
 * bench_render.c - pictures as render_scene draws them by default: 512 x 512 from the isometric
 * view, smooth edges, occlusion; and, for comparison, the time that libpng with its default
 * settings takes to encode the same pixels.
 *
 * Times measured minutes apart differ on this machine without any cause, so both ratios that have a
 * target are measured by benchmarks that alternate between the two.
 */
#include <errno.h>
#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "bench/suite/suite.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/strbuf.h"
#include "daemon/render/drawers.h"
#include "daemon/render/image.h"
#include "daemon/render/picture.h"
#include "daemon/voxel/shapes.h"

enum {
	EDGE = 512,       /* of the picture, in pixels */
	MODEL_EDGE = 64,  /* of the model, in voxels */
	PNG_MAX = 4 << 20 /* more than any of these pictures needs */
};

/* As render_scene's default. */
static const rgba background = 0xfff0f0f0u;

struct studio {
	struct volume volume;
	struct scene scene;
	struct picture picture;
	struct picture_job job;
	struct drawers *drawers;
	unsigned char *rgb; /* [EDGE][EDGE][3]: input of libpng, without alpha */
	unsigned char *png; /* [PNG_MAX] */
};

/* What a benchmark draws, and how. */
struct subject {
	int (*make)(struct volume *v);
	bool flat, smooth, occlusion, shadow;
};

/* Hills with grass, rock and snow: steps everywhere, all kinds of corners. */
static int make_hills(struct volume *v)
{
	for (int x = 0; x < MODEL_EDGE; x++)
		for (int y = 0; y < MODEL_EDGE; y++) {
			double h = 32 + 14 * sin(x * .13) * cos(y * .11) +
				   9 * sin(x * .31 + y * .23) + 8 * cos(x * .07 - y * .41);
			int top = h < 1 ? 1 : h > MODEL_EDGE ? MODEL_EDGE : (int)h;

			for (int z = 0; z < top; z++) {
				rgba color = z > 46   ? rgba_of(240, 240, 245, 255)
					     : z > 34 ? rgba_of(128, 120, 112, 255)
						      : rgba_of(70, 140, 60, 255);
				int rc = volume_set(v, x, y, z, color);

				if (rc < 0)
					return rc;
			}
		}
	return 0;
}

static int make_ball(struct volume *v)
{
	struct shape ball = { .kind = SHAPE_SPHERE,
			      .size = { MODEL_EDGE, MODEL_EDGE, MODEL_EDGE } };
	uint64_t count;

	return shape_draw(v, &ball, rgba_of(200, 60, 30, 255), &count);
}

static const struct subject as_usual = { .make = make_hills, .smooth = true, .occlusion = true };
static const struct subject ball_as_usual = { .make = make_ball,
					      .smooth = true,
					      .occlusion = true };
static const struct subject jagged = { .make = make_hills, .occlusion = true };
static const struct subject flat = { .make = make_hills, .flat = true };
static const struct subject shadowed = {
	.make = make_hills, .smooth = true, .occlusion = true, .shadow = true
};

static void tear_down(struct bench_state *s, void *arg)
{
	struct studio *st = arg;

	(void)s;
	drawers_close(st->drawers);
	free(st->png);
	free(st->rgb);
	picture_close(&st->picture);
	scene_close(&st->scene);
	volume_deinit(&st->volume);
	free(st);
}

static int build(struct studio *st, const struct subject *subject)
{
	const struct drawers_cfg cfg = { .threads_max = 2, .is_eager = true };
	int rc;

	volume_init(&st->volume, NULL);
	st->rgb = malloc((size_t)EDGE * EDGE * 3);
	st->png = malloc(PNG_MAX);
	rc = st->rgb && st->png ? subject->make(&st->volume) : -ENOMEM;
	if (rc == 0)
		rc = scene_open(&st->scene, &st->volume);
	if (rc == 0)
		rc = picture_open(&st->picture, EDGE, EDGE);
	if (rc == 0)
		rc = drawers_open(&cfg, &st->drawers, NULL);
	if (rc < 0)
		return rc;
	st->job = (struct picture_job){
		.scene = &st->scene,
		.background = background,
		.smooth_edges = subject->smooth,
		.shading = { .is_flat = subject->flat,
			     .occlusion = subject->occlusion,
			     .shadow = subject->shadow },
	};
	view_from_preset(&st->job.view, view_preset_find("isometric", 9), &st->scene.box, 20, false,
			 1);
	shading_light_from(&st->job.shading, &st->job.view);
	return 0;
}

/* One thread means the calling thread. */
static int draw_with(struct bench_state *s, struct studio *st, unsigned threads_count)
{
	const struct picture_set set = {
		.jobs = &st->job, .pictures = &st->picture, .count = 1, .threads_max = threads_count
	};
	struct err err = ERR_INIT;
	int rc = threads_count > 1 ? drawers_draw(st->drawers, &set, &err)
				   : picture_draw_set(&set, &err);

	if (rc < 0)
		return suite_fail(s, err.code, "%s", err.msg);
	return 0;
}

/* The reference: libpng with default settings. Returns the PNG's length, 0 when it failed. */
static size_t encode_by_default(struct studio *st)
{
	png_image image = { .version = PNG_IMAGE_VERSION,
			    .width = EDGE,
			    .height = EDGE,
			    .format = PNG_FORMAT_RGB };
	png_alloc_size_t len = PNG_MAX;

	return png_image_write_to_memory(&image, st->png, &len, 0, st->rgb, 0, NULL) ? len : 0;
}

static int check_png(struct bench_state *s, const struct studio *st, const void *png, size_t len)
{
	png_image image = { .version = PNG_IMAGE_VERSION };
	unsigned char *back = malloc((size_t)EDGE * EDGE * 3);
	bool same = false;

	if (!back)
		return suite_fail(s, -ENOMEM, "out of memory");
	if (png_image_begin_read_from_memory(&image, png, len)) {
		image.format = PNG_FORMAT_RGB;
		same = image.width == EDGE && image.height == EDGE &&
		       png_image_finish_read(&image, NULL, back, 0, NULL) &&
		       memcmp(back, st->rgb, (size_t)EDGE * EDGE * 3) == 0;
	}
	png_image_free(&image);
	free(back);
	return same ? 0 : suite_wrong(s, "the PNG does not hold the picture");
}

/* Checks that the model is in the middle and the corners are empty, and that two threads draw the
 * same picture as one. */
static int check_picture(struct bench_state *s, struct studio *st)
{
	size_t all = (size_t)EDGE * EDGE;
	rgba *alone = malloc(all * sizeof(*alone));
	size_t covered = 0;
	int rc;

	if (!alone)
		return suite_fail(s, -ENOMEM, "out of memory");
	rc = draw_with(s, st, 1);
	memcpy(alone, st->picture.pixels, all * sizeof(*alone));
	if (rc == 0)
		rc = draw_with(s, st, 2);
	for (size_t i = 0; i < all; i++)
		covered += alone[i] != background;
	if (rc == 0 && memcmp(alone, st->picture.pixels, all * sizeof(*alone)) != 0)
		rc = suite_wrong(s, "two threads draw another picture than one");
	if (rc == 0 && (alone[0] != background || alone[all - 1] != background))
		rc = suite_wrong(s, "a corner of the picture is covered");
	if (rc == 0 && (covered < all / 5 || covered > all * 9 / 10))
		rc = suite_wrong(s, "%zu of %zu pixels are covered", covered, all);
	free(alone);
	return rc;
}

static int check(struct bench_state *s, struct studio *st)
{
	struct strbuf ours = { 0 };
	int rc = check_picture(s, st);
	size_t len;

	for (size_t i = 0; i < (size_t)EDGE * EDGE; i++) {
		st->rgb[3 * i] = (unsigned char)rgba_r(st->picture.pixels[i]);
		st->rgb[3 * i + 1] = (unsigned char)rgba_g(st->picture.pixels[i]);
		st->rgb[3 * i + 2] = (unsigned char)rgba_b(st->picture.pixels[i]);
	}
	if (rc < 0)
		return rc;
	len = encode_by_default(st);
	rc = check_png(s, st, st->png, len);
	if (rc == 0 && image_encode_png(&st->picture, &ours, NULL) < 0)
		rc = suite_fail(s, -EIO, "our encoder failed");
	if (rc == 0)
		rc = check_png(s, st, ours.ptr, ours.len);
	strbuf_deinit(&ours);
	return rc;
}

static int set_up(struct bench_state *s, void **out)
{
	struct studio *st = calloc(1, sizeof(*st));
	int rc;

	if (!st)
		return -ENOMEM;
	rc = build(st, bench_context(s));
	if (rc == 0)
		rc = check(s, st);
	if (rc < 0)
		tear_down(s, st);
	else
		*out = st;
	return rc;
}

static void draw(struct bench_state *s)
{
	struct studio *st = bench_shared(s);
	unsigned threads_count = (unsigned)bench_range(s, 0);

	BENCH_LOOP(s) {
		if (draw_with(s, st, threads_count) < 0)
			break;
	}
	bench_items_processed(s, bench_iterations_done(s) * EDGE * EDGE);
}

static void arrange(struct bench_state *s)
{
	struct studio *st = bench_shared(s);

	BENCH_LOOP(s) {
		struct scene scene;

		if (scene_open(&scene, &st->volume) < 0)
			suite_fail(s, -ENOMEM, "out of memory");
		else
			scene_close(&scene);
	}
}

static void encode(struct bench_state *s)
{
	struct studio *st = bench_shared(s);
	size_t len = 0;

	BENCH_LOOP(s) {
		len = encode_by_default(st);
	}
	bench_counter(s, "png_bytes", (double)len, 0);
}

static void encode_ours(struct bench_state *s)
{
	struct studio *st = bench_shared(s);
	struct strbuf png = { 0 };
	struct err err = ERR_INIT;

	BENCH_LOOP(s) {
		strbuf_clear(&png);
		if (image_encode_png(&st->picture, &png, &err) < 0) {
			suite_fail(s, err.code, "%s", err.msg);
			break;
		}
	}
	bench_counter(s, "png_bytes", (double)png.len, 0);
	strbuf_deinit(&png);
}

/* The sum and the minimum of the times. */
struct taken {
	double sum_ns, least_ns;
};

static void take(struct taken *t, uint64_t since_ns)
{
	double ns = (double)(clock_ns() - since_ns);

	t->sum_ns += ns;
	if (!(t->least_ns > 0 && t->least_ns < ns))
		t->least_ns = ns;
}

/* "best" uses the minima, which are least disturbed by other load. */
static void report(struct bench_state *s, const char *name, const struct taken *a,
		   const struct taken *b)
{
	char best[64];

	snprintf(best, sizeof(best), "%s_best", name);
	bench_counter(s, name, a->sum_ns / b->sum_ns, 0);
	bench_counter(s, best, a->least_ns / b->least_ns, 0);
}

static void draw_per_encode(struct bench_state *s)
{
	struct studio *st = bench_shared(s);
	struct taken drawn = { 0, 0 }, encoded = { 0, 0 };

	BENCH_LOOP(s) {
		uint64_t since_ns = clock_ns();

		if (draw_with(s, st, 1) < 0)
			break;
		take(&drawn, since_ns);
		since_ns = clock_ns();
		encode_by_default(st);
		take(&encoded, since_ns);
	}
	report(s, "draw_per_encode", &drawn, &encoded);
}

static void one_per_two(struct bench_state *s)
{
	struct studio *st = bench_shared(s);
	struct taken alone = { 0, 0 }, together = { 0, 0 };

	BENCH_LOOP(s) {
		uint64_t since_ns = clock_ns();

		if (draw_with(s, st, 1) < 0)
			break;
		take(&alone, since_ns);
		since_ns = clock_ns();
		if (draw_with(s, st, 2) < 0)
			break;
		take(&together, since_ns);
	}
	report(s, "speedup", &alone, &together);
}

static const struct bench_fixture fixture = { .setup = set_up, .teardown = tear_down };

static struct bench *add_one(bench_body *body, const struct subject *subject, const char *name)
{
	return bench_use_real_time(suite_add(body, &fixture, subject, "render/%s", name));
}

static void add(void)
{
	static const char *const threads[] = { "threads" };
	static const struct {
		const struct subject *subject;
		const char *name;
	} pictures[] = {
		{ &as_usual, "isometric_512/dense_surface" },
		{ &ball_as_usual, "isometric_512/ball" },
		{ &shadowed, "isometric_512/dense_surface_shadow" },
		{ &jagged, "isometric_512/dense_surface_jagged" },
		{ &flat, "isometric_512/dense_surface_flat" },
	};

	for (size_t i = 0; i < sizeof(pictures) / sizeof(pictures[0]); i++) {
		struct bench *b = add_one(draw, pictures[i].subject, pictures[i].name);

		bench_arg_names(bench_arg(b, 1), threads, 1);
		if (i == 0)
			bench_arg(b, 2);
	}
	add_one(encode, &as_usual, "png_encode_512/dense_surface/default");
	add_one(encode_ours, &as_usual, "png_encode_512/dense_surface/ours");
	add_one(draw_per_encode, &as_usual, "draw_then_encode_512/dense_surface");
	add_one(draw_per_encode, &ball_as_usual, "draw_then_encode_512/ball");
	add_one(one_per_two, &as_usual, "one_then_two_threads_512/dense_surface");
	add_one(arrange, &as_usual, "arrange/dense_surface");
}

const struct suite suite_render = {
	.name = "render",
	.summary = "a picture of 512 x 512 by one thread and by two, and its PNG",
	.add = add,
};
