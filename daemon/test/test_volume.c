/* volumes against a plain cube under random operations; sharing; limits; memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "daemon/base/alloc.h"
#include "daemon/base/rng.h"
#include "daemon/test/skip.h"
#include "daemon/test/voxel_model.h"
#include "daemon/voxel/analyze.h"
#include "daemon/voxel/volume.h"

static int32_t place(struct rng *r)
{
	return MODEL_MIN + (int32_t)rng_below(r, MODEL_EDGE);
}

static rgba color(struct rng *r)
{
	return rng_below(r, 4) ? (rgba)rng_next(r) | 0xff000000u : RGBA_NONE;
}

static void order(int32_t *a, int32_t *b)
{
	int32_t t = *a;

	if (*a > *b) {
		*a = *b;
		*b = t;
	}
}

static void random_box(struct rng *r, struct box *b)
{
	for (int i = 0; i < 3; i++) {
		b->min[i] = place(r);
		b->max[i] = place(r);
		order(&b->min[i], &b->max[i]);
	}
}

static void fill_model(struct model *m, const struct box *b, rgba c)
{
	for (int z = b->min[2]; z <= b->max[2]; z++)
		for (int y = b->min[1]; y <= b->max[1]; y++)
			for (int x = b->min[0]; x <= b->max[0]; x++)
				*model_at(m, x, y, z) = c;
}

/* Voxels in no order, or most of them next to the one before; positions may come twice. */
static void set_list(struct rng *r, struct volume *v, struct model *m)
{
	struct voxel list[700];
	size_t n = 1 + rng_below(r, sizeof(list) / sizeof(*list));
	bool is_scattered = rng_below(r, 2);
	rgba one = color(r);

	for (size_t i = 0; i < n; i++) {
		rgba c = rng_below(r, 3) ? one : color(r);

		list[i] = (struct voxel){ place(r), place(r), place(r), c };
		if (i && !is_scattered && rng_below(r, 20)) {
			int32_t x = list[i - 1].x + 1;

			list[i] = (struct voxel){ x == MODEL_MIN + MODEL_EDGE ? MODEL_MIN : x,
						  list[i - 1].y, list[i - 1].z, c };
		}
		*model_at(m, list[i].x, list[i].y, list[i].z) = c;
	}
	assert_int_equal(volume_set_many(v, list, n), 0);
}

static void random_step(struct rng *r, struct volume *v, struct model *m)
{
	rgba c = color(r);
	int32_t x = place(r);
	int32_t y = place(r);
	int32_t z = place(r);
	int32_t x1 = place(r);
	struct box box;
	rgba old;

	switch (rng_below(r, 16)) {
	case 0:
		order(&x, &x1);
		assert_int_equal(volume_fill_row(v, x, x1, y, z, c), 0);
		fill_model(m, &(struct box){ { x, y, z }, { x1, y, z } }, c);
		break;
	case 1:
		random_box(r, &box);
		assert_int_equal(volume_fill_box(v, &box, c), 0);
		fill_model(m, &box, c);
		break;
	case 2:
		if (rng_below(r, 20))
			break;
		assert_int_equal(volume_clear(v), 0);
		memset(m, 0, sizeof(*m));
		break;
	case 3:
		if (rng_below(r, 20) == 0)
			set_list(r, v, m);
		break;
	default:
		assert_int_equal(volume_exchange(v, x, y, z, c, &old), 0);
		assert_int_equal(old, *model_at(m, x, y, z));
		*model_at(m, x, y, z) = c;
	}
}

static bool model_box(struct model *m, struct box *out)
{
	bool found = false;

	for (int z = MODEL_MIN; z < MODEL_MIN + MODEL_EDGE; z++)
		for (int y = MODEL_MIN; y < MODEL_MIN + MODEL_EDGE; y++)
			for (int x = MODEL_MIN; x < MODEL_MIN + MODEL_EDGE; x++) {
				struct box one = { { x, y, z }, { x, y, z } };

				if (!*model_at(m, x, y, z))
					continue;
				if (found)
					box_unite(out, &one);
				else
					*out = one;
				found = true;
			}
	return found;
}

static void check_box(struct model *m, struct volume *v)
{
	struct box want;
	struct box got;
	bool any = model_box(m, &want);

	assert_int_equal(volume_box(v, &got), any);
	if (any)
		assert_memory_equal(&got, &want, sizeof(got));
}

static void test_random_operations_match_a_plain_cube(void **state)
{
	struct volume_budget budget = { .blocks_max = 100000 };
	struct volume v;
	struct volume shared[4];
	static struct model m;
	static struct model frozen[4];
	struct rng r;

	(void)state;
	rng_init(&r, 7, 0);
	volume_init(&v, &budget);
	memset(&m, 0, sizeof(m));
	memset(frozen, 0, sizeof(frozen));
	memset(shared, 0, sizeof(shared));
	for (int round = 0; round < 60; round++) {
		int k = round % 4;

		for (int i = 0; i < 60; i++)
			random_step(&r, &v, &m);
		assert_true(model_equal(&m, &v));
		check_box(&m, &v);
		assert_int_equal(budget.blocks_count, volume_blocks_count(&v));
		/* A shared copy stays what it was while the original goes on. */
		assert_true(model_equal(&frozen[k], &shared[k]));
		assert_int_equal(volume_share(&shared[k], &v), 0);
		frozen[k] = m;
	}
	for (int k = 0; k < 4; k++) {
		assert_true(model_equal(&frozen[k], &shared[k]));
		volume_deinit(&shared[k]);
	}
	volume_deinit(&v);
	assert_int_equal(budget.blocks_count, 0);
}

static void test_ends_of_int32(void **state)
{
	const int32_t ends[] = { INT32_MIN, INT32_MIN + 1, -1, 0, INT32_MAX - 1, INT32_MAX };
	struct volume v = { 0 };
	uint64_t count;
	struct box box;

	(void)state;
	for (int i = 0; i < 216; i++)
		assert_int_equal(volume_set(&v, ends[i % 6], ends[i / 6 % 6], ends[i / 36],
					    RGBA_WHITE - (rgba)i),
				 0);
	for (int i = 0; i < 216; i++)
		assert_int_equal(volume_get(&v, ends[i % 6], ends[i / 6 % 6], ends[i / 36]),
				 RGBA_WHITE - (rgba)i);
	assert_true(volume_box(&v, &box));
	assert_memory_equal(&box, &BOX_ALL, sizeof(box));
	assert_int_equal(volume_fill_row(&v, INT32_MAX - 20, INT32_MAX, INT32_MAX, 5, RGBA_WHITE),
			 0);
	assert_int_equal(volume_get(&v, INT32_MAX, INT32_MAX, 5), RGBA_WHITE);
	box = (struct box){ { INT32_MAX - 2, INT32_MAX - 2, INT32_MAX - 2 },
			    { INT32_MAX, INT32_MAX, INT32_MAX } };
	assert_int_equal(volume_fill_box(&v, &box, RGBA_WHITE), 0);
	assert_int_equal(analyze_count(&v, &box, &count), 0);
	assert_int_equal(count, 27);
	box = BOX_ALL;
	assert_int_equal(volume_fill_box(&v, &box, RGBA_NONE), 0);
	assert_int_equal(volume_voxels_count(&v), 0);
	assert_int_equal(volume_blocks_count(&v), 0);
	volume_deinit(&v);
}

static void test_budget_refuses_one_block_more(void **state)
{
	struct volume_budget budget = { .blocks_max = 3 };
	struct volume v;

	(void)state;
	volume_init(&v, &budget);
	for (int i = 0; i < 3; i++)
		assert_int_equal(volume_set(&v, 16 * i, 0, 0, RGBA_WHITE), 0);
	assert_int_equal(volume_set(&v, 48, 0, 0, RGBA_WHITE), -ENOSPC);
	assert_int_equal(volume_voxels_count(&v), 3);
	assert_int_equal(volume_set(&v, 0, 0, 0, RGBA_NONE), 0);
	assert_int_equal(volume_set(&v, 48, 0, 0, RGBA_WHITE), 0);
	volume_deinit(&v);
}

static void test_transparent_color_is_no_voxel(void **state)
{
	struct volume v = { 0 };

	(void)state;
	assert_int_equal(volume_set(&v, 1, 2, 3, 0x00ffffffu), 0);
	assert_int_equal(volume_blocks_count(&v), 0);
	assert_int_equal(volume_set(&v, 1, 2, 3, RGBA_WHITE), 0);
	assert_int_equal(volume_set(&v, 1, 2, 3, 0x00ffffffu), 0);
	assert_int_equal(volume_get(&v, 1, 2, 3), RGBA_NONE);
	assert_int_equal(volume_blocks_count(&v), 0);
	volume_deinit(&v);
}

static void test_dense_cube_takes_at_most_5_bytes_a_voxel(void **state)
{
	struct volume v = { 0 };
	struct block_usage before;
	struct block_usage after;

	(void)state;
	block_usage(&before);
	for (int i = 0; i < 64 * 64 * 64; i++)
		assert_int_equal(volume_set(&v, i & 63, i >> 6 & 63, i >> 12, (rgba)i | 1u << 31),
				 0);
	block_usage(&after);
	assert_int_equal(after.live_count - before.live_count, 64);
	assert_true(volume_bytes(&v) <= 5ull * 262144);
	volume_deinit(&v);
}

static void test_steady_editing_allocates_nothing(void **state)
{
	struct volume v = { 0 };
	struct alloc_counts before;
	struct alloc_counts after;

	(void)state;
	if (!alloc_is_counted())
		skip_because(NO_ALLOC_COUNTS);
	for (int round = 0; round < 3; round++) {
		if (round == 1)
			alloc_read_thread(&before);
		for (int i = 0; i < 20000; i++)
			volume_set(&v, i % 100, i / 100 % 100, i / 10000, RGBA_WHITE);
		for (int i = 0; i < 20000; i++)
			volume_set(&v, i % 100, i / 100 % 100, i / 10000, RGBA_NONE);
	}
	alloc_read_thread(&after);
	assert_int_equal(after.allocs_count, before.allocs_count);
	volume_deinit(&v);
}

static int collect(void *arg, const struct voxel *v)
{
	struct voxel **next = arg;

	*(*next)++ = *v;
	return 0;
}

static void test_walk_is_sorted_and_keeps_to_its_region(void **state)
{
	struct volume v = { 0 };
	struct voxel *list = calloc(8000, sizeof(*list));
	struct voxel *end = list;
	struct box region = { { -5, 3, 10 }, { 14, 22, 29 } };
	struct box all = { { -40, -40, -40 }, { 60, 60, 60 } };
	uint64_t count;

	(void)state;
	assert_int_equal(volume_fill_box(&v, &all, RGBA_WHITE), 0);
	assert_int_equal(analyze_walk(&v, &region, collect, &end), 0);
	assert_int_equal(end - list, 8000);
	for (struct voxel *p = list; p < end; p++)
		assert_true(box_has(&region, p->x, p->y, p->z));
	for (struct voxel *p = list + 1; p < end; p++)
		assert_true(p[-1].z >> 4 <= p->z >> 4);
	assert_int_equal(analyze_count(&v, &region, &count), 0);
	assert_int_equal(count, 8000);
	free(list);
	volume_deinit(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_operations_match_a_plain_cube),
		cmocka_unit_test(test_ends_of_int32),
		cmocka_unit_test(test_budget_refuses_one_block_more),
		cmocka_unit_test(test_transparent_color_is_no_voxel),
		cmocka_unit_test(test_dense_cube_takes_at_most_5_bytes_a_voxel),
		cmocka_unit_test(test_steady_editing_allocates_nothing),
		cmocka_unit_test(test_walk_is_sorted_and_keeps_to_its_region),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
