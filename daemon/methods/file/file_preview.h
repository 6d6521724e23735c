/* file_preview.h - the small picture that .gox files carry. */
#ifndef DAEMON_METHODS_FILE_FILE_PREVIEW_H
#define DAEMON_METHODS_FILE_FILE_PREVIEW_H

#include <stdint.h>

#include "daemon/voxel/document.h"

/* For format_options.preview: draws the visible layers from the default side on a transparent
 * background. -ENOMEM. */
int file_preview(void *ctx, struct document *doc, uint32_t edge, uint32_t *pixels);

#endif
