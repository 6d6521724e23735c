#include "daemon/base/png_out.h"

#include <errno.h>
#include <png.h>
#include <setjmp.h>

#include "daemon/base/cancel.h"
#include "daemon/base/strbuf.h"

/*
 * Rendered voxels are runs of few colors: level 3 with the Up filter gives files within a tenth of
 * the size of level 9 with all filters tried, in a quarter of the time.
 */
enum { COMPRESSION_LEVEL = 3 };

static void append(png_structp png, png_bytep bytes, png_size_t len)
{
	struct strbuf *out = png_get_io_ptr(png);

	strbuf_add(out, bytes, len);
	if (out->failed)
		png_error(png, "out of memory");
}

static void flush(png_structp png)
{
	(void)png;
}

static void on_error(png_structp png, png_const_charp text)
{
	(void)text;
	png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
	(void)png;
	(void)text;
}

/* The code that may longjmp; locals set before the jump are not read after it. */
static int write_png(png_structp png, png_infop info, const struct png_out *p, struct strbuf *out)
{
	if (setjmp(png_jmpbuf(png))) /* NOLINT(cert-err52-cpp): libpng's error handling */
		return out->failed ? -ENOMEM : -EIO;
	png_set_write_fn(png, out, append, flush);
	png_set_compression_level(png, COMPRESSION_LEVEL);
	png_set_filter(png, PNG_FILTER_TYPE_BASE, p->is_filtered ? PNG_FILTER_UP : PNG_FILTER_NONE);
	png_set_IHDR(png, info, p->width, p->height, 8,
		     p->is_opaque ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_RGB_ALPHA,
		     PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	if (p->is_srgb)
		png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
	png_write_info(png, info);
	if (p->is_opaque)
		png_set_filler(png, 0, PNG_FILLER_AFTER);
	for (uint32_t y = 0; y < p->height; y++) {
		int rc = cancel_check();

		if (rc < 0)
			return rc;
		png_write_row(png, (png_const_bytep)(p->pixels + (size_t)y * p->width));
	}
	png_write_end(png, info);
	return 0;
}

int png_out_encode(const struct png_out *p, struct strbuf *out)
{
	png_structp png =
		png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
	png_infop info = png ? png_create_info_struct(png) : NULL;
	size_t before = out->len;
	int rc = -ENOMEM;

	if (info)
		rc = write_png(png, info, p, out);
	png_destroy_write_struct(png ? &png : NULL, info ? &info : NULL);
	if (rc < 0)
		out->len = before;
	return rc;
}
