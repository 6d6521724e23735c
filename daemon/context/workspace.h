/*
 * workspace.h - the working memory of one thread that runs methods.
 *
 * Arrays grow to what the largest request needed and are kept up to WORKSPACE_KEEP_BYTES.
 */
#ifndef DAEMON_CONTEXT_WORKSPACE_H
#define DAEMON_CONTEXT_WORKSPACE_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/base/strbuf.h"
#include "daemon/voxel/document.h"
#include "daemon/voxel/rgba.h"

enum {
	WORKSPACE_VOXELS_FIRST = 4096,        /* of the batch array made with the first use */
	WORKSPACE_VOXELS_MAX = (4 << 20) + 1, /* of one batch */
	WORKSPACE_KEEP_BYTES = 4 << 20,       /* a larger array is given back after the request */
};

struct workspace {
	struct voxel *voxels; /* decoded batch */
	size_t voxels_cap;
	struct strbuf text;
	struct document image; /* v14's engine context: its own default document */
	bool is_filled;        /* by workspace_fill */
};

/* What v14 makes for each worker before the first request: a batch array, text, a document.
 * -ENOMEM: it is empty then. */
int workspace_fill(struct workspace *w);

/* Room for count voxels; the contents are lost. NULL when out of memory or over the limit. */
struct voxel *workspace_voxels(struct workspace *w, size_t count);

/* After a request: gives back what is larger than worth keeping. */
void workspace_trim(struct workspace *w);
void workspace_deinit(struct workspace *w);

#endif
