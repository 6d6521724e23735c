/* surfaces of volumes. A closed surface that turns outwards encloses as much as it should.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "daemon/formats/mesh.h"
#include "daemon/formats/palette.h"
#include "daemon/formats/registry.h"
#include "daemon/test/format_util.h"

static void build(struct document *doc, struct mesh *mesh)
{
	struct format_options options = { 0 };

	*mesh = (struct mesh){ 0 };
	assert_int_equal(mesh_build(doc, &options, mesh, NULL), 0);
}

static struct volume *open_doc(struct document *doc)
{
	document_init(doc);
	assert_int_equal(document_add_defaults(doc), 0);
	return &document_active(doc)->volume;
}

/* Six times the signed volume of the pyramid from the origin over a triangle. */
static int64_t six_volumes(const struct mesh_point *a, const struct mesh_point *b,
			   const struct mesh_point *c)
{
	const int64_t *p = a->at;
	const int64_t *q = b->at;
	const int64_t *r = c->at;

	return p[0] * (q[1] * r[2] - q[2] * r[1]) - p[1] * (q[0] * r[2] - q[2] * r[0]) +
	       p[2] * (q[0] * r[1] - q[1] * r[0]);
}

static int64_t enclosed(const struct mesh *mesh)
{
	int64_t sum = 0;

	for (size_t i = 0; i < mesh->quads_count; i++) {
		struct mesh_point p[4];

		mesh_corners(&mesh->quads[i], p);
		sum += six_volumes(&p[0], &p[1], &p[2]) + six_volumes(&p[2], &p[3], &p[0]);
	}
	return sum / 6;
}

static uint64_t area(const struct mesh *mesh)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < mesh->quads_count; i++)
		sum += (uint64_t)mesh->quads[i].size[0] * mesh->quads[i].size[1];
	return sum;
}

/* Faces between a voxel and nothing, counted one by one. */
static uint64_t faces_of(const struct volume *v, const struct box *box)
{
	uint64_t sum = 0;

	for (int32_t z = box->min[2]; z <= box->max[2]; z++)
		for (int32_t y = box->min[1]; y <= box->max[1]; y++)
			for (int32_t x = box->min[0]; x <= box->max[0]; x++)
				for (int side = 0; volume_get(v, x, y, z) && side < 6; side++)
					sum += !volume_get(v, x + mesh_normals[side][0],
							   y + mesh_normals[side][1],
							   z + mesh_normals[side][2]);
	return sum;
}

static void test_one_voxel(void **state)
{
	struct document doc;
	struct mesh mesh;
	struct mesh_weld weld = { 0 };

	(void)state;
	volume_set(open_doc(&doc), -1, 15, 16, RGBA_WHITE);
	build(&doc, &mesh);
	assert_int_equal(mesh.quads_count, 6);
	assert_int_equal(enclosed(&mesh), 1);
	assert_int_equal(mesh_weld(&mesh, &weld, NULL), 0);
	assert_int_equal(weld.vertices_count, 8);
	mesh_weld_deinit(&weld);
	mesh_deinit(&mesh);
	document_deinit(&doc);
}

static void test_ball(void **state)
{
	struct document doc;
	struct mesh mesh;
	struct box box;

	(void)state;
	for (unsigned colors = 1; colors < 300; colors += 100) {
		const struct volume *v;

		format_ball(&doc, 13, colors);
		v = &document_active(&doc)->volume;
		assert_true(volume_box(v, &box));
		build(&doc, &mesh);
		assert_int_equal(enclosed(&mesh), volume_voxels_count(v));
		assert_int_equal(area(&mesh), faces_of(v, &box));
		mesh_deinit(&mesh);
		document_deinit(&doc);
	}
}

/* 40 = 16 + 16 + 8: nine rectangles a side. */
static void test_equal_faces_are_merged(void **state)
{
	struct box box = { { 0, 0, 0 }, { 39, 39, 39 } };
	struct document doc;
	struct mesh mesh;

	(void)state;
	volume_fill_box(open_doc(&doc), &box, RGBA_WHITE);
	build(&doc, &mesh);
	assert_int_equal(mesh.quads_count, 54);
	assert_int_equal(enclosed(&mesh), 40 * 40 * 40);
	mesh_deinit(&mesh);
	document_deinit(&doc);
}

static void test_clear_voxels_are_not_drawn(void **state)
{
	struct document doc;
	struct mesh mesh;
	struct volume *v = open_doc(&doc);

	(void)state;
	volume_set(v, 0, 0, 0, rgba_of(1, 2, 3, FORMAT_ALPHA_MIN));
	volume_set(v, 1, 0, 0, rgba_of(1, 2, 3, FORMAT_ALPHA_MIN - 1));
	build(&doc, &mesh);
	assert_int_equal(mesh.quads_count, 6);
	mesh_deinit(&mesh);
	document_deinit(&doc);
}

static void test_ends_of_the_coordinates(void **state)
{
	struct document doc;
	struct mesh mesh;
	struct mesh_point p[4];
	int64_t max = 0;
	struct volume *v = open_doc(&doc);

	(void)state;
	volume_set(v, INT32_MAX, INT32_MAX, INT32_MAX, RGBA_WHITE);
	volume_set(v, INT32_MIN, INT32_MIN, INT32_MIN, RGBA_WHITE);
	build(&doc, &mesh);
	assert_int_equal(mesh.quads_count, 12);
	for (size_t i = 0; i < 12; i++) {
		mesh_corners(&mesh.quads[i], p);
		for (int k = 0; k < 4; k++)
			max = p[k].at[0] > max ? p[k].at[0] : max;
	}
	assert_int_equal(max, (int64_t)INT32_MAX + 1);
	mesh_deinit(&mesh);
	document_deinit(&doc);
}

/* Every format writes an empty document, or says why it cannot; and an unknown layer is a fault. */
static void test_nothing_to_write(void **state)
{
	(void)state;
	for (size_t i = 0; formats[i]; i++) {
		struct format_options options = { .layer_id = 77 };
		struct strbuf out = { 0 };
		struct err err = ERR_INIT;
		struct document doc;
		int rc;

		open_doc(&doc);
		assert_int_equal(formats[i]->write(&doc, &options, &out, &err), -ENOENT);
		options.layer_id = 0;
		err = ERR_INIT;
		strbuf_clear(&out);
		rc = formats[i]->write(&doc, &options, &out, &err);
		assert_true(rc == 0 || (rc == -EINVAL && err.msg[0]));
		document_deinit(&doc);
		strbuf_deinit(&out);
	}
}

/* More colors than a palette has: each is near its own. */
static void test_many_colors(void **state)
{
	struct palette palette;
	struct document doc;
	struct volume *v = open_doc(&doc);
	int worst = 0;

	(void)state;
	for (int i = 0; i < 4096; i++)
		volume_set(v, i & 15, i >> 4 & 15, i >> 8,
			   rgba_of((unsigned)(i & 15) * 17, (unsigned)(i >> 4 & 15) * 17,
				   (unsigned)(i >> 8) * 17, 255));
	assert_int_equal(palette_build(&palette, v), 0);
	assert_int_equal(palette.count, PALETTE_COLORS_MAX);
	for (int i = 0; i < 4096; i++) {
		rgba c = volume_get(v, i & 15, i >> 4 & 15, i >> 8);
		uint8_t index = palette_index(&palette, c);

		assert_in_range(index, 1, 255);
		for (int shift = 0; shift < 24; shift += 8) {
			int d = abs((int)(c >> shift & 255) -
				    (int)(palette.colors[index] >> shift & 255));

			worst = d > worst ? d : worst;
		}
	}
	/* 4096 colors in 255 boxes: 16 in each, four on a side at most, a mean two steps away. */
	assert_true(worst <= 2 * 17);
	palette_deinit(&palette);
	document_deinit(&doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_voxel),
		cmocka_unit_test(test_ball),
		cmocka_unit_test(test_equal_faces_are_merged),
		cmocka_unit_test(test_clear_voxels_are_not_drawn),
		cmocka_unit_test(test_ends_of_the_coordinates),
		cmocka_unit_test(test_nothing_to_write),
		cmocka_unit_test(test_many_colors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
