#include "daemon/formats/tile_png.h"

#include <errno.h>
#include <png.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cancel.h"
#include "daemon/base/png_out.h"

int tile_png_write(const uint32_t *pixels, uint32_t width, uint32_t height, struct strbuf *out)
{
	return png_out_encode(
		&(struct png_out){
			.pixels = pixels, .width = width, .height = height, .is_srgb = true },
		out);
}

enum {
	PNG_HEAD_BYTES = 8,
	PNG_AROUND_BYTES = 12, /* of a chunk: length, type, sum */
	CHECK_CHUNKS = 1024,   /* skipped between two calls of cancel_check */
};

static uint32_t big_endian(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static bool is_needed(const char *type)
{
	static const char needed[] = "IHDRPLTEtRNSIDATIEND";

	for (size_t i = 0; i < sizeof(needed) - 1; i += 4)
		if (!memcmp(type, needed + i, 4))
			return true;
	return false;
}

/*
 * Keeps only the chunks that define the pixels. libpng would also unpack text and profiles
 * (megabytes from each chunk of a malicious file), and a gamma chunk would change the colors, which
 * we take exactly as stored.
 */
static int keep_pixels(struct span png, struct strbuf *out)
{
	size_t at = PNG_HEAD_BYTES;
	unsigned checks = 0;

	if (png.len < PNG_HEAD_BYTES)
		return -EPROTO;
	strbuf_add(out, png.ptr, PNG_HEAD_BYTES);
	while (png.len - at >= PNG_AROUND_BYTES) {
		size_t len = big_endian(png.ptr + at);
		int rc = cancel_check_nth(&checks, CHECK_CHUNKS);

		if (rc < 0)
			return rc;
		if (len > png.len - at - PNG_AROUND_BYTES)
			return -EPROTO;
		if (is_needed(png.ptr + at + 4))
			strbuf_add(out, png.ptr + at, len + PNG_AROUND_BYTES);
		at += len + PNG_AROUND_BYTES;
	}
	return out->failed ? -ENOMEM : 0;
}

static int read_pixels(struct span png, uint32_t width, uint32_t height, uint32_t *pixels)
{
	png_image image = { .version = PNG_IMAGE_VERSION };
	int rc = -EPROTO;

	if (!png_image_begin_read_from_memory(&image, png.ptr, png.len))
		return -EPROTO;
	image.format = PNG_FORMAT_RGBA;
	if (image.width == width && image.height == height &&
	    png_image_finish_read(&image, NULL, pixels, 0, NULL))
		rc = 0;
	png_image_free(&image);
	return rc;
}

int tile_png_read(struct span png, uint32_t width, uint32_t height, uint32_t *pixels)
{
	struct strbuf kept = strbuf_counted(BUDGET_FILES);
	int rc = keep_pixels(png, &kept);

	if (rc == 0)
		rc = read_pixels(strbuf_span(&kept), width, height, pixels);
	strbuf_deinit(&kept);
	return rc;
}
