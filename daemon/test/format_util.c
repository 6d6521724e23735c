#include "daemon/test/format_util.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "daemon/base/file.h"

struct format_text format_load(const char *path)
{
	struct format_text text;
	struct err err = ERR_INIT;

	if (file_read(path, 64 << 20, &text.ptr, &text.len, &err) < 0)
		fail_msg("%s", err.msg);
	return text;
}

static int32_t number_at(const json_t *list, size_t i)
{
	return (int32_t)json_integer_value(json_array_get(list, i));
}

static void add_voxels(struct document *doc, const json_t *voxels)
{
	struct layer *l;

	assert_int_equal(document_add_layer(doc, 0, NULL, &l), 0);
	for (size_t i = 0; i < json_array_size(voxels); i++) {
		const json_t *v = json_array_get(voxels, i);

		assert_int_equal(
			volume_set(&l->volume, number_at(v, 0), number_at(v, 1), number_at(v, 2),
				   rgba_of((unsigned)number_at(v, 3), (unsigned)number_at(v, 4),
					   (unsigned)number_at(v, 5), (unsigned)number_at(v, 6))),
			0);
	}
}

void format_expected(const char *model, struct document *doc)
{
	json_t *all = json_load_file(GOXEL_DATA "voxels.json", 0, NULL);
	const json_t *layers = json_object_get(all, model);

	assert_non_null(layers);
	document_init(doc);
	for (size_t i = 0; i < json_array_size(layers); i++)
		add_voxels(doc, json_array_get(layers, i));
	json_decref(all);
}

void format_ball(struct document *doc, int r, unsigned colors)
{
	struct volume *v;

	document_init(doc);
	assert_int_equal(document_add_defaults(doc), 0);
	v = &document_active(doc)->volume;
	for (int z = -r; z <= r; z++)
		for (int y = -r; y <= r; y++)
			for (int x = -r; x <= r; x++) {
				unsigned c = (unsigned)(x * 7 + y * 31 + z * 131 + 100000) % colors;

				if (x * x + y * y + z * z > r * r)
					continue;
				assert_int_equal(volume_set(v, x - 21, y + 5, z + 40,
							    rgba_of(c & 255, c >> 8 & 255,
								    c * 5 & 255, 255)),
						 0);
			}
}

static void assert_near(rgba a, rgba b, unsigned tolerance)
{
	for (int shift = 0; shift < 32; shift += 8) {
		int difference = (int)(a >> shift & 255) - (int)(b >> shift & 255);

		assert_true((unsigned)abs(difference) <= tolerance);
	}
}

void assert_near_volume(const struct volume *a, const struct volume *b, unsigned tolerance)
{
	struct volume_iter it = { .v = a };

	assert_int_equal(volume_voxels_count(a), volume_voxels_count(b));
	while (volume_next(&it)) {
		const struct block *other = volume_find(b, it.pos);

		assert_non_null(other);
		for (int i = 0; i < BLOCK_VOXELS; i++)
			assert_near(it.block->voxels[i], other->voxels[i], tolerance);
	}
}

static void assert_has(const struct volume *a, const struct volume *b)
{
	struct volume_iter it = { .v = a };

	while (volume_next(&it)) {
		const struct block *other = volume_find(b, it.pos);

		assert_non_null(other);
		assert_memory_equal(it.block->voxels, other->voxels, sizeof(other->voxels));
	}
}

void assert_same_volume(const struct volume *a, const struct volume *b)
{
	assert_int_equal(volume_voxels_count(a), volume_voxels_count(b));
	assert_has(a, b);
	assert_has(b, a);
}

void assert_same_voxels(struct document *a, struct document *b)
{
	struct volume va = { 0 };
	struct volume vb = { 0 };

	assert_int_equal(document_merge_visible(a, &va), 0);
	assert_int_equal(document_merge_visible(b, &vb), 0);
	assert_same_volume(&va, &vb);
	volume_deinit(&va);
	volume_deinit(&vb);
}

void format_write_to(const struct format *f, struct document *doc, struct strbuf *out)
{
	struct format_options options = { 0 };
	struct err err = ERR_INIT;

	if (f->write(doc, &options, out, &err) < 0)
		fail_msg("%s: %s", f->name, err.msg);
	assert_false(out->failed);
}
