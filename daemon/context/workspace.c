#include "daemon/context/workspace.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/budget.h"

struct voxel *workspace_voxels(struct workspace *w, size_t count)
{
	size_t cap = w->voxels_cap ? w->voxels_cap : WORKSPACE_VOXELS_FIRST;
	struct voxel *fresh;

	if (count <= w->voxels_cap)
		return w->voxels;
	if (count > WORKSPACE_VOXELS_MAX)
		return NULL;
	while (cap < count)
		cap *= 2;
	fresh = budget_malloc(BUDGET_WORK, cap * sizeof(*fresh));
	if (!fresh)
		return NULL;
	budget_free(w->voxels);
	w->voxels = fresh;
	w->voxels_cap = cap;
	return fresh;
}

int workspace_fill(struct workspace *w)
{
	document_init(&w->image);
	if (document_add_defaults(&w->image) < 0 || !workspace_voxels(w, WORKSPACE_VOXELS_FIRST) ||
	    strbuf_reserve(&w->text, 4096) < 0) {
		workspace_deinit(w);
		return -ENOMEM;
	}
	memset(w->voxels, 0, w->voxels_cap * sizeof(*w->voxels));
	w->is_filled = true;
	return 0;
}

void workspace_trim(struct workspace *w)
{
	if (w->voxels_cap * sizeof(*w->voxels) > WORKSPACE_KEEP_BYTES) {
		budget_free(w->voxels);
		w->voxels = NULL;
		w->voxels_cap = 0;
	}
	if (w->text.cap > WORKSPACE_KEEP_BYTES)
		strbuf_deinit(&w->text);
}

void workspace_deinit(struct workspace *w)
{
	budget_free(w->voxels);
	strbuf_deinit(&w->text);
	document_deinit(&w->image);
	*w = (struct workspace){ 0 };
}
