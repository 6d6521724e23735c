/* file_preview.h - the small picture that .gox files carry. */
#ifndef DAEMON_METHODS_FILE_PREVIEW_H
#define DAEMON_METHODS_FILE_PREVIEW_H

#include <stdint.h>

#include "daemon/voxel/document.h"

/* As format_options.preview: the visible layers from the default side, clear where nothing is.
 * -ENOMEM. */
int file_preview(void *ctx, struct document *doc, uint32_t edge, uint32_t *pixels);

#endif
