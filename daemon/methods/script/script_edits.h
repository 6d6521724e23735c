/*
 * script_edits.h - a project as its script sees it: the view of what was there, and over it what
 * the script has changed.
 *
 * The edits are a list in the order of the script. A hash table finds the last edit of a place; it
 * grows with the list. In the script's process, in memory that is reserved from the start.
 */
#ifndef DAEMON_METHODS_SCRIPT_SCRIPT_EDITS_H
#define DAEMON_METHODS_SCRIPT_SCRIPT_EDITS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/methods/script/script_link.h"
#include "daemon/methods/script/script_view.h"
#include "daemon/methods/script/script_wire.h"

enum { SCRIPT_SLOTS_FIRST = 1024, SCRIPT_SLOTS_MAX = 2 * SCRIPT_OPS_MAX };

/* A layer whose voxels from before an edit are gone. */
struct script_mark {
	int32_t layer_id;
	uint32_t first_op; /* earlier ones, and the view, are not to be seen */
	bool is_deleted;
};

/* Caller-allocated. */
struct script_edits {
	struct script_view *view;
	struct script_link *link;
	struct script_op *ops; /* [SCRIPT_OPS_MAX], borrowed */
	uint32_t ops_count;
	uint32_t *slots; /* [SCRIPT_SLOTS_MAX], borrowed: index + 1 of the op of that place, or 0 */
	uint32_t slots_mask;
	int32_t active_id;
	int32_t next_id;
	char names[SCRIPT_LAYERS_MAX][VOXEL_NAME_MAX]; /* of the new layers */
	uint32_t names_count;
	struct script_mark marks[SCRIPT_LAYERS_MAX];
	uint32_t marks_count;
	uint32_t deleted_count;
};

/* ops and slots are zeroed. */
void script_edits_init(struct script_edits *e, struct script_view *view, struct script_op *ops,
		       uint32_t *slots);

/* The layers of the view are known now. */
void script_edits_begin(struct script_edits *e);

/* False: too many edits, or no memory for more. color 0 removes. */
bool script_edits_set(struct script_edits *e, const int32_t pos[3], rgba color);
rgba script_edits_get(struct script_edits *e, const int32_t pos[3]);

/* New ones become active. 0: too many. */
int32_t script_edits_add_layer(struct script_edits *e, const char *name, size_t len);
/* The box of the layer's voxels; false: there are none. */
bool script_edits_box(struct script_edits *e, int32_t id, struct box *out);

bool script_edits_has_layer(const struct script_edits *e, int32_t id);
bool script_edits_activate(struct script_edits *e, int32_t id); /* false: too many edits */
bool script_edits_show(struct script_edits *e, int32_t id, bool visible);
/* False: too many edits, or layers cleared and deleted. Not for the last layer. */
bool script_edits_clear(struct script_edits *e, int32_t id);
bool script_edits_delete(struct script_edits *e, int32_t id);
uint32_t script_edits_layers_count(const struct script_edits *e);

#endif
