/* tile_png.h - RGBA pixels of known size as PNG and back. libpng is used here and in render/ only.
 */
#ifndef DAEMON_FORMATS_TILE_PNG_H
#define DAEMON_FORMATS_TILE_PNG_H

#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/base/strbuf.h"

/* pixels[width * height], r g b a in memory order. Appends. -ENOMEM, -EIO, codes of cancel_check;
 * then out is as before. */
int tile_png_write(const uint32_t *pixels, uint32_t width, uint32_t height, struct strbuf *out);

/* Refuses (-EPROTO) any other size before it decodes anything, and looks at pixels only, so a small
 * file cannot ask for much memory. -ENOMEM, codes of cancel_check. */
int tile_png_read(struct span png, uint32_t width, uint32_t height, uint32_t *pixels);

#endif
