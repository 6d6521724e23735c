/*
 * journal_model.h - a model of a project after the first k edits of a list: for tests that kill the
 * daemon and then check how many of the edits survived.
 *
 * Each edit changes something, so the project's version counts them.
 */
#ifndef DAEMON_TEST_JOURNAL_MODEL_H
#define DAEMON_TEST_JOURNAL_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/rng.h"
#include "daemon/base/strbuf.h"
#include "daemon/voxel/rgba.h"

enum {
	MODEL_EDGE = 12,
	MODEL_CELLS = MODEL_EDGE * MODEL_EDGE * MODEL_EDGE,
	MODEL_LAYERS_MAX = 4,
	MODEL_UNDO_MAX = 6,
};

struct model_layer {
	int32_t id;
	rgba at[MODEL_CELLS];
};

struct model_state {
	struct model_layer layers[MODEL_LAYERS_MAX];
	int count;
	int32_t active_id;
};

struct model {
	struct model_state now;
	struct model_state undo[MODEL_UNDO_MAX]; /* ring */
	unsigned undo_at;
	unsigned undo_count;
	int32_t next_id;
	uint32_t color; /* the next one; none is used twice */
	uint64_t version;
};

enum model_kind {
	MODEL_ADD,
	MODEL_BATCH,
	MODEL_CLEAR,
	MODEL_CREATE,
	MODEL_DELETE,
	MODEL_DUPLICATE,
	MODEL_UNDO,
};

struct model_edit {
	enum model_kind kind;
	int32_t layer_id;
	uint32_t cell;
	uint32_t color; /* of the first voxel */
	uint32_t count; /* of voxels */
};

void model_init(struct model *m); /* like a new project */
void model_forget_undo(struct model *m);

/* Chooses an edit that changes m. */
struct model_edit model_choose(const struct model *m, struct rng *r);
void model_apply(struct model *m, const struct model_edit *e);

/* Writes the request for it. */
void model_request(const struct model_edit *e, int32_t project_id, struct strbuf *out);

#endif
