/*
 * script_answer.h - the daemon's answers to what the process of a script asks for.
 *
 * The process may say anything: what is not a question as script_wire.h has it is -EPROTO, and
 * nothing is taken from its numbers but what the document has.
 */
#ifndef DAEMON_METHODS_SCRIPT_ANSWER_H
#define DAEMON_METHODS_SCRIPT_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/methods/script_wire.h"
#include "daemon/voxel/document.h"

enum {
	/* The most that a process may say it uses: the regions of script_process.c together. */
	SCRIPT_MEMORY_BYTES_MAX = 256 << 20,
};

/* Of one script. Caller-allocated. */
struct script_answers {
	const struct document *doc; /* frozen */
	uint64_t memory_bytes;      /* taken from the budget for the process */
	bool has_hello;
	int sandbox_code; /* with has_hello: 0, or a negative errno */
};

/* 64 KiB: not for stacks. */
struct script_reply {
	struct span bytes; /* of the message to send, in room; empty: none */
	union {
		struct script_cell_reply cell;
		script_slice slices[SCRIPT_SLICES_MAX];
		struct script_places places;
		struct script_box box;
		char yes;
	} room;
};

/* False: the daemon has no memory left for another script. */
bool script_answers_init(struct script_answers *a, const struct document *doc, size_t source_bytes);
void script_answers_deinit(struct script_answers *a);

/* One message of SCRIPT_ASK_BYTES_MAX bytes at most that is no script_end. 0 or -EPROTO. */
int script_answer(struct script_answers *a, const void *message, size_t len,
		  struct script_reply *reply);

/* The message is a script_end. */
bool script_is_end(const void *message, size_t len);

#endif
