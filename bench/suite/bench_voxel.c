/*
 * bench_voxel.c - the engine: single voxels written and read, batches, boxes, snapshots, flood
 * fill.
 *
 * The scene is a dense cube of EDGE^3 voxels in 64 blocks.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/suite/suite.h"
#include "daemon/base/rng.h"
#include "daemon/voxel/fill.h"
#include "daemon/voxel/project.h"
#include "daemon/voxel/snapshot.h"
#include "daemon/voxel/volume.h"

enum { EDGE = 64, PLACES = 4096, BATCH = 1000 };

static const struct box cube = { { 0, 0, 0 }, { EDGE - 1, EDGE - 1, EDGE - 1 } };
#define CUBE_VOXELS ((uint64_t)EDGE * EDGE * EDGE)

struct scene {
	struct project *project;
	struct layer *layer;
	struct voxel places[PLACES]; /* inside the cube, in random order */
};

static void tear_down(struct bench_state *s, void *arg)
{
	struct scene *scene = arg;

	(void)s;
	project_free(scene->project);
	free(scene);
}

static int check(struct bench_state *s, struct scene *scene)
{
	struct volume *v = &scene->layer->volume;
	struct box box;

	if (volume_voxels_count(v) != CUBE_VOXELS)
		return suite_wrong(s, "%llu voxels in the cube of %d",
				   (unsigned long long)volume_voxels_count(v), EDGE);
	if (!volume_box(v, &box) || box.min[0] != 0 || box.max[2] != EDGE - 1)
		return suite_wrong(s, "the cube has the wrong box");
	for (size_t i = 0; i < PLACES; i++) {
		const struct voxel *p = &scene->places[i];

		if (volume_get(v, p->x, p->y, p->z) != RGBA_WHITE)
			return suite_wrong(s, "voxel %d %d %d is missing", p->x, p->y, p->z);
	}
	return 0;
}

static int fill_scene(struct scene *scene)
{
	static const int32_t size[3] = { EDGE, EDGE, EDGE };
	struct rng rng;
	int rc = project_new(1, "bench", 5, size, &scene->project);

	if (rc < 0)
		return rc;
	scene->layer = document_active(&scene->project->doc);
	rng_init(&rng, 1, 0);
	for (size_t i = 0; i < PLACES; i++)
		scene->places[i] = (struct voxel){ (int32_t)rng_below(&rng, EDGE),
						   (int32_t)rng_below(&rng, EDGE),
						   (int32_t)rng_below(&rng, EDGE),
						   rgba_of(1, 2, (unsigned)i, 255) };
	return volume_fill_box(&scene->layer->volume, &cube, RGBA_WHITE);
}

static int set_up(struct bench_state *s, void **out)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	int rc;

	if (!scene)
		return -ENOMEM;
	rc = fill_scene(scene);
	if (rc == 0)
		rc = check(s, scene);
	if (rc < 0)
		tear_down(s, scene);
	else
		*out = scene;
	return rc;
}

static void expect_written(struct bench_state *s, const struct scene *scene)
{
	const struct voxel *p = &scene->places[PLACES - 1];

	/* In fewer iterations nothing is written there. */
	if (bench_iterations_done(s) >= PLACES &&
	    volume_get(&scene->layer->volume, p->x, p->y, p->z) != p->color)
		suite_wrong(s, "a written voxel does not have its color");
}

static void write_one(struct bench_state *s)
{
	struct scene *scene = bench_shared(s);
	size_t i = 0;

	BENCH_LOOP(s) {
		const struct voxel *p = &scene->places[i++ % PLACES];

		volume_set(&scene->layer->volume, p->x, p->y, p->z, p->color);
	}
	expect_written(s, scene);
}

static void edit_one(struct bench_state *s)
{
	struct scene *scene = bench_shared(s);
	size_t i = 0;

	BENCH_LOOP(s)
		project_set_voxel(scene->project, scene->layer, &scene->places[i++ % PLACES], NULL);
	expect_written(s, scene);
}

static void edit_batch(struct bench_state *s)
{
	struct scene *scene = bench_shared(s);
	const struct voxel *last = &scene->places[BATCH - 1];

	BENCH_LOOP(s)
		BENCH_KEEP(project_set_voxels(scene->project, scene->layer, scene->places, BATCH));
	if (volume_get(&scene->layer->volume, last->x, last->y, last->z) == RGBA_WHITE)
		suite_wrong(s, "a batch is missing");
	bench_items_processed(s, bench_iterations_done(s) * BATCH);
}

static void read_one(struct bench_state *s)
{
	struct scene *scene = bench_shared(s);
	size_t i = 0;

	BENCH_LOOP(s) {
		const struct voxel *p = &scene->places[i++ % PLACES];

		BENCH_KEEP(volume_get(&scene->layer->volume, p->x, p->y, p->z));
	}
}

static void read_all(struct bench_state *s)
{
	struct scene *scene = bench_shared(s);

	BENCH_LOOP(s) {
		struct cursor c = { .v = &scene->layer->volume };
		uint64_t found = 0;

		for (int32_t z = 0; z < EDGE; z++)
			for (int32_t y = 0; y < EDGE; y++)
				for (int32_t x = 0; x < EDGE; x++)
					found += cursor_get(&c, x, y, z) != RGBA_NONE;
		if (found != CUBE_VOXELS)
			suite_wrong(s, "a scan found %llu voxels", (unsigned long long)found);
	}
	bench_items_processed(s, bench_iterations_done(s) * CUBE_VOXELS);
}

static void fill_box(struct bench_state *s)
{
	struct scene *scene = bench_shared(s);
	struct volume *v = &scene->layer->volume;

	BENCH_LOOP(s) {
		volume_clear(v);
		volume_fill_box(v, &cube, RGBA_WHITE);
	}
	if (volume_voxels_count(v) != CUBE_VOXELS)
		suite_wrong(s, "the filled box is not full");
	bench_counter(s, "bytes_per_voxel", (double)volume_bytes(v) / (double)CUBE_VOXELS, 0);
	bench_items_processed(s, bench_iterations_done(s) * CUBE_VOXELS);
}

static void find_box(struct bench_state *s)
{
	struct scene *scene = bench_shared(s);
	struct box box;

	BENCH_LOOP(s)
		BENCH_KEEP(volume_box(&scene->layer->volume, &box));
}

static void take_snapshot(struct bench_state *s)
{
	struct scene *scene = bench_shared(s);

	BENCH_LOOP(s) {
		struct snapshot *snap = snapshot_take(scene->project);

		if (!snap || document_voxels_count(&snap->doc) != CUBE_VOXELS)
			suite_wrong(s, "a snapshot lacks voxels");
		snapshot_put(snap);
	}
}

/* The cost for the editor while a reader has a snapshot: the block is copied. */
static void write_under_snapshot(struct bench_state *s)
{
	struct scene *scene = bench_shared(s);
	size_t i = 0;

	BENCH_LOOP(s) {
		struct snapshot *snap = snapshot_take(scene->project);
		const struct voxel *p = &scene->places[i++ % PLACES];

		volume_set(&scene->layer->volume, p->x, p->y, p->z, p->color);
		snapshot_put(snap);
	}
	expect_written(s, scene);
}

static void flood(struct bench_state *s)
{
	struct scene *scene = bench_shared(s);
	struct fill fill = { .bounds = &cube, .voxels_max = FILL_VOXELS_DEFAULT };
	uint64_t count = 0;
	unsigned turn = 0;

	BENCH_LOOP(s) {
		fill.color = rgba_of(++turn, 0, 0, 255);
		if (fill_flood(&scene->layer->volume, &fill, &count) < 0 || count != CUBE_VOXELS)
			suite_wrong(s, "%llu voxels were filled", (unsigned long long)count);
	}
	bench_items_processed(s, bench_iterations_done(s) * CUBE_VOXELS);
}

static void add(void)
{
	static const struct bench_fixture fixture = { .setup = set_up, .teardown = tear_down };
	static const struct {
		const char *name;
		bench_body *body;
	} rows[] = {
		{ "voxel_write/volume", write_one },
		{ "voxel_write/edit", edit_one },
		{ "voxel_batch/1000", edit_batch },
		{ "voxel_read/random", read_one },
		{ "voxel_read/scan_64", read_all },
		{ "voxel_fill_box/64", fill_box },
		{ "voxel_bounding_box/64", find_box },
		{ "snapshot/take", take_snapshot },
		{ "snapshot/write_under", write_under_snapshot },
		{ "flood_fill/64", flood },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		suite_add(rows[i].body, &fixture, NULL, "%s", rows[i].name);
}

const struct suite suite_voxel = {
	.name = "voxel",
	.summary = "voxels written, read and filled, snapshots, flood fill",
	.add = add,
};
