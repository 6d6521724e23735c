/*
 * script_edits.h - a project as its script sees it: the snapshot, and over it what the script has
 * changed. In the script's process; takes no lock and no memory.
 */
#ifndef DAEMON_METHODS_SCRIPT_EDITS_H
#define DAEMON_METHODS_SCRIPT_EDITS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/methods/script_result.h"
#include "daemon/voxel/document.h"

enum { SCRIPT_SLOTS = 2 * SCRIPT_OPS_MAX };

/* A layer whose voxels from before an edit are gone. */
struct script_mark {
	int32_t layer_id;
	uint32_t first_op; /* earlier ones, and the snapshot, are not to be seen */
	bool is_deleted;
};

struct script_edits {
	const struct document *doc;
	struct script_result *result;
	uint32_t *slots; /* [SCRIPT_SLOTS], zeroed: index + 1 of the op of that place */
	int32_t active_id;
	int32_t next_id;
	struct script_mark marks[SCRIPT_LAYERS_MAX];
	uint32_t marks_count;
	uint32_t deleted_count;
};

void script_edits_init(struct script_edits *e, const struct document *doc,
		       struct script_result *result, uint32_t *slots);

/* False: too many edits. color 0 removes. */
bool script_edits_set(struct script_edits *e, const int32_t pos[3], rgba color);
rgba script_edits_get(const struct script_edits *e, const int32_t pos[3]);

/* New ones become active. 0: too many. */
int32_t script_edits_add_layer(struct script_edits *e, const char *name, size_t len);
/* The box of the layer's voxels; false: there are none. */
bool script_edits_box(const struct script_edits *e, int32_t id, struct box *out);

bool script_edits_has_layer(const struct script_edits *e, int32_t id);
bool script_edits_activate(struct script_edits *e, int32_t id); /* false: too many edits */
bool script_edits_show(struct script_edits *e, int32_t id, bool visible);
/* False: too many edits, or layers cleared and deleted. Not for the last layer. */
bool script_edits_clear(struct script_edits *e, int32_t id);
bool script_edits_delete(struct script_edits *e, int32_t id);
uint32_t script_edits_layers_count(const struct script_edits *e);

#endif
