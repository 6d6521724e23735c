/* Issue 3, item 1: every size of every shape is exact; hollow bodies are closed shells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/voxel/analyze.h"
#include "daemon/voxel/fill.h"
#include "daemon/voxel/shapes.h"

enum { SIZE_MAX_TESTED = 9 };

static uint64_t draw(struct volume *v, const struct shape *s)
{
	uint64_t count = 0;

	memset(v, 0, sizeof(*v));
	assert_int_equal(shape_draw(v, s, RGBA_WHITE, &count), 0);
	assert_int_equal(count, volume_voxels_count(v));
	return count;
}

static bool is_torus_size(const struct shape *s)
{
	int32_t across = s->size[(s->axis + 1) % 3];

	return across == s->size[(s->axis + 2) % 3] && s->size[s->axis] <= across;
}

/* A hollow body and its inside make the solid one: the shell is what has an outside neighbour. */
static void check_shell(const struct shape *s, const struct volume *solid)
{
	static const int32_t steps[6][3] = { { 1, 0, 0 },  { -1, 0, 0 }, { 0, 1, 0 },
					     { 0, -1, 0 }, { 0, 0, 1 },  { 0, 0, -1 } };
	struct shape hollow = *s;
	struct volume v;

	hollow.hollow = true;
	hollow.thickness = 1;
	draw(&v, &hollow);
	for (int32_t z = 0; z < s->size[2]; z++)
		for (int32_t y = 0; y < s->size[1]; y++)
			for (int32_t x = 0; x < s->size[0]; x++) {
				bool is_solid = volume_get(solid, x, y, z) != 0;
				bool at_edge = false;

				for (int i = 0; i < 6; i++)
					at_edge |= !volume_get(solid, x + steps[i][0],
							       y + steps[i][1], z + steps[i][2]);
				assert_int_equal(volume_get(&v, x, y, z) != 0, is_solid && at_edge);
			}
	volume_deinit(&v);
}

static void check_size(const struct shape *s)
{
	struct volume v;
	struct box want;
	struct box got;

	assert_int_equal(shape_box(s, &want), 0);
	draw(&v, s);
	assert_true(volume_box(&v, &got));
	if (memcmp(&want, &got, sizeof(got)) != 0)
		fail_msg("%s %d,%d,%d axis %d: got %d,%d,%d..%d,%d,%d", shape_kind_name(s->kind),
			 s->size[0], s->size[1], s->size[2], s->axis, got.min[0], got.min[1],
			 got.min[2], got.max[0], got.max[1], got.max[2]);
	check_shell(s, &v);
	volume_deinit(&v);
}

static void check_sizes(enum shape_kind kind, int axis)
{
	struct shape s = { .kind = kind, .axis = axis };

	for (s.size[2] = 1; s.size[2] <= SIZE_MAX_TESTED; s.size[2]++)
		for (s.size[1] = 1; s.size[1] <= SIZE_MAX_TESTED; s.size[1]++)
			for (s.size[0] = 1; s.size[0] <= SIZE_MAX_TESTED; s.size[0]++)
				if (kind != SHAPE_TORUS || is_torus_size(&s))
					check_size(&s);
}

static void test_every_size_is_exact(void **state)
{
	(void)state;
	check_sizes(SHAPE_BOX, 2);
	check_sizes(SHAPE_SPHERE, 2);
	for (int axis = 0; axis < 3; axis++) {
		check_sizes(SHAPE_CYLINDER, axis);
		check_sizes(SHAPE_CONE, axis);
		check_sizes(SHAPE_TORUS, axis);
	}
}

static void test_large_and_thin_sizes_are_exact(void **state)
{
	static const int32_t sizes[][3] = { { 100, 2, 2 },   { 2, 100, 2 },  { 64, 64, 64 },
					    { 63, 64, 65 },  { 1, 1, 200 },  { 200, 1, 2 },
					    { 128, 128, 1 }, { 17, 150, 16 } };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct shape s = { .kind = SHAPE_ELLIPSOID };

		memcpy(s.size, sizes[i], sizeof(s.size));
		check_size(&s);
		s.kind = SHAPE_CYLINDER;
		for (s.axis = 0; s.axis < 3; s.axis++)
			check_size(&s);
		s.kind = SHAPE_CONE;
		for (s.axis = 0; s.axis < 3; s.axis++)
			check_size(&s);
	}
	for (int32_t tube = 1; tube <= 60; tube++) {
		struct shape s = { .kind = SHAPE_TORUS, .size = { 60, 60, tube }, .axis = 2 };

		check_size(&s);
	}
}

/* The counts of known figures. */
static void test_known_counts(void **state)
{
	struct shape s = { .kind = SHAPE_BOX, .size = { 3, 3, 3 } };
	struct volume v;

	(void)state;
	assert_int_equal(draw(&v, &s), 27); /* the original makes 8 */
	volume_deinit(&v);
	s.hollow = true;
	s.thickness = 1;
	assert_int_equal(draw(&v, &s), 26);
	volume_deinit(&v);
	s = (struct shape){
		.kind = SHAPE_BOX, .size = { 10, 8, 6 }, .hollow = true, .thickness = 2
	};
	assert_int_equal(draw(&v, &s), 10 * 8 * 6 - 6 * 4 * 2);
	volume_deinit(&v);
	s = (struct shape){ .kind = SHAPE_CYLINDER, .size = { 5, 5, 7 }, .axis = 2 };
	assert_int_equal(draw(&v, &s), 21 * 7); /* a disc of diameter 5 without its corners */
	volume_deinit(&v);
}

/* Sphere by integers: (2x+1-d)^2 + ... <= d^2, no rounding. */
static void test_sphere_is_the_integer_sphere(void **state)
{
	(void)state;
	for (int32_t d = 1; d <= 70; d += d < 20 ? 1 : 9) {
		struct shape s = { .kind = SHAPE_SPHERE, .size = { d, d, d } };
		struct volume v;

		draw(&v, &s);
		for (int32_t z = 0; z < d; z++)
			for (int32_t y = 0; y < d; y++)
				for (int32_t x = 0; x < d; x++) {
					int32_t u = 2 * x + 1 - d;
					int32_t w = 2 * y + 1 - d;
					int32_t t = 2 * z + 1 - d;
					int32_t sum = u * u + w * w + t * t;
					/* d = 2: even the corners, so that each size is exact */
					bool is_in = sum <= d * d || d <= 2;

					assert_int_equal(volume_get(&v, x, y, z) != 0, is_in);
				}
		volume_deinit(&v);
	}
}

static void test_lines_have_no_gaps(void **state)
{
	static const int32_t ends[][3] = { { 0, 0, 0 },   { 20, 0, 0 },   { 20, 7, -3 },
					   { -5, 30, 9 }, { -9, -9, -9 }, { 1, 2, 40 } };
	struct volume v;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct shape s = { .kind = SHAPE_LINE };
		int32_t longest = 0;

		memcpy(s.to, ends[i], sizeof(s.to));
		for (int k = 0; k < 3; k++)
			longest = abs(s.to[k]) > longest ? abs(s.to[k]) : longest;
		assert_int_equal(draw(&v, &s), longest + 1);
		assert_true(volume_get(&v, 0, 0, 0));
		assert_true(volume_get(&v, s.to[0], s.to[1], s.to[2]));
		volume_deinit(&v);
	}
}

static void test_removal_cuts_the_body_out(void **state)
{
	struct shape ball = { .kind = SHAPE_SPHERE, .size = { 20, 20, 20 }, .min = { 5, 5, 5 } };
	struct shape block = { .kind = SHAPE_BOX, .size = { 30, 30, 30 } };
	struct volume v;
	struct volume alone;
	uint64_t removed;
	uint64_t body;

	(void)state;
	body = draw(&alone, &ball);
	draw(&v, &block);
	assert_int_equal(shape_draw(&v, &ball, RGBA_NONE, &removed), 0);
	assert_int_equal(removed, body);
	assert_int_equal(volume_voxels_count(&v), 27000 - body);
	/* As large as may be: costs what is there, not what is asked for. */
	ball = (struct shape){ .kind = SHAPE_SPHERE,
			       .size = { SHAPE_SIZE_MAX, SHAPE_SIZE_MAX, SHAPE_SIZE_MAX },
			       .min = { -2048, -2048, -2048 } };
	assert_int_equal(shape_draw(&v, &ball, RGBA_NONE, &removed), 0);
	assert_int_equal(volume_voxels_count(&v), 0);
	volume_deinit(&v);
	volume_deinit(&alone);
}

static void test_bad_shapes_are_refused(void **state)
{
	struct shape s = { .kind = SHAPE_BOX, .size = { SHAPE_SIZE_MAX + 1, 1, 1 } };
	const int32_t far[3] = { INT32_MIN, 0, 0 };
	struct box box;
	enum shape_kind kind;

	(void)state;
	assert_int_equal(shape_box(&s, &box), -EINVAL);
	s.size[0] = SHAPE_SIZE_MAX;
	assert_int_equal(shape_box(&s, &box), 0);
	assert_int_equal(shape_centre(&s, far), -ERANGE);
	s.min[0] = INT32_MAX - 5;
	assert_int_equal(shape_box(&s, &box), -ERANGE);
	s = (struct shape){ .kind = SHAPE_TORUS, .size = { 10, 11, 3 }, .axis = 2 };
	assert_int_equal(shape_box(&s, &box), -EINVAL);
	s = (struct shape){ .kind = SHAPE_LINE, .to = { SHAPE_SIZE_MAX, 0, 0 } };
	assert_int_equal(shape_box(&s, &box), -EINVAL);
	assert_int_equal(shape_kind_find(SPAN_LIT("cube"), &kind), 0);
	assert_int_equal(kind, SHAPE_BOX);
	assert_int_equal(shape_kind_find(SPAN_LIT("blob"), &kind), -ENOENT);
}

/* ---- flood fill ---------------------------------------------------------------- */

static void test_fill_recolors_what_is_connected(void **state)
{
	struct shape a = { .kind = SHAPE_SPHERE, .size = { 21, 21, 21 } };
	struct shape b = { .kind = SHAPE_BOX, .size = { 4, 4, 4 }, .min = { 30, 30, 30 } };
	struct fill f = { .from = { 10, 10, 10 }, .color = 0xff0000ffu, .voxels_max = 1 << 20 };
	struct volume v;
	uint64_t ball;
	uint64_t count;
	uint64_t drawn;

	(void)state;
	ball = draw(&v, &a);
	assert_int_equal(shape_draw(&v, &b, RGBA_WHITE, &drawn), 0);
	assert_int_equal(fill_flood(&v, &f, &count), 0);
	assert_int_equal(count, ball);
	assert_int_equal(volume_get(&v, 30, 30, 30), RGBA_WHITE);
	assert_int_equal(volume_get(&v, 10, 10, 0), 0xff0000ffu);
	/* The same color again: nothing to do. */
	assert_int_equal(fill_flood(&v, &f, &count), 0);
	assert_int_equal(count, 0);
	f.color = RGBA_NONE;
	f.voxels_max = ball;
	assert_int_equal(fill_flood(&v, &f, &count), 0);
	assert_int_equal(volume_voxels_count(&v), 64);
	volume_deinit(&v);
}

static void test_fill_fills_a_hollow(void **state)
{
	struct shape s = {
		.kind = SHAPE_SPHERE, .size = { 30, 30, 30 }, .hollow = true, .thickness = 1
	};
	struct fill f = { .from = { 15, 15, 15 }, .color = 0xff00ff00u, .voxels_max = 1 << 20 };
	struct volume v;
	struct volume solid;
	uint64_t shell;
	uint64_t all;
	uint64_t count;

	(void)state;
	shell = draw(&v, &s);
	s.hollow = false;
	all = draw(&solid, &s);
	assert_int_equal(fill_flood(&v, &f, &count), 0);
	assert_int_equal(count, all - shell);
	f.voxels_max = 10;
	f.color = 0xffff0000u;
	assert_int_equal(fill_flood(&v, &f, &count), -EMSGSIZE);
	f.from[0] = 1000;
	assert_int_equal(fill_flood(&v, &f, &count), -ERANGE);
	volume_deinit(&v);
	volume_deinit(&solid);
}

/* A limit holds even where nothing bounds the fill. */
static void test_fill_ends_in_open_space(void **state)
{
	const struct box all = BOX_ALL;
	struct fill f = {
		.color = RGBA_WHITE, .bounds = &all, .voxels_max = 100000, .from = { 1, 2, 3 }
	};
	struct volume v = { 0 };
	uint64_t count;

	(void)state;
	assert_int_equal(fill_flood(&v, &f, &count), -EMSGSIZE);
	volume_deinit(&v);
}

static void test_fill_with_tolerance_ends(void **state)
{
	struct volume v = { 0 };
	struct fill f = { .from = { 0, 0, 0 },
			  .color = 0xff646464u, /* within the tolerance of what it replaces */
			  .tolerance = 0x0a0a0a0au,
			  .voxels_max = 1 << 20 };
	uint64_t count;

	(void)state;
	for (int32_t i = 0; i < 1000; i++)
		volume_set(&v, i % 100, i / 100, 0,
			   rgba_of(100 + (unsigned)i % 3, 100, (unsigned)(i % 100 == 50 ? 200 : 99),
				   255));
	assert_int_equal(fill_flood(&v, &f, &count), 0);
	assert_int_equal(count, 500); /* up to the column that is too blue */
	assert_int_equal(volume_get(&v, 49, 9, 0), 0xff646464u);
	assert_int_equal(volume_get(&v, 51, 9, 0),
			 rgba_of(102 - (951 % 3 == 0 ? 2 : 0), 100, 99, 255));
	volume_deinit(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_size_is_exact),
		cmocka_unit_test(test_large_and_thin_sizes_are_exact),
		cmocka_unit_test(test_known_counts),
		cmocka_unit_test(test_sphere_is_the_integer_sphere),
		cmocka_unit_test(test_lines_have_no_gaps),
		cmocka_unit_test(test_removal_cuts_the_body_out),
		cmocka_unit_test(test_bad_shapes_are_refused),
		cmocka_unit_test(test_fill_recolors_what_is_connected),
		cmocka_unit_test(test_fill_fills_a_hollow),
		cmocka_unit_test(test_fill_ends_in_open_space),
		cmocka_unit_test(test_fill_with_tolerance_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
