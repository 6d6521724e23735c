/* files of the original are read exactly, and what is written is read back exactly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "daemon/formats/registry.h"
#include "daemon/test/format_util.h"

static void read_into(const char *path, struct document *doc)
{
	struct format_text text = format_load(path);
	struct span bytes = span_of(text.ptr, text.len);
	const struct format *f = format_detect(bytes, span_str(path));
	struct err err = ERR_INIT;

	assert_non_null(f);
	document_init(doc);
	if (f->read(bytes, doc, &err) < 0)
		fail_msg("%s: %s", path, err.msg);
	free(text.ptr);
}

/*
 * The ball has more colors than a .vox can hold, so the original wrote near ones (they differ by up
 * to 21); and it wrote no scene, so the ball, 0..24 along z, comes back around its centre.
 */
static void assert_original_ball(struct document *want, struct document *got)
{
	struct volume_iter it = { .v = &document_active(want)->volume };
	struct volume moved = { 0 };

	while (volume_next(&it))
		for (int i = 0; i < BLOCK_VOXELS; i++)
			volume_set(&moved, it.pos.x * BLOCK_EDGE + (i & BLOCK_MASK),
				   it.pos.y * BLOCK_EDGE + (i >> BLOCK_BITS & BLOCK_MASK),
				   it.pos.z * BLOCK_EDGE + (i >> (2 * BLOCK_BITS)) - 12,
				   it.block->voxels[i]);
	assert_near_volume(&moved, &document_active(got)->volume, 21);
	volume_deinit(&moved);
}

static void test_original_files(void **state)
{
	static const char *const extensions[] = { "gox", "vox", "txt", "qb" };
	static const char *const models[] = { "five", "ball" };
	char path[128];

	(void)state;
	for (size_t m = 0; m < 2; m++)
		for (size_t e = 0; e < 4; e++) {
			struct document want;
			struct document got;

			snprintf(path, sizeof(path), GOXEL_DATA "%s.%s", models[m], extensions[e]);
			print_message("%s\n", path);
			format_expected(models[m], &want);
			read_into(path, &got);
			if (m == 1 && e == 1)
				assert_original_ball(&want, &got);
			else
				assert_same_voxels(&want, &got);
			document_deinit(&want);
			document_deinit(&got);
		}
}

static void test_original_layers(void **state)
{
	struct document want;
	struct document got;

	(void)state;
	format_expected("layers", &want);
	read_into(GOXEL_DATA "layers.gox", &got);
	assert_int_equal(got.layers_count, want.layers_count);
	for (size_t i = 0; i < want.layers_count; i++)
		assert_same_volume(&want.layers[i]->volume, &got.layers[i]->volume);
	document_deinit(&want);
	document_deinit(&got);
}

static void round_trip(const struct format *f, struct document *doc)
{
	struct strbuf out = { 0 };
	struct err err = ERR_INIT;
	struct document again;

	format_write_to(f, doc, &out);
	document_init(&again);
	if (f->read(strbuf_span(&out), &again, &err) < 0)
		fail_msg("%s: %s", f->name, err.msg);
	assert_same_voxels(doc, &again);
	document_deinit(&again);
	strbuf_deinit(&out);
}

static void test_round_trips(void **state)
{
	(void)state;
	for (size_t i = 0; formats[i]; i++) {
		struct document doc;

		if (!formats[i]->read || !formats[i]->write)
			continue;
		print_message("%s\n", formats[i]->name);
		format_ball(&doc, 14, 255);
		round_trip(formats[i], &doc);
		document_deinit(&doc);
	}
}

/* Longer than a model of .vox, and at the ends of the coordinates where the format can say so. */
static void test_wide_round_trips(void **state)
{
	static const struct format *const wide[] = { &format_gox, &format_txt, &format_vox };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct document doc;
		struct volume *v;

		format_ball(&doc, 3, 17);
		v = &document_active(&doc)->volume;
		volume_set(v, INT32_MIN, INT32_MAX, 0, rgba_of(1, 2, 3, 255));
		volume_set(v, 300, -700, INT32_MIN, rgba_of(4, 2, 3, 255));
		volume_set(v, INT32_MAX, INT32_MAX, INT32_MAX, rgba_of(4, 9, 3, 255));
		round_trip(wide[i], &doc);
		document_deinit(&doc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_original_files),
		cmocka_unit_test(test_original_layers),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_wide_round_trips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
