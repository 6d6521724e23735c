#include "daemon/formats/tile_png.h"

#include <errno.h>
#include <png.h>
#include <stdlib.h>

int tile_png_write(const uint32_t *pixels, uint32_t width, uint32_t height, struct strbuf *out)
{
	png_image image = { .version = PNG_IMAGE_VERSION,
			    .width = width,
			    .height = height,
			    .format = PNG_FORMAT_RGBA,
			    .flags = PNG_IMAGE_FLAG_FAST };
	png_alloc_size_t len = PNG_IMAGE_PNG_SIZE_MAX(image);

	if (strbuf_reserve(out, len) < 0)
		return -ENOMEM;
	if (!png_image_write_to_memory(&image, out->ptr + out->len, &len, 0, pixels, 0, NULL))
		return -EIO;
	out->len += len;
	out->ptr[out->len] = 0;
	return 0;
}

int tile_png_read(struct span png, uint32_t width, uint32_t height, uint32_t *pixels)
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
