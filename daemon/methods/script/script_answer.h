/*
 * script_answer.h - the daemon's answers to the questions of a script's process.
 *
 * The process is not trusted: a message that is not a question of script_wire.h is -EPROTO, and its
 * numbers only select what the document has.
 */
#ifndef DAEMON_METHODS_SCRIPT_SCRIPT_ANSWER_H
#define DAEMON_METHODS_SCRIPT_SCRIPT_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/methods/script/script_wire.h"
#include "daemon/voxel/document.h"

enum {
	/* The limit of memory that a process may claim: the regions of script_process.c
	 * together. */
	SCRIPT_MEMORY_BYTES_MAX = 256 << 20,
};

/* State for one script. Caller-allocated. */
struct script_answers {
	const struct document *doc; /* frozen */
	uint64_t memory_bytes;      /* taken from the budget for the process */
	bool has_hello;
	int sandbox_code; /* with has_hello: 0, or a negative errno */
};

/* 64 KiB: too large for a stack. */
struct script_reply {
	struct span bytes; /* the message to send, in room; empty: none */
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

/* Handles one message, at most SCRIPT_ASK_BYTES_MAX bytes and not a script_end. 0 or -EPROTO. */
int script_answer(struct script_answers *a, const void *message, size_t len,
		  struct script_reply *reply);

/* Whether the message is a script_end. */
bool script_is_end(const void *message, size_t len);

#endif
