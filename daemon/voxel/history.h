/*
 * history.h - bounded undo and redo of one project, by copy-on-write.
 *
 * A step is what one edit changed: single voxels as (position, color before) up to
 * HISTORY_VOXELS_MAX of them, larger changes as before-images of the blocks touched (references,
 * copied only when written), and the layer list with its names and flags where that changed. Undo
 * and redo exchange the step's contents with the document's, so each costs what the edit changed.
 * The arrays of a step are reused; steady editing allocates nothing.
 * When memory is short (base/budget.h), an edit drops the oldest steps of its own project before
 * it is refused; the newest HISTORY_STEPS_SPARED stay. Undo, redo and roll-back are never refused.
 */
#ifndef DAEMON_VOXEL_HISTORY_H
#define DAEMON_VOXEL_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/voxel/document.h"

enum {
	HISTORY_STEPS_MAX = 128,
	HISTORY_STEPS_SPARED = 8,  /* kept when memory is short */
	HISTORY_VOXELS_MAX = 256,  /* of one step; larger steps keep whole blocks */
	HISTORY_BLOCKS_MAX = 8192, /* 128 MiB of before-images of all steps; the newest always
				      stays */
};

struct history_step;

struct history {
	struct history_step **steps; /* ring[HISTORY_STEPS_MAX] and one more: the step being made */
	struct history_step *memory; /* of all of them, allocated with the first edit */
	uint32_t first;              /* oldest step's slot */
	uint32_t done_count;         /* steps that can be undone */
	uint32_t undone_count;       /* steps that can be redone; they follow the done ones */
	uint64_t epoch;
	uint64_t blocks_count; /* before-images held */
	bool is_open;          /* an edit is under way */
	bool has_spare;        /* steps may be dropped when memory is short */
	struct volume_watch watch;
	struct layer **watched; /* layers under watch in the open edit, referenced */
	uint32_t watched_count;
	uint32_t watched_cap;
};

void history_init(struct history *h);
void history_deinit(struct history *h);
void history_clear(struct history *h);

/*
 * An edit: call begin, then announce each change before making it, then commit or roll back.
 * Edits do not nest. label is a string literal; the reply of undo shows it.
 */
int history_begin(struct history *h, const char *label); /* -ENOMEM */
/* Call before the list of layers or any meta changes; once per edit is enough. -ENOMEM. */
int history_keep_layers(struct history *h, struct document *d);
/* Call before a voxel changes from old. -ENOSPC above HISTORY_VOXELS_MAX in this step. */
int history_keep_voxel(struct history *h, struct layer *l, const struct voxel *old);
/* Watches a layer until the end of the edit: its changed blocks are kept. -ENOMEM. */
int history_keep_blocks(struct history *h, struct layer *l);
/* The changes of the open edit so far; NULL when there are none. */
const struct history_step *history_made(const struct history *h);
/* Returns false when the edit changed nothing; then no step is added. */
bool history_commit(struct history *h);
/* The same for an edit that has changed one voxel, from old, and has kept nothing: needs no memory.
 */
void history_commit_voxel(struct history *h, struct layer *l, const struct voxel *old);
/* -ENOMEM: the list of layers stays as the edit left it. */
int history_rollback(struct history *h, struct document *d);

/* 0; -ENOENT when there is nothing to undo or redo; -ENOMEM (nothing changed). *label names the
 * edit. */
int history_undo(struct history *h, struct document *d, const char **label);
int history_redo(struct history *h, struct document *d, const char **label);

/* The step that undo reverted last; and the one that redo or an edit made last. It must exist. */
const struct history_step *history_undone(const struct history *h);
const struct history_step *history_done(const struct history *h);

#endif
