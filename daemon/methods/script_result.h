/*
 * script_result.h - what a script leaves behind, in memory that its process shares with the daemon:
 * the edits in order, the value, the output.
 *
 * The daemon reads it when the process is gone, and believes none of its numbers.
 */
#ifndef DAEMON_METHODS_SCRIPT_RESULT_H
#define DAEMON_METHODS_SCRIPT_RESULT_H

#include <stdint.h>

#include "daemon/voxel/layer.h"

enum {
	SCRIPT_TEXT_BYTES_MAX = 64 << 10, /* of value and of output */
	SCRIPT_MESSAGE_BYTES_MAX = 512,
	SCRIPT_LAYERS_MAX = 64,   /* new ones of one script */
	SCRIPT_OPS_MAX = 1 << 22, /* edits: 96 MiB of address space, used as they come */
};

enum script_state { SCRIPT_RUNNING, SCRIPT_SUCCEEDED, SCRIPT_FAILED };

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

struct script_text {
	uint32_t bytes;
	uint32_t is_cut; /* there was more */
	char text[SCRIPT_TEXT_BYTES_MAX];
};

struct script_result {
	uint32_t state;
	char message[SCRIPT_MESSAGE_BYTES_MAX]; /* NUL-terminated; why it failed */
	struct script_text value;               /* JSON; empty: undefined */
	struct script_text output;              /* of console.log and its like */
	uint32_t names_count;
	char names[SCRIPT_LAYERS_MAX][VOXEL_NAME_MAX];
	uint32_t ops_count;
	struct script_op ops[SCRIPT_OPS_MAX];
};

#endif
