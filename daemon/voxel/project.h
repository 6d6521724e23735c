/*
 * project.h - a document under edit: history, selection, clipboard, identity.
 *
 * Every change goes through project_begin ... project_commit (or project_rollback, which puts
 * everything back), or through the one-voxel shortcut. A change bumps doc.version. Where the
 * everything back), or through the one-voxel shortcut. A change increments doc.version. If the
 * project has a log, the log records every change before it is final; a change that cannot be
 * logged is rejected.
 * Threads: the holder of the context's lock for this project.
 */
#ifndef DAEMON_VOXEL_PROJECT_H
#define DAEMON_VOXEL_PROJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/voxel/document.h"
#include "daemon/voxel/history.h"

enum {
	PROJECTS_MAX = 64, /* open at once */
};

/* What is selected: a box, and inside it either all positions or those of the mask. */
struct selection {
	bool is_set;
	bool has_mask;
	struct box box;
	struct volume mask; /* voxels selected by color */
};

struct clipboard {
	bool is_set;
	struct box box; /* of the copied selection, in the source's coordinates */
	struct volume voxels;
};

/*
 * Records the changes of one project, so that it survives the process (daemon/store/journal.h).
 * Methods are called with the project's lock held. Each returns 0 or a negative errno, with which
 * the change fails: -EDQUOT (no room on the disk), -EIO, -ENOMEM.
 */
struct project;
struct project_log;
struct project_log_ops {
	/* p->doc is already in the state after the edit, except for its version, which will be one
	 * higher. It differs from the version before only where step says so. */
	int (*edited)(struct project_log *log, const struct project *p,
		      const struct history_step *step);
	int (*cameras)(struct project_log *log, const struct project *p); /* the same for cameras */
	int (*saved)(struct project_log *log, const struct project *p);   /* path, saved_version */
	int (*closed)(struct project_log *log, const struct project *p);
	void (*free)(struct project_log *log);
};

struct project_log {
	const struct project_log_ops *ops;
	/* A failed change could not be rolled back either: the log does not know the project's
	 * state, so the next entry must hold the whole project. */
	bool needs_whole;
};

struct project {
	int32_t id;             /* from 1, unique in the process */
	int32_t size[3];        /* as asked by create_project: width, height, depth */
	uint64_t created_ns;    /* wall clock */
	char *path;             /* of the file last loaded or saved; NULL = none; owned */
	uint64_t saved_version; /* doc.version at that moment */
	struct document doc;
	struct history history;
	struct selection selection;
	struct clipboard clipboard;
	struct project_log *log; /* NULL: nothing is kept; owned */
};

/* A new project with the default document. -ENOMEM. */
int project_new(int32_t id, const char *name, size_t name_len, const int32_t size[3],
		struct project **out);
void project_free(struct project *p); /* NULL is fine */

/* Has changes that are not saved to a file. */
static inline bool project_is_modified(const struct project *p)
{
	return p->doc.version != p->saved_version;
}

/* Remembers path for saves; -ENOMEM. */
int project_set_path(struct project *p, const char *path);

/* Replaces the project's document by doc (which is empty afterwards) and clears the history. For
 * load_project. */
void project_take_document(struct project *p, struct document *doc);

/* Call when that version of the document was written to a file. Without memory for the path, the
 * old path stays; nothing else fails. */
void project_saved(struct project *p, uint64_t version, struct span path);

/* See history.h. layer_edit: the layer whose voxels the edit changes freely. */
int project_begin(struct project *p, const char *label);
int project_edit_layer(struct project *p, struct layer *l); /* then write l->volume */
int project_edit_layers(struct project *p);                 /* then change the list or metas */
int project_commit(struct project *p);                      /* an error of the log: rolled back */
void project_rollback(struct project *p);
/* Commits, or rolls back when rc < 0; returns rc, or the error of the commit. */
int project_end(struct project *p, int rc);

/* One voxel as a whole edit; *old may be NULL. Allocates nothing in steady state. */
int project_set_voxel(struct project *p, struct layer *l, const struct voxel *v, rgba *old);

/* Many voxels as a whole edit, all or nothing. */
int project_set_voxels(struct project *p, struct layer *l, const struct voxel *voxels, size_t n);

/* The same with voxels that come in parts: next returns how many are at *voxels, 0 behind the last.
 */
struct voxel_source {
	size_t (*next)(struct voxel_source *from, const struct voxel **voxels);
};
int project_set_voxels_from(struct project *p, struct layer *l, struct voxel_source *from);

int project_undo(struct project *p, const char **label);
int project_redo(struct project *p, const char **label);

/* Tells the log that the project will not be used any more. On error the project stays open. */
int project_closing(const struct project *p);

/* Replaces camera index; undo does not restore cameras. */
int project_set_camera(struct project *p, size_t index, const struct camera *c);

/* Layer operations, each a whole edit. Errors: -ENOENT no such layer, -ENOSPC, -ENOMEM, -EINVAL. */
int project_layer_create(struct project *p, const char *name, size_t name_len, struct layer **out);
int project_layer_create_as(struct project *p, const char *name, size_t name_len, rgba color,
			    bool visible, struct layer **out);
int project_layer_delete(struct project *p,
			 int32_t id); /* the last remaining layer is replaced by an empty one */
int project_layer_duplicate(struct project *p, int32_t id, struct layer **out);
int project_layer_duplicate_as(struct project *p, int32_t id, const char *name, size_t name_len,
			       struct layer **out);
int project_layer_merge(struct project *p, int32_t source_id, int32_t target_id);
int project_layer_move(struct project *p, int32_t id, size_t index);
int project_layer_clear(struct project *p, int32_t id);
/* Changes of meta: begin, project_edit_layers, change l->meta, commit. */
int project_layer_activate(struct project *p, int32_t id);

#endif
