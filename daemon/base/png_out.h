/* png_out.h - pixels into a PNG in memory, by libpng. Programs that use it link -lpng. */
#ifndef DAEMON_BASE_PNG_OUT_H
#define DAEMON_BASE_PNG_OUT_H

#include <stdbool.h>
#include <stdint.h>

struct strbuf;

struct png_out {
	const uint32_t *pixels; /* [height * width]: r, g, b, a in memory */
	uint32_t width, height;
	bool is_opaque;   /* the file has no alpha; that of pixels is ignored */
	bool is_filtered; /* by the Up filter: for pictures larger than some tiles */
	bool is_srgb;     /* the file says that its colors are sRGB */
};

/*
 * Appends the file to out. Asks cancel_check for each row. On failure out is as before.
 * Errors: -ENOMEM, -EIO libpng failed, those of cancel_check.
 */
int png_out_encode(const struct png_out *p, struct strbuf *out);

#endif
