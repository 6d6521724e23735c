/*
 * script_wire.h - what the daemon and the process of a script say to each other, over a socket that
 * keeps messages apart (SOCK_SEQPACKET).
 *
 *	process                             daemon
 *	ASK_HELLO            ->                            it is confined
 *	                     <-  script_job, job text      name, layers, source
 *	ASK_BLOCK and others ->
 *	                     <-  one reply each
 *	ASK_END, end text    ->                            edits, names, error, value, output
 *
 * "Text" is what follows a fixed struct: its parts in that order without gaps, cut into messages of
 * at most SCRIPT_MESSAGE_BYTES_MAX; the first piece is in the message of the struct. Both sides are
 * the same program: numbers have the machine's own form.
 *
 * The process trusts the daemon. The daemon believes nothing that the process says: a script may
 * have taken the process over.
 */
#ifndef DAEMON_METHODS_SCRIPT_WIRE_H
#define DAEMON_METHODS_SCRIPT_WIRE_H

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

	/* Memory of the process. The daemon counts the first part at the start; the process asks
	 * for more as it uses more. */
	SCRIPT_MEMORY_BYTES_FIRST = 4 << 20,
	SCRIPT_MEMORY_BYTES_STEP = 4 << 20,
};

enum script_ask_kind {
	SCRIPT_ASK_HELLO,  /* value: errno of the sandbox, 0: it is in force */
	SCRIPT_ASK_BLOCK,  /* layer_id, at -> its voxels, or one byte: there are none */
	SCRIPT_ASK_PLACES, /* layer_id, value: where to go on -> script_places */
	SCRIPT_ASK_BOX,    /* layer_id -> script_box */
	SCRIPT_ASK_MEMORY, /* value: bytes more -> one byte: 1 yes, 0 no */
	SCRIPT_ASK_END,    /* script_end */
};

struct script_ask {
	uint32_t kind;
	int32_t layer_id;
	struct block_pos at;
	uint32_t value;
};

struct script_places {
	uint32_t next; /* value of the next question; 0: these are the last */
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
	SCRIPT_LAYER_NEW, /* pos[0]: index of its name; layer_id: what the script calls it */
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
