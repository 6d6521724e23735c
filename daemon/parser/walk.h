/*
 * walk.h - the reference reader of JSON text (RFC 8259): byte by byte, no vectors.
 *
 * It defines which texts are valid and which byte is wrong; the other backends follow it and use
 * its message when they refuse a text.
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
	/* The value of "id" in the root object (element 0), or in element 0.. of a root array. */
	int (*id)(void *ctx, uint32_t element_index, struct span raw);
	/*
	 * The number_index-th number of the text, counted from 0, if a double may not represent it
	 * (a plain integer of more than 15 digits) or a small buffer may not hold it
	 * (WALK_NUMBER_LONG_BYTES).
	 */
	int (*number)(void *ctx, uint32_t number_index, struct span raw, bool is_plain);
	/* The escape \u0000 at that position. */
	int (*nul)(void *ctx, const char *at);
};

enum { WALK_NUMBER_LONG_BYTES = 60 };

/* Only checks whether the text is valid; notes may be NULL. A negative result of a callback ends
 * the walk. */
int walk_check(struct span text, const struct walk_notes *notes, struct parse_fault *fault);

#endif
