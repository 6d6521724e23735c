#include "daemon/voxel/project.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/base/clock.h"

int project_new(int32_t id, const char *name, size_t name_len, const int32_t size[3],
		struct project **out)
{
	struct project *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return -ENOMEM;
	p->id = id;
	p->created_ns = clock_wall_ns();
	memcpy(p->size, size, sizeof(p->size));
	document_init(&p->doc);
	history_init(&p->history);
	voxel_name_copy(p->doc.name, name, name_len);
	rc = document_add_defaults(&p->doc);
	if (rc < 0) {
		project_free(p);
		return rc;
	}
	/* The image box starts at z = 0 and is centred on the z axis, as in the original. */
	for (size_t i = 0; i < 3; i++)
		p->doc.box[5 * i] = (float)size[i] / 2;
	p->doc.box[14] = (float)size[2] / 2;
	p->saved_version = p->doc.version;
	*out = p;
	return 0;
}

void project_free(struct project *p)
{
	struct block_usage before;
	struct block_usage after;

	if (!p)
		return;
	block_usage(&before);
	history_deinit(&p->history);
	volume_deinit(&p->selection.mask);
	volume_deinit(&p->clipboard.voxels);
	document_deinit(&p->doc);
	if (p->log)
		p->log->ops->free(p->log);
	free(p->path);
	free(p);
	/* A large project frees much memory, which others need: give back kept blocks as well. */
	block_usage(&after);
	if (after.live_count + BLOCK_POOL_MIN <= before.live_count)
		block_pool_trim();
}

int project_set_path(struct project *p, const char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	free(p->path);
	p->path = copy;
	return 0;
}

void project_take_document(struct project *p, struct document *doc)
{
	uint64_t version = p->doc.version;

	history_clear(&p->history);
	document_deinit(&p->doc);
	document_move(&p->doc, doc);
	p->doc.version = version + 1;
	p->saved_version = p->doc.version;
}

void project_saved(struct project *p, uint64_t version, struct span path)
{
	char *copy = strndup(path.ptr, path.len);

	if (copy) {
		free(p->path);
		p->path = copy;
	}
	p->saved_version = version;
	/* The file was written, even when the log fails: the next entry will record it. */
	if (p->log && p->log->ops->saved(p->log, p) < 0)
		p->log->needs_whole = true;
}

int project_closing(const struct project *p)
{
	return p->log ? p->log->ops->closed(p->log, p) : 0;
}

int project_begin(struct project *p, const char *label)
{
	return history_begin(&p->history, label);
}

int project_edit_layer(struct project *p, struct layer *l)
{
	return history_keep_blocks(&p->history, l);
}

int project_edit_layers(struct project *p)
{
	return history_keep_layers(&p->history, &p->doc);
}

int project_commit(struct project *p)
{
	const struct history_step *step = p->log ? history_made(&p->history) : NULL;
	int rc = step ? p->log->ops->edited(p->log, p, step) : 0;

	if (rc < 0) {
		project_rollback(p);
		return rc;
	}
	if (history_commit(&p->history))
		p->doc.version++;
	return 0;
}

void project_rollback(struct project *p)
{
	if (history_rollback(&p->history, &p->doc) < 0 && p->log)
		p->log->needs_whole = true;
}

int project_end(struct project *p, int rc)
{
	if (rc < 0) {
		project_rollback(p);
		return rc;
	}
	return project_commit(p);
}

/* Writes one voxel of an open edit while its changes still fit as single voxels. */
static int set_kept(struct project *p, struct layer *l, const struct voxel *v, rgba *old)
{
	struct voxel was = *v;
	int rc = volume_exchange(&l->volume, v->x, v->y, v->z, v->color, &was.color);

	if (rc < 0)
		return rc;
	*old = was.color;
	if (was.color == rgba_stored(v->color))
		return 0;
	rc = history_keep_voxel(&p->history, l, &was);
	if (rc < 0) { /* the step does not hold it, so undo it here */
		budget_begin_restore();
		volume_set(&l->volume, v->x, v->y, v->z, was.color);
		budget_end_restore();
	}
	return rc;
}

/* The whole of an open edit, where there is no log: nothing behind the write can fail. */
static int set_alone(struct project *p, struct layer *l, const struct voxel *v, rgba *old)
{
	struct voxel was = *v;
	int rc = volume_exchange(&l->volume, v->x, v->y, v->z, v->color, &was.color);

	if (rc == 0)
		*old = was.color;
	if (rc < 0 || was.color == rgba_stored(v->color))
		return project_end(p, rc);
	history_commit_voxel(&p->history, l, &was);
	p->doc.version++;
	return 0;
}

int project_set_voxel(struct project *p, struct layer *l, const struct voxel *v, rgba *old)
{
	rgba was = RGBA_NONE;
	int rc = project_begin(p, "set voxel");

	if (rc < 0)
		return rc;
	rc = p->log ? project_end(p, set_kept(p, l, v, &was)) : set_alone(p, l, v, &was);
	if (old)
		*old = was;
	return rc;
}

int project_set_voxels(struct project *p, struct layer *l, const struct voxel *voxels, size_t n)
{
	int rc = project_begin(p, "set voxels");

	if (rc < 0)
		return rc;
	if (n <= HISTORY_VOXELS_MAX) {
		for (size_t i = 0; rc == 0 && i < n; i++) {
			rgba old;

			rc = set_kept(p, l, &voxels[i], &old);
		}
	} else {
		rc = project_edit_layer(p, l);
		if (!rc)
			rc = volume_set_many(&l->volume, voxels, n);
	}
	return project_end(p, rc);
}

int project_set_voxels_from(struct project *p, struct layer *l, struct voxel_source *from)
{
	const struct voxel *voxels;
	int rc = project_begin(p, "set voxels");
	size_t n;

	if (rc < 0)
		return rc;
	rc = project_edit_layer(p, l);
	while (rc == 0 && (n = from->next(from, &voxels)) > 0)
		rc = volume_set_many(&l->volume, voxels, n);
	return project_end(p, rc);
}

/* Logs an undo or redo; `back` reverts the document if logging fails. */
static int log_exchange(struct project *p, const struct history_step *step,
			int (*back)(struct history *h, struct document *d, const char **label))
{
	const char *label;
	int rc = p->log ? p->log->ops->edited(p->log, p, step) : 0;

	if (rc == 0)
		p->doc.version++;
	else if (back(&p->history, &p->doc, &label) < 0)
		p->log->needs_whole = true;
	return rc;
}

int project_undo(struct project *p, const char **label)
{
	int rc = history_undo(&p->history, &p->doc, label);

	return rc < 0 ? rc : log_exchange(p, history_undone(&p->history), history_redo);
}

int project_redo(struct project *p, const char **label)
{
	int rc = history_redo(&p->history, &p->doc, label);

	return rc < 0 ? rc : log_exchange(p, history_done(&p->history), history_undo);
}

int project_set_camera(struct project *p, size_t index, const struct camera *c)
{
	struct camera was = p->doc.cameras[index];
	int rc;

	p->doc.cameras[index] = *c;
	rc = p->log ? p->log->ops->cameras(p->log, p) : 0;
	if (rc == 0)
		p->doc.version++; /* cached pictures are out of date */
	else
		p->doc.cameras[index] = was;
	return rc;
}
