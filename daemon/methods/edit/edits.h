/*
 * edits.h - edits that are both methods and operations of batch_operations.
 *
 * check reads and validates everything that needs no project; apply changes the layer inside an
 * open edit. Both get a call whose args are sorted by params.
 */
#ifndef DAEMON_METHODS_EDIT_EDITS_H
#define DAEMON_METHODS_EDIT_EDITS_H

#include <stdint.h>

#include "daemon/methods/scope.h"
#include "daemon/voxel/shapes.h"

struct edit_data {
	struct box box;
	bool has_box;
	int32_t at[3];
	rgba color;
	rgba tolerance;
	uint64_t voxels_max;
	struct shape shape;
	uint64_t *brush_work; /* voxels that the strokes of the request have drawn so far */
};

struct edit {
	const struct param *params;
	int layer_index; /* of layer_id and project_id in params */
	int project_index;
	int code;         /* error code of faults */
	const char *what; /* "fill region": label of the step, also used in faults */
	const char *count_key;
	/* 0, -EPROTO with the fault, or a code of cancel_check. */
	int (*check)(struct call *call, struct edit_data *data);
	/*
	 * *count = number of voxels concerned. Returns 0; -EPROTO with the fault, nothing changed;
	 * or another error, perhaps with a fault, and the step must be rolled back.
	 */
	int (*apply)(struct call *call, const struct edit_data *data, struct document *d,
		     struct layer *l, uint64_t *count);
};

extern const struct edit edit_flood_fill;
extern const struct edit edit_fill_region;
extern const struct edit edit_shape;
extern const struct edit edit_brush;

/* Runs an edit as a method: checks it, enters the project, applies it as one step and answers
 * {success, count_key}. */
int edit_run(struct call *call, const struct edit *edit);

#endif
