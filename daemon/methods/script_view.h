/*
 * script_view.h - the project as it was when its script started, seen from the script's process:
 * the layers, and the voxels, which the daemon is asked for block by block.
 *
 * What came is kept in a small cache: 4 places for each value of a hash. A place has the slices of
 * its block that were asked for: the first one alone, then all others. What cells of 8^3 blocks
 * have is kept, too, so that empty space is asked for once.
 *
 * An answer takes longer than its bytes, and much longer when the processors are busy. So the same
 * slices of neighbours are asked for with it. How many depends on how many of those that came so
 * have been of use: one that has allows two more.
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
	SCRIPT_VIEW_KEPT = SCRIPT_VIEW_SETS * SCRIPT_VIEW_WAYS, /* 16 MiB */
	SCRIPT_VIEW_SPARE = SCRIPT_VIEW_KEPT, /* for when there is no memory for more */
	SCRIPT_VIEW_PLACES,
	SCRIPT_VIEW_CELLS = 256,
	SCRIPT_VIEW_AHEAD_FIRST = 4,
	SCRIPT_VIEW_AHEAD_MAX = 256,
};

typedef script_slice script_voxels[BLOCK_EDGE];

struct script_view_place {
	struct block_pos at;
	int32_t layer_id; /* 0: free */
	uint16_t slices;  /* that are there */
	bool is_counted;  /* as memory */
	bool is_ahead;    /* came with another and has not been of use */
};

struct script_view_cell {
	struct block_pos at; /* its lowest block */
	int32_t layer_id;    /* 0: free */
	struct script_cell blocks;
};

/* Caller-allocated. */
struct script_view {
	struct script_link *link;
	int32_t active_id;
	int32_t next_layer_id;
	uint32_t layers_count;
	struct script_layer layers[DOCUMENT_LAYERS_MAX]; /* bottom first */

	struct script_view_place *last; /* looked at; NULL: none, or no longer valid */
	struct script_view_place places[SCRIPT_VIEW_PLACES];
	uint8_t turns[SCRIPT_VIEW_SETS]; /* which place of the set is given up next */
	script_voxels *voxels;           /* [SCRIPT_VIEW_PLACES], borrowed */
	struct script_view_cell cells[SCRIPT_VIEW_CELLS];
	bool is_full; /* there was no memory for another place */

	uint32_t ahead_count; /* neighbours that may be asked for */
	union {
		struct script_cell_reply cell;
		script_slice slices[SCRIPT_SLICES_MAX];
	} reply;
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
