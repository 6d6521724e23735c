/*
 * script_wire.h - the protocol between the daemon and the process of a script, over a socket that
 * preserves message boundaries (SOCK_SEQPACKET).
 *
 *	process                             daemon
 *	ASK_HELLO            ->                            the sandbox is active
 *	                     <-  script_job, job text      name, layers, source
 *	ASK_BLOCK and others ->
 *	                     <-  one reply each
 *	ASK_END, end text    ->                            edits, names, error, value, output
 *
 * "Text" follows a fixed struct: its parts in that order without gaps, split into messages of at
 *most SCRIPT_MESSAGE_BYTES_MAX; the first piece is in the message of the struct. Both sides are the
 *same program, so numbers have the machine's native format.
 *
 * The process trusts the daemon. The daemon trusts nothing from the process: a script may have
 *taken it over.
 */
#ifndef DAEMON_METHODS_SCRIPT_SCRIPT_WIRE_H
#define DAEMON_METHODS_SCRIPT_SCRIPT_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/voxel/layer.h"

enum {
	SCRIPT_MESSAGE_BYTES_MAX = 64 << 10,
	SCRIPT_ASK_BYTES_MAX = 4096, /* one message from the process that starts with a struct */

	SCRIPT_NAME_BYTES_MAX = 255, /* of the script, shown in errors; longer ones are cut */
	SCRIPT_SOURCE_BYTES_MAX = 16 << 20,
	SCRIPT_TEXT_BYTES_MAX = 64 << 10, /* of value and of output */
	SCRIPT_ERROR_BYTES_MAX = 512,
	SCRIPT_LAYERS_MAX = 64,   /* new ones of one script */
	SCRIPT_OPS_MAX = 1 << 22, /* edits */
	SCRIPT_PLACES_MAX = 1024, /* blocks that one reply lists */

	/* Memory of the process. The daemon counts the first part at the start; the process
	 * requests more as it uses more. */
	SCRIPT_MEMORY_BYTES_FIRST = 4 << 20,
	SCRIPT_MEMORY_BYTES_STEP = 4 << 20,
};

enum script_ask_kind {
	SCRIPT_ASK_HELLO, /* value: error of the sandbox, 0: it is active */
	SCRIPT_ASK_CELL,  /* layer_id, at, value: slices -> script_cell, then slices of the block */
	SCRIPT_ASK_SLICES, /* script_ask_slices -> slices of its blocks */
	SCRIPT_ASK_PLACES, /* layer_id, value: where to continue -> script_places */
	SCRIPT_ASK_BOX,    /* layer_id -> script_box */
	SCRIPT_ASK_MEMORY, /* value: additional bytes -> one byte: 1 yes, 0 no */
	SCRIPT_ASK_END,    /* script_end */
};

struct script_ask {
	uint32_t kind;
	int32_t layer_id;
	struct block_pos at;
	uint32_t value;
};

/*
 * Voxels are sent in slices of a block, 16^2 of one z, because most scripts read few voxels of many
 * blocks. A set of slices has a bit for each z. A reply has its slices in order of blocks, then of
 * z; slices of blocks that do not exist are left out.
 *
 * Cells of 8^3 blocks tell which blocks exist, one bit for each, x fastest. With a known cell, the
 * process need not ask for missing blocks, and can ask for several blocks at once.
 */
enum {
	SCRIPT_SLICE_VOXELS = BLOCK_EDGE * BLOCK_EDGE,
	SCRIPT_SLICES_ALL = 0xffff,
	SCRIPT_SLICES_MAX = 64, /* of one reply */

	SCRIPT_CELL_BITS = 3,
	SCRIPT_CELL_BLOCKS = 512,
	SCRIPT_CELL_WORDS = SCRIPT_CELL_BLOCKS / 64,
};

typedef rgba script_slice[SCRIPT_SLICE_VOXELS];

struct script_cell {
	uint64_t has[SCRIPT_CELL_WORDS];
};

struct script_ask_slices {
	struct script_ask ask;   /* at: any block of the cell; value: slices */
	struct script_cell want; /* blocks */
};

struct script_cell_reply {
	struct script_cell cell;
	script_slice slices[BLOCK_EDGE];
};

static inline uint32_t script_cell_index(struct block_pos at)
{
	return ((uint32_t)at.x & 7) | ((uint32_t)at.y & 7) << 3 | ((uint32_t)at.z & 7) << 6;
}

/* The block with that bit, in the cell of at. */
static inline struct block_pos script_cell_block(struct block_pos at, uint32_t index)
{
	return (struct block_pos){ (at.x & ~7) | (int32_t)(index & 7),
				   (at.y & ~7) | (int32_t)(index >> 3 & 7),
				   (at.z & ~7) | (int32_t)(index >> 6) };
}

static inline bool script_cell_has(const struct script_cell *c, uint32_t index)
{
	return c->has[index / 64] >> index % 64 & 1;
}

static inline void script_cell_add(struct script_cell *c, uint32_t index)
{
	c->has[index / 64] |= (uint64_t)1 << index % 64;
}

struct script_places {
	uint32_t next; /* value of the next question; 0: these are the last ones */
	uint32_t count;
	struct block_pos at[SCRIPT_PLACES_MAX];
};

struct script_box {
	uint32_t is_there;
	struct box box;
};

struct script_job {
	uint64_t seed; /* of Math.random */
	int32_t active_id;
	int32_t next_layer_id;
	uint32_t name_bytes;
	uint32_t layers_count; /* of struct script_layer */
	uint32_t source_bytes;
};

struct script_layer {
	int32_t id;
	char name[VOXEL_NAME_MAX];
};

struct script_end {
	uint32_t kind; /* SCRIPT_ASK_END */
	uint32_t is_done;
	uint32_t error_bytes; /* why it failed */
	uint32_t value_bytes; /* JSON; 0: undefined */
	uint32_t output_bytes;
	uint32_t is_output_cut;
	uint32_t names_count; /* of VOXEL_NAME_MAX bytes each */
	uint32_t ops_count;   /* of struct script_op */
};

enum script_op_kind {
	SCRIPT_VOXEL,     /* color 0 removes */
	SCRIPT_LAYER_NEW, /* pos[0]: index of its name; layer_id: the id that the script uses */
	SCRIPT_LAYER_ACTIVE,
	SCRIPT_LAYER_VISIBLE, /* pos[0]: 0 or 1 */
	SCRIPT_LAYER_CLEAR,
	SCRIPT_LAYER_DELETE,
};

struct script_op {
	int32_t kind;
	int32_t layer_id;
	int32_t pos[3];
	rgba color;
};

#endif
