/*
 * script_view.h - the project as it was when its script started, seen from the script's process:
 * the layers, and the voxels, which are fetched from the daemon block by block.
 *
 * Fetched data is kept in a small cache: 4 places for each value of a hash. A place has the slices
 * of its block that were fetched: first one alone, then all others. It also keeps which blocks the
 * cells of 8^3 blocks contain, so that empty space is asked for only once.
 *
 * The latency of a reply costs more than its bytes, above all when the processors are busy. So the
 * same slices of neighbouring blocks are fetched with it. How many depends on how many slices
 * fetched ahead were used: each used one allows two more.
 */
#ifndef DAEMON_METHODS_SCRIPT_SCRIPT_VIEW_H
#define DAEMON_METHODS_SCRIPT_SCRIPT_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/methods/script/script_link.h"
#include "daemon/voxel/document.h"

enum {
	SCRIPT_VIEW_WAYS = 4,
	SCRIPT_VIEW_SETS = 256,
	SCRIPT_VIEW_KEPT = SCRIPT_VIEW_SETS * SCRIPT_VIEW_WAYS, /* 16 MiB */
	SCRIPT_VIEW_SPARE = SCRIPT_VIEW_KEPT, /* used when there is no memory for more */
	SCRIPT_VIEW_PLACES,
	SCRIPT_VIEW_CELLS = 256,
	SCRIPT_VIEW_AHEAD_FIRST = 4,
	SCRIPT_VIEW_AHEAD_MAX = 256,
};

typedef script_slice script_voxels[BLOCK_EDGE];

struct script_view_place {
	struct block_pos at;
	int32_t layer_id; /* 0: free */
	uint16_t slices;  /* slices that were fetched */
	bool is_counted;  /* its memory is counted */
	bool is_ahead;    /* fetched ahead and not used yet */
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

	struct script_view_place *last; /* the place used last; NULL: none, or no longer valid */
	struct script_view_place places[SCRIPT_VIEW_PLACES];
	uint8_t turns[SCRIPT_VIEW_SETS]; /* which place of the set is replaced next */
	script_voxels *voxels;           /* [SCRIPT_VIEW_PLACES], borrowed */
	struct script_view_cell cells[SCRIPT_VIEW_CELLS];
	bool is_full; /* there was no memory for another place */

	uint32_t ahead_count; /* neighbours that may be fetched ahead */
	union {
		struct script_cell_reply cell;
		script_slice slices[SCRIPT_SLICES_MAX];
	} reply;
};

/* Starts without layers: the caller adds them. */
void script_view_init(struct script_view *v, struct script_link *link, script_voxels *voxels);

bool script_view_has_layer(const struct script_view *v, int32_t id);

/* The voxels of that block of a layer of the view; NULL: none. Valid until the next call. */
const rgba *script_view_block(struct script_view *v, int32_t layer_id, struct block_pos at);
rgba script_view_voxel(struct script_view *v, int32_t layer_id, const int32_t pos[3]);

/* The box of the layer's voxels; false: there are none. */
bool script_view_box(struct script_view *v, int32_t layer_id, struct box *out);

/* Lists the blocks of the layer: start with out->next = 0; after the last ones it is 0 again. */
void script_view_places(struct script_view *v, int32_t layer_id, struct script_places *out);

#endif
