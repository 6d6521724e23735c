/*
 * script_view.h - the project as it was when its script started, seen from the script's process:
 * the layers, and the voxels, which the daemon is asked for block by block.
 *
 * Blocks that were asked for are kept in a small cache: 4 places for each value of a hash.
 */
#ifndef DAEMON_METHODS_SCRIPT_VIEW_H
#define DAEMON_METHODS_SCRIPT_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/methods/script_link.h"
#include "daemon/voxel/document.h"

enum {
	SCRIPT_VIEW_WAYS = 4,
	SCRIPT_VIEW_SETS = 256,
	SCRIPT_VIEW_BLOCKS = SCRIPT_VIEW_SETS * SCRIPT_VIEW_WAYS + 1, /* 16 MiB; see place_for */
};

typedef rgba script_voxels[BLOCK_VOXELS];

struct script_view_place {
	struct block_pos at;
	int32_t layer_id; /* 0: free */
	bool has_voxels;  /* false: the layer has no block there */
	bool is_counted;  /* as memory */
};

/* Caller-allocated. */
struct script_view {
	struct script_link *link;
	int32_t active_id;
	int32_t next_layer_id;
	uint32_t layers_count;
	struct script_layer layers[DOCUMENT_LAYERS_MAX]; /* bottom first */
	struct script_view_place *last;                  /* looked at; NULL: none */
	struct script_view_place places[SCRIPT_VIEW_BLOCKS];
	uint8_t turns[SCRIPT_VIEW_SETS]; /* which place of the set is given up next */
	script_voxels *voxels;           /* [SCRIPT_VIEW_BLOCKS], borrowed */
};

/* Without layers: the caller fills them. */
void script_view_init(struct script_view *v, struct script_link *link, script_voxels *voxels);

bool script_view_has_layer(const struct script_view *v, int32_t id);

/* The voxels of that block of a layer of the view; NULL: none. Valid until the next call. */
const rgba *script_view_block(struct script_view *v, int32_t layer_id, struct block_pos at);
rgba script_view_voxel(struct script_view *v, int32_t layer_id, const int32_t pos[3]);

/* The box of the layer's voxels; false: there are none. */
bool script_view_box(struct script_view *v, int32_t layer_id, struct box *out);

/* The blocks of the layer: start with out->next = 0; it is 0 again when these are the last. */
void script_view_places(struct script_view *v, int32_t layer_id, struct script_places *out);

#endif
