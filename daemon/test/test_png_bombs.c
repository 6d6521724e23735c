/*
 * R-304, zip bombs: pictures in .gox files whose chunks unpack to far more than a tile. They are
 * refused or read at the cost of a tile, whatever they say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

#include "daemon/base/clock.h"
#include "daemon/formats/bytes.h"
#include "daemon/formats/registry.h"
#include "daemon/test/format_util.h"

enum {
	TILE_EDGE = 64,
	TILE_BYTES = TILE_EDGE * (TILE_EDGE * 4 + 1), /* with a filter's byte in each row */
	BOMB_BYTES = 7 << 20, /* below what libpng itself refuses of one chunk */
	BOMBS_COUNT = 100,
	GROWTH_KIB_MAX = 96 << 10,
	TIME_NS_MAX = 2000000000,
};

static void put_big_endian(struct strbuf *sb, uint32_t v)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		put_u8(sb, (uint8_t)(v >> shift));
}

static void put_chunk(struct strbuf *sb, const char type[5], struct span data)
{
	uLong crc = crc32(0, (const Bytef *)type, 4);

	put_big_endian(sb, (uint32_t)data.len);
	strbuf_add(sb, type, 4);
	strbuf_add(sb, data.ptr, data.len);
	if (data.len)
		crc = crc32(crc, (const Bytef *)data.ptr, (uInt)data.len);
	put_big_endian(sb, (uint32_t)crc);
}

/* head, then `bytes` zeros packed. */
static void put_packed(struct strbuf *sb, const char *type, struct span head, size_t bytes)
{
	uLongf len = compressBound(bytes);
	char *packed = malloc(head.len + len);
	Bytef *zeros = calloc(1, bytes);

	assert_non_null(packed);
	assert_non_null(zeros);
	memcpy(packed, head.ptr, head.len);
	assert_int_equal(compress((Bytef *)packed + head.len, &len, zeros, bytes), Z_OK);
	put_chunk(sb, type, span_of(packed, head.len + len));
	free(zeros);
	free(packed);
}

/* An empty RGBA picture of that many rows and columns of the given bytes, after `bombs` text and
 * profile chunks. */
static void put_png(struct strbuf *sb, uint32_t edge, int bombs, size_t pixels_bytes)
{
	struct strbuf header = { 0 };
	struct strbuf side = { 0 };

	strbuf_add(sb, "\x89PNG\r\n\x1a\n", 8);
	put_big_endian(&header, edge);
	put_big_endian(&header, edge);
	strbuf_add(&header, "\x08\x06\0\0\0", 5);
	put_chunk(sb, "IHDR", strbuf_span(&header));
	strbuf_deinit(&header);
	if (bombs) {
		put_packed(&side, "zTXt", span_of("k\0\0", 3), BOMB_BYTES);
		put_packed(&side, "iTXt", span_of("k\0\1\0\0\0", 6), BOMB_BYTES);
		put_packed(&side, "iCCP", span_of("k\0\0", 3), BOMB_BYTES);
	}
	for (int i = 0; i < bombs; i++)
		strbuf_add(sb, side.ptr, side.len);
	strbuf_deinit(&side);
	put_packed(sb, "IDAT", span_of("", 0), pixels_bytes);
	put_chunk(sb, "IEND", span_of("", 0));
}

static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* One block of that picture. Returns what reading gave. */
static int read_gox(uint32_t edge, int bombs, size_t pixels_bytes)
{
	struct strbuf png = { 0 };
	struct strbuf file = { 0 };
	struct err err = ERR_INIT;
	struct document doc;
	uint64_t start_ns;
	long before_kib;
	int rc;

	put_png(&png, edge, bombs, pixels_bytes);
	strbuf_add(&file, "GOX \2\0\0\0BL16", 12);
	put_u32(&file, (uint32_t)png.len);
	strbuf_add(&file, png.ptr, png.len);
	put_u32(&file, 0);
	document_init(&doc);
	before_kib = peak_kib();
	start_ns = clock_thread_cpu_ns();
	rc = format_gox.read(strbuf_span(&file), &doc, &err);
	assert_true(clock_thread_cpu_ns() - start_ns < TIME_NS_MAX);
	assert_in_range(peak_kib() - before_kib, 0, GROWTH_KIB_MAX);
	document_deinit(&doc);
	strbuf_deinit(&png);
	strbuf_deinit(&file);
	return rc;
}

static void test_a_tile_is_read(void **state)
{
	(void)state;
	assert_int_equal(read_gox(TILE_EDGE, 0, TILE_BYTES), 0);
}

static void test_other_sizes_are_refused_unread(void **state)
{
	(void)state;
	assert_true(read_gox(20000, 0, 64 << 20) < 0);
	assert_true(read_gox(0x7fffffff, 0, 1000) < 0);
	assert_true(read_gox(0, 0, 1000) < 0);
	assert_true(read_gox(TILE_EDGE + 1, 0, 1000) < 0);
}

static void test_pixels_without_end(void **state)
{
	(void)state;
	/* More than the tile has is not unpacked; less is no tile. */
	read_gox(TILE_EDGE, 0, 256 << 20);
	assert_true(read_gox(TILE_EDGE, 0, 100) < 0);
}

static void test_side_chunks_are_not_unpacked(void **state)
{
	(void)state;
	read_gox(TILE_EDGE, BOMBS_COUNT, TILE_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_tile_is_read),
		cmocka_unit_test(test_other_sizes_are_refused_unread),
		cmocka_unit_test(test_pixels_without_end),
		cmocka_unit_test(test_side_chunks_are_not_unpacked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
