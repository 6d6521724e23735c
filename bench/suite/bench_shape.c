/*
 * bench_shape.c - shapes drawn into an empty volume, solid and hollow, including the cost of
 * emptying it again.
 *
 * Items are the voxels of the shape; for a hollow one only those of the shell. SIDE exceeds the
 * caches and is not a multiple of the block's edge.
 */
#include <string.h>

#include "bench/suite/suite.h"
#include "daemon/voxel/shapes.h"

enum { SIDE = 200 };

struct row {
	const char *name;
	struct shape shape;
};

#define SIDES                    \
	{                        \
		SIDE, SIDE, SIDE \
	}
#define SOLID(k)                                      \
	{                                             \
		.kind = (k), .size = SIDES, .axis = 2 \
	}
#define SHELL(k)                                                                      \
	{                                                                             \
		.kind = (k), .size = SIDES, .axis = 2, .hollow = true, .thickness = 1 \
	}

static const struct row rows[] = {
	{ "shape/box/solid", SOLID(SHAPE_BOX) },
	{ "shape/sphere/solid", SOLID(SHAPE_SPHERE) },
	{ "shape/cylinder/solid", SOLID(SHAPE_CYLINDER) },
	{ "shape/cone/solid", SOLID(SHAPE_CONE) },
	{ "shape/torus/solid",
	  { .kind = SHAPE_TORUS, .size = { SIDE, SIDE, SIDE / 4 }, .axis = 2 } },
	{ "shape/box/hollow", SHELL(SHAPE_BOX) },
	{ "shape/sphere/hollow", SHELL(SHAPE_SPHERE) },
	{ "shape/cylinder/hollow", SHELL(SHAPE_CYLINDER) },
	{ "shape/cone/hollow", SHELL(SHAPE_CONE) },
	{ "shape/torus/hollow",
	  { .kind = SHAPE_TORUS,
	    .size = { SIDE, SIDE, SIDE / 4 },
	    .axis = 2,
	    .hollow = true,
	    .thickness = 1 } },
};

/* Checks that the size and the number of voxels drawn are as reported. */
static int set_up(struct bench_state *s, void **out)
{
	const struct row *row = bench_context(s);
	struct volume v = { 0 };
	struct box want;
	struct box got;
	uint64_t count = 0;
	int rc = shape_draw(&v, &row->shape, RGBA_WHITE, &count);

	*out = NULL;
	if (rc < 0)
		rc = suite_fail(s, rc, "cannot draw");
	else if (volume_voxels_count(&v) != count)
		rc = suite_wrong(s, "%llu voxels, %llu reported",
				 (unsigned long long)volume_voxels_count(&v),
				 (unsigned long long)count);
	else if (shape_box(&row->shape, &want) < 0 || !volume_box(&v, &got) ||
		 memcmp(&want, &got, sizeof(want)) != 0)
		rc = suite_wrong(s, "the size is wrong");
	volume_deinit(&v);
	return rc;
}

static void draw(struct bench_state *s)
{
	const struct row *row = bench_context(s);
	struct volume v = { 0 };
	uint64_t count = 0;

	BENCH_LOOP(s) {
		volume_clear(&v);
		if (shape_draw(&v, &row->shape, RGBA_WHITE, &count) < 0)
			suite_wrong(s, "cannot draw");
	}
	bench_items_processed(s, bench_iterations_done(s) * count);
	volume_deinit(&v);
}

static void add(void)
{
	static const struct bench_fixture fixture = { .setup = set_up };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		suite_add(draw, &fixture, &rows[i], "%s", rows[i].name);
}

const struct suite suite_shape = {
	.name = "shape",
	.summary = "shapes drawn, solid and hollow",
	.add = add,
};
