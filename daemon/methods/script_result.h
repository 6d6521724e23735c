/*
 * script_result.h - what a script leaves behind: its value, its output, its edits; taken from what
 * its process sends, and checked.
 */
#ifndef DAEMON_METHODS_SCRIPT_RESULT_H
#define DAEMON_METHODS_SCRIPT_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/methods/script_wire.h"

/* One allocation, counted as BUDGET_SCRIPTS. Pointers go into it. */
struct script_result {
	bool is_done; /* or it failed */
	bool is_output_cut;
	struct span error; /* why it failed */
	struct span value; /* JSON; empty: undefined */
	struct span output;
	const char (*names)[VOXEL_NAME_MAX]; /* of new layers; NUL-terminated */
	uint32_t names_count;
	const struct script_op *ops; /* any kind, id and position */
	uint32_t ops_count;

	size_t text_bytes;     /* of all that follows the message's struct */
	size_t received_bytes; /* of them */
	char *text;
};

/*
 * The result that the message begins. -EPROTO: it is none; -ENOMEM. Then script_result_add until
 * received_bytes is text_bytes, then script_result_check.
 */
int script_result_begin(const void *message, size_t len, struct script_result **out);

/* Where the next piece goes, at most *cap bytes. */
char *script_result_room(struct script_result *r, size_t *cap);
void script_result_add(struct script_result *r, size_t len);

/* -EPROTO: text is no UTF-8, the value no JSON, a name without end. */
int script_result_check(struct script_result *r);

/* A script that failed for a reason that its process could not tell. NULL: out of memory. */
struct script_result *script_result_failed(const char *why);

void script_result_free(struct script_result *r); /* NULL is fine */

#endif
