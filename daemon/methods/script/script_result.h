/*
 * script_result.h - the results of a script: its value, output and edits, received from its process
 * and checked.
 */
#ifndef DAEMON_METHODS_SCRIPT_SCRIPT_RESULT_H
#define DAEMON_METHODS_SCRIPT_SCRIPT_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/methods/script/script_wire.h"

/* One allocation, counted as BUDGET_SCRIPTS. Pointers go into it. */
struct script_result {
	bool is_done; /* false: it failed */
	bool is_output_cut;
	struct span error; /* why it failed */
	struct span value; /* JSON; empty: undefined */
	struct span output;
	const char (*names)[VOXEL_NAME_MAX]; /* of new layers; NUL-terminated */
	uint32_t names_count;
	const struct script_op *ops; /* any kind, id and position */
	uint32_t ops_count;

	size_t text_bytes;     /* length of the text that follows the message's struct */
	size_t received_bytes; /* received so far */
	char *text;
};

/*
 * Starts a result from the first message. -EPROTO: invalid; -ENOMEM. Then call script_result_add
 * until received_bytes is text_bytes, then script_result_check.
 */
int script_result_begin(const void *message, size_t len, struct script_result **out);

/* Where the next piece goes, at most *cap bytes. */
char *script_result_room(struct script_result *r, size_t *cap);
void script_result_add(struct script_result *r, size_t len);

/* -EPROTO: a text is not UTF-8, the value is not JSON, or a name has no NUL. */
int script_result_check(struct script_result *r);

/* The result of a script that failed for a reason its process could not report. NULL: out of
 * memory. */
struct script_result *script_result_failed(const char *why);

void script_result_free(struct script_result *r); /* NULL is fine */

#endif
