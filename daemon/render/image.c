/* Encodes PNG into memory, by libpng. */
#include "daemon/render/image.h"

#include <errno.h>

#include "daemon/base/err.h"
#include "daemon/base/png_out.h"

static bool is_opaque(const struct picture *p)
{
	size_t count = (size_t)p->width * p->height;
	rgba all = 0xff000000u;

	for (size_t i = 0; i < count; i++)
		all &= p->pixels[i];
	return all == 0xff000000u;
}

int image_encode_png(const struct picture *p, struct strbuf *out, struct err *err)
{
	const struct png_out png = { .pixels = p->pixels,
				     .width = p->width,
				     .height = p->height,
				     .is_opaque = is_opaque(p),
				     .is_filtered = true };
	int rc = png_out_encode(&png, out);

	if (rc < 0)
		return err_set(err, rc, "encode a PNG of %u x %u: %s", p->width, p->height,
			       rc == -ENOMEM ? "out of memory"
			       : rc == -EIO  ? "libpng failed"
					     : "stopped");
	return 0;
}
