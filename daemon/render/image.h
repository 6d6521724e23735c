/* image.h - encodes pictures as PNG. Only render/ and formats/ use libpng. */
#ifndef DAEMON_RENDER_IMAGE_H
#define DAEMON_RENDER_IMAGE_H

#include "daemon/base/strbuf.h"
#include "daemon/render/picture.h"

struct err;

/* Appends the picture as PNG: RGBA, or RGB when every pixel is opaque. -ENOMEM, -EIO, codes of
 * cancel_check. */
int image_encode_png(const struct picture *p, struct strbuf *out, struct err *err);

#endif
