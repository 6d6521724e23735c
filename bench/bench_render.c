/* bench_render.c - pictures: a hollow sphere with a box in it, drawn from the default view. */
#include <errno.h>
#include <stdlib.h>

#include "bench/suite.h"
#include "daemon/base/err.h"
#include "daemon/base/strbuf.h"
#include "daemon/render/image.h"
#include "daemon/render/picture.h"
#include "daemon/voxel/shapes.h"

#define BACKGROUND RGBA_NONE

struct studio {
	struct volume volume;
	struct scene scene;
	struct picture picture;
	struct picture_job job;
};

static void tear_down(struct bench_state *s, void *arg)
{
	struct studio *st = arg;

	(void)s;
	picture_close(&st->picture);
	scene_close(&st->scene);
	volume_deinit(&st->volume);
	free(st);
}

static int build(struct studio *st, uint32_t width, uint32_t height)
{
	struct shape ball = {
		.kind = SHAPE_SPHERE, .size = { 96, 96, 96 }, .hollow = true, .thickness = 3
	};
	const struct box bar = { { 40, -20, 40 }, { 56, 120, 56 } };
	uint64_t count;
	int rc;

	volume_init(&st->volume, NULL);
	rc = shape_draw(&st->volume, &ball, rgba_of(200, 60, 30, 255), &count);
	if (rc == 0)
		rc = volume_fill_box(&st->volume, &bar, rgba_of(30, 90, 200, 255));
	if (rc == 0)
		rc = scene_open(&st->scene, &st->volume);
	if (rc == 0)
		rc = picture_open(&st->picture, width, height);
	if (rc < 0)
		return rc;
	st->job = (struct picture_job){
		.scene = &st->scene,
		.background = BACKGROUND,
		.smooth_edges = true,
		.threads_count = 1,
		.shading = { .occlusion = true, .shadow = true },
	};
	view_from_preset(&st->job.view, view_preset_find("default", 7), &st->scene.box, 45, false,
			 (double)width / height);
	shading_light_from(&st->job.shading, &st->job.view);
	return 0;
}

/* The body is in the middle, and nothing at the edges. */
static int check(struct bench_state *s, struct studio *st)
{
	const struct picture *p = &st->picture;
	uint64_t covered = 0, all = (uint64_t)p->width * p->height;

	for (uint64_t i = 0; i < all; i++)
		covered += p->pixels[i] != BACKGROUND;
	if (p->pixels[0] != BACKGROUND || p->pixels[all - 1] != BACKGROUND)
		return suite_wrong(s, "a corner of the picture is covered");
	if (covered < all / 20 || covered > all * 9 / 10)
		return suite_wrong(s, "%llu of %llu pixels are covered",
				   (unsigned long long)covered, (unsigned long long)all);
	return 0;
}

static int set_up(struct bench_state *s, void **out)
{
	struct studio *st = calloc(1, sizeof(*st));
	struct err err = ERR_INIT;
	int rc;

	if (!st)
		return -ENOMEM;
	rc = build(st, (uint32_t)bench_range(s, 0), (uint32_t)bench_range(s, 1));
	if (rc == 0)
		rc = picture_draw(&st->picture, &st->job, &err);
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
	struct err err = ERR_INIT;

	BENCH_LOOP(s) {
		if (picture_draw(&st->picture, &st->job, &err) < 0) {
			suite_fail(s, err.code, "%s", err.msg);
			break;
		}
	}
	bench_items_processed(s, bench_iterations_done(s) * st->picture.width * st->picture.height);
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

static void add(void)
{
	static const struct bench_fixture fixture = { .setup = set_up, .teardown = tear_down };

	bench_args2(bench_args2(suite_add(draw, &fixture, NULL, "render/draw"), 256, 256), 640,
		    480);
	bench_args2(suite_add(arrange, &fixture, NULL, "render/arrange"), 256, 256);
	bench_args2(suite_add(encode, &fixture, NULL, "render/encode_png"), 640, 480);
}

const struct suite suite_render = {
	.name = "render",
	.summary = "a picture drawn by one thread, and its PNG",
	.add = add,
};
