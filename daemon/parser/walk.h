/*
 * walk.h - the reference reader of JSON text (RFC 8259): byte by byte, no vectors.
 *
 * It settles what is a valid text and which byte is at fault; the other backends follow it and ask
 * it for words when they refuse one.
 */
#ifndef DAEMON_PARSER_WALK_H
#define DAEMON_PARSER_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/parser/parser.h"

struct tape;

/* Fills the tape. Returns 0, -EPROTO with *fault, or -ENOMEM. */
int walk_build(struct tape *tape, struct span text, struct parse_fault *fault);

/* Notes about a text that walk_check has accepted, for a backend that keeps no positions. */
struct walk_notes {
	void *ctx;
	/* The value of an "id" in the root object (element 0) or in element 0.. of a root array. */
	int (*id)(void *ctx, uint32_t element_index, struct span raw);
	/*
	 * The number_index-th number of the text, counted from 0, when a double may not hold it (a
	 * plain integer of more than 15 digits) or a small buffer may not (WALK_NUMBER_LONG_BYTES).
	 */
	int (*number)(void *ctx, uint32_t number_index, struct span raw, bool is_plain);
	/* The escape \u0000 at that place. */
	int (*nul)(void *ctx, const char *at);
};

enum { WALK_NUMBER_LONG_BYTES = 60 };

/* Only says whether the text is valid; notes may be NULL. A note's negative result ends the walk.
 */
int walk_check(struct span text, const struct walk_notes *notes, struct parse_fault *fault);

#endif
