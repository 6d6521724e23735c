/*
 * workspace.h - the working memory of one thread that runs methods.
 *
 * Arrays grow to the needs of the largest request and are kept up to WORKSPACE_KEEP_BYTES.
 */
#ifndef DAEMON_CONTEXT_WORKSPACE_H
#define DAEMON_CONTEXT_WORKSPACE_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/base/strbuf.h"
#include "daemon/voxel/document.h"
#include "daemon/voxel/rgba.h"

enum {
	WORKSPACE_VOXELS_FIRST = 4096,        /* size of the batch array at its first use */
	WORKSPACE_VOXELS_MAX = (4 << 20) + 1, /* of one batch */
	WORKSPACE_KEEP_BYTES = 4 << 20,       /* larger arrays are freed after the request */
};

struct workspace {
	struct voxel *voxels; /* decoded batch */
	size_t voxels_cap;
	struct strbuf text;
	struct document image; /* v14's engine context: its own default document */
	bool is_filled;        /* by workspace_fill */
};

/* Allocates what v14 makes for each worker before the first request: a batch array, text, a
 * document. -ENOMEM: then it is empty. */
int workspace_fill(struct workspace *w);

/* Room for count voxels; the contents are lost. NULL when out of memory or over the limit. */
struct voxel *workspace_voxels(struct workspace *w, size_t count);

/* Call after a request: frees arrays larger than WORKSPACE_KEEP_BYTES. */
void workspace_trim(struct workspace *w);
void workspace_deinit(struct workspace *w);

#endif
