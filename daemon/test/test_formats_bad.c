/*
 * R-304, hostile files: cut off at every byte, with every bit flipped, with sizes that lie. A
 * reader says where it stopped, or takes what is still a file; sanitizers see the rest.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "daemon/base/clock.h"
#include "daemon/formats/bytes.h"
#include "daemon/formats/registry.h"
#include "daemon/test/format_util.h"

/* Reads a copy that ends where memory ends, so that one byte too far is seen. */
static int try_read(const struct format *f, const char *bytes, size_t len, struct err *err)
{
	char *copy = malloc(len ? len : 1);
	struct document doc;
	int rc;

	assert_non_null(copy);
	if (len)
		memcpy(copy, bytes, len);
	*err = ERR_INIT;
	document_init(&doc);
	rc = f->read(span_of(copy, len), &doc, err);
	if (rc < 0)
		assert_true(err->code == rc && err->msg[0]);
	else
		assert_non_null(document_active(&doc));
	document_deinit(&doc);
	free(copy);
	return rc;
}

static void cut_everywhere(const struct format *f, const char *bytes, size_t len, size_t refused)
{
	struct err err;

	for (size_t i = 0; i < len; i++) {
		int rc = try_read(f, bytes, i, &err);

		if (i >= refused)
			continue;
		assert_int_equal(rc, -EPROTO);
		assert_non_null(strstr(err.msg, "byte "));
	}
}

static void flip_everywhere(const struct format *f, char *bytes, size_t len)
{
	struct err err;

	for (size_t i = 0; i < 8 * len; i++) {
		bytes[i / 8] = (char)(bytes[i / 8] ^ 1 << i % 8);
		try_read(f, bytes, len, &err);
		bytes[i / 8] = (char)(bytes[i / 8] ^ 1 << i % 8);
	}
}

/* refused: the shorter files that cannot be taken for whole ones. */
static void test_cut_and_flipped(void **state)
{
	static const struct {
		const struct format *format;
		const char *path;
		size_t refused;
	} files[] = {
		/* Chunks may end anywhere between two: only the header is certain. */
		{ &format_gox, GOXEL_DATA "five.gox", 8 },
		{ &format_vox, GOXEL_DATA "five.vox", 1116 },
		{ &format_qb, GOXEL_DATA "five.qb", 164 },
		{ &format_txt, GOXEL_DATA "five.txt", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct format_text text = format_load(files[i].path);

		print_message("%s\n", files[i].path);
		cut_everywhere(files[i].format, text.ptr, text.len, files[i].refused);
		flip_everywhere(files[i].format, text.ptr, text.len);
		free(text.ptr);
	}
}

/* What we write has a scene, which the original's files have not. */
static void test_own_scene_cut_and_flipped(void **state)
{
	struct document doc;
	struct strbuf out = { 0 };

	(void)state;
	format_ball(&doc, 1, 7);
	volume_set(&document_active(&doc)->volume, 5000, 0, 0, RGBA_WHITE);
	format_write_to(&format_vox, &doc, &out);
	cut_everywhere(&format_vox, out.ptr, out.len, out.len);
	flip_everywhere(&format_vox, out.ptr, out.len);
	strbuf_deinit(&out);
	document_deinit(&doc);
}

static void put_text(struct strbuf *out, const char *text)
{
	put_u32(out, (uint32_t)strlen(text));
	strbuf_add_str(out, text);
}

static void put_head(struct strbuf *out, const char *type, uint32_t len)
{
	strbuf_add(out, type, 4);
	put_u32(out, len);
	put_u32(out, 0);
}

/* One model of one voxel of color 1 at 0 0 0. */
static void put_one_voxel_model(struct strbuf *out)
{
	strbuf_add_str(out, "VOX ");
	put_u32(out, 150);
	put_head(out, "MAIN", 0);
	put_head(out, "SIZE", 12);
	for (int i = 0; i < 3; i++)
		put_u32(out, 1);
	put_head(out, "XYZI", 8);
	put_u32(out, 1);
	put_u32(out, 0x01000000);
}

static void put_group(struct strbuf *out, uint32_t id, uint32_t child, uint32_t count)
{
	put_head(out, "nGRP", 12 + 4 * count);
	put_u32(out, id);
	put_u32(out, 0);
	put_u32(out, count);
	for (uint32_t i = 0; i < count; i++)
		put_u32(out, child);
}

static void put_shape(struct strbuf *out, uint32_t id, uint32_t model)
{
	put_head(out, "nSHP", 20);
	put_u32(out, id);
	put_u32(out, 0);
	put_u32(out, 1);
	put_u32(out, model);
	put_u32(out, 0);
}

static void assert_refused(const struct format *f, struct strbuf *out, const char *why)
{
	uint64_t start_ns = clock_thread_cpu_ns();
	struct err err;
	int rc = try_read(f, out->ptr, out->len, &err);

	assert_true(rc < 0);
	if (!strstr(err.msg, why))
		fail_msg("'%s' does not say '%s'", err.msg, why);
	/* A small file must not cost much. */
	assert_true(clock_thread_cpu_ns() - start_ns < 10 * NSEC_PER_SEC);
	strbuf_deinit(out);
}

static void test_scenes_that_lie(void **state)
{
	struct strbuf out = { 0 };

	(void)state;
	put_one_voxel_model(&out);
	put_group(&out, 0, 0, 1);
	assert_refused(&format_vox, &out, "a cycle");

	/* Each level names the next eight times: 8^40 voxels. */
	put_one_voxel_model(&out);
	for (uint32_t i = 0; i < 40; i++)
		put_group(&out, i, i + 1, 8);
	put_shape(&out, 40, 0);
	assert_refused(&format_vox, &out, "too large");

	put_one_voxel_model(&out);
	put_shape(&out, 0, 5);
	assert_refused(&format_vox, &out, "model 5 does not exist");

	put_one_voxel_model(&out);
	put_group(&out, 0, 9, 1);
	assert_refused(&format_vox, &out, "node 9, which does not exist");
}

static void turned(const char *rotation, int32_t pos[3])
{
	struct strbuf out = { 0 };
	struct err err = ERR_INIT;
	struct document doc;
	struct box box;

	/* A model of 3 x 2 x 1, its voxel at 2 1 0: from the centre that is 1 0 0. */
	strbuf_add_str(&out, "VOX ");
	put_u32(&out, 150);
	put_head(&out, "MAIN", 0);
	put_head(&out, "SIZE", 12);
	put_u32(&out, 3);
	put_u32(&out, 2);
	put_u32(&out, 1);
	put_head(&out, "XYZI", 8);
	put_u32(&out, 1);
	put_u32(&out, 0x01000102);
	put_head(&out, "nTRN", 56);
	put_u32(&out, 0);
	put_u32(&out, 0);
	put_u32(&out, 1);
	put_u32(&out, UINT32_MAX);
	put_u32(&out, 0);
	put_u32(&out, 1);
	put_u32(&out, 2);
	put_text(&out, "_r");
	put_text(&out, rotation);
	put_text(&out, "_t");
	put_text(&out, "10 0 7");
	/* The chunk's length, which the texts decide. */
	for (size_t i = 0; i + 4 < out.len; i++)
		if (memcmp(out.ptr + i, "nTRN", 4) == 0)
			patch_u32(&out, i + 4, (uint32_t)(out.len - i - 12));
	put_shape(&out, 1, 0);
	document_init(&doc);
	if (format_vox.read(strbuf_span(&out), &doc, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(volume_box(&document_active(&doc)->volume, &box));
	memcpy(pos, box.min, sizeof(box.min));
	strbuf_deinit(&out);
	document_deinit(&doc);
}

static void test_rotations(void **state)
{
	int32_t pos[3];

	(void)state;
	turned("4", pos); /* rows x y z: as it is */
	assert_memory_equal(pos, ((int32_t[]){ 11, 0, 7 }), sizeof(pos));
	/* x' = -y, y' = x, z' = z: column 1 with minus, column 0. The cube at 0 turns to -1. */
	turned("17", pos);
	assert_memory_equal(pos, ((int32_t[]){ 9, 1, 7 }), sizeof(pos));
}

/* A matrix of 2^30 voxels in 60 bytes, plain; and one that says so with runs. */
static void test_matrices_that_lie(void **state)
{
	struct strbuf out = { 0 };

	(void)state;
	for (uint32_t compressed = 0; compressed < 2; compressed++) {
		const uint32_t words[] = { 257, 0, 1, compressed, 0, 1 };

		for (size_t i = 0; i < 6; i++)
			put_u32(&out, words[i]);
		put_u8(&out, 0);
		for (int i = 0; i < 3; i++)
			put_u32(&out, 1024);
		for (int i = 0; i < 3; i++)
			put_u32(&out, 0);
		for (int i = 0; i < 4; i++)
			put_u32(&out, 2);
		assert_refused(&format_qb, &out, "too large");
	}
}

static void test_compressed_matrix(void **state)
{
	static const uint32_t words[] = {
		2, 3, 0xff0000ff, 0, 6, 0xff00ff00, 2, 2, 0, 0xff010203, 6
	};
	struct strbuf out = { 0 };
	struct document doc;
	const struct volume *v;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		put_u32(&out, ((uint32_t[]){ 257, 0, 1, 1, 0, 1 })[i]);
	put_u8(&out, 1);
	strbuf_add_char(&out, 'm');
	for (int i = 0; i < 3; i++)
		put_u32(&out, 2);
	put_i32(&out, -5);
	put_i32(&out, 10);
	put_i32(&out, 20);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		put_u32(&out, words[i]);
	document_init(&doc);
	if (format_qb.read(strbuf_span(&out), &doc, &err) < 0)
		fail_msg("%s", err.msg);
	v = &document_active(&doc)->volume;
	assert_int_equal(volume_voxels_count(v), 5);
	/* x z y in the file: the first slice is y = 20. */
	assert_int_equal(volume_get(v, -5, 20, 10), 0xff0000ff);
	assert_int_equal(volume_get(v, -4, 20, 10), 0xff0000ff);
	assert_int_equal(volume_get(v, -5, 20, 11), 0xff0000ff);
	assert_int_equal(volume_get(v, -5, 21, 10), 0xff00ff00);
	assert_int_equal(volume_get(v, -4, 21, 11), 0xff010203);
	document_deinit(&doc);
	flip_everywhere(&format_qb, out.ptr, out.len);
	cut_everywhere(&format_qb, out.ptr, out.len, out.len);
	strbuf_deinit(&out);
}

/* Files of Voxlap: sizes, voxels (z downwards, fastest), 256 colors of six bits. */
static void test_headerless_vox(void **state)
{
	struct strbuf out = { 0 };
	struct document doc;
	const struct volume *v;
	struct err err = ERR_INIT;

	(void)state;
	put_u32(&out, 2);
	put_u32(&out, 1);
	put_u32(&out, 2);
	strbuf_add(&out, "\1\xff\xff\2", 4);
	for (int i = 0; i < 256; i++) {
		put_u8(&out, i == 1 ? 63 : 0);
		put_u8(&out, i == 2 ? 32 : 0);
		put_u8(&out, 0);
	}
	document_init(&doc);
	if (format_vox.read(strbuf_span(&out), &doc, &err) < 0)
		fail_msg("%s", err.msg);
	v = &document_active(&doc)->volume;
	assert_int_equal(volume_voxels_count(v), 2);
	assert_int_equal(volume_get(v, -1, 0, 0), 0xff0000ff);
	assert_int_equal(volume_get(v, 0, 0, -1), 0xff008200);
	document_deinit(&doc);
	cut_everywhere(&format_vox, out.ptr, out.len, out.len);
	strbuf_deinit(&out);
}

static void test_lines_name_themselves(void **state)
{
	static const char *const texts[] = {
		"1 2 3 ff0000\n1 2\n",
		"1 2 3 ff0000\n1 2 3 ff00\n",
		"1 2 3 ff0000\n1 2 99999999999 ff0000\n",
		"1 2 3 ff0000\n1 2 3 ff0000 7\n",
		"1 2 3 ff0000\n1 2 x3 ff0000\n",
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(try_read(&format_txt, texts[i], strlen(texts[i]), &err), -EPROTO);
		assert_non_null(strstr(err.msg, "line 2: "));
	}
	assert_int_equal(try_read(&format_txt, "# c\r\n\r\n 1\t2 3 FF0000 # d", 24, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_and_flipped),
		cmocka_unit_test(test_own_scene_cut_and_flipped),
		cmocka_unit_test(test_scenes_that_lie),
		cmocka_unit_test(test_rotations),
		cmocka_unit_test(test_matrices_that_lie),
		cmocka_unit_test(test_compressed_matrix),
		cmocka_unit_test(test_headerless_vox),
		cmocka_unit_test(test_lines_name_themselves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
