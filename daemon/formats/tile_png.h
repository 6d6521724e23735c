/* tile_png.h - converts RGBA pixels of known size to PNG and back. Only formats/ and render/ use
 * libpng. */
#ifndef DAEMON_FORMATS_TILE_PNG_H
#define DAEMON_FORMATS_TILE_PNG_H

#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/base/strbuf.h"

/* pixels[width * height], r g b a in memory order. Appends to out; on error (-ENOMEM, -EIO, codes
 * of cancel_check) out is unchanged. */
int tile_png_write(const uint32_t *pixels, uint32_t width, uint32_t height, struct strbuf *out);

/* Refuses (-EPROTO) any other size before decoding, and reads only pixel chunks, so that a small
 * file cannot use much memory. -ENOMEM, codes of cancel_check. */
int tile_png_read(struct span png, uint32_t width, uint32_t height, uint32_t *pixels);

#endif
