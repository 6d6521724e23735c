/*
 * frame_tmpl.h - template (see vec.h): follows strings and brackets through part of a message.
 *
 * Quotes without a preceding backslash, summed bit by bit, show which bytes are inside strings;
 * brackets outside strings change the depth. Only blocks that could close the message are examined
 * bracket by bracket.
 */
#include "daemon/json/vec.h"

#ifndef DAEMON_RPC_FRAME_TMPL_H
#define DAEMON_RPC_FRAME_TMPL_H

#include "daemon/rpc/frame.h"

enum frame_state {
	FRAME_OPEN = 1, /* within an array or object */
	FRAME_LINE = 2, /* within a line of anything else */
	FRAME_STRING = 4,
	FRAME_ESCAPED = 8, /* the next byte is */
};

/* The index of the bracket that brings depth to 0, or 64; *depth is that after the block if none
 * does. */
static inline unsigned frame_closing(uint64_t opens, uint64_t closes, uint32_t *depth)
{
	uint32_t closed = 0;

	for (uint64_t left = closes; left; left &= left - 1) {
		uint64_t bit = left & -left;
		uint32_t opened = (uint32_t)__builtin_popcountll(opens & (bit - 1));

		closed++;
		if (*depth + opened == closed)
			return (unsigned)__builtin_ctzll(bit);
	}
	*depth += (uint32_t)__builtin_popcountll(opens) - closed;
	return 64;
}

#endif /* DAEMON_RPC_FRAME_TMPL_H */

/* Scans n bytes. Returns how many belong to the message; *end: the message ends with them. */
VEC_ENTRY size_t VEC(frame_scan)(struct frame_scan *scan, const char *p, size_t n, bool *end)
{
	uint64_t in_string = scan->state & FRAME_STRING ? ~(uint64_t)0 : 0;
	bool carry = scan->state & FRAME_ESCAPED;
	uint32_t depth = scan->depth;
	size_t at = 0;

	*end = false;
	while (at < n) {
		size_t width = n - at < 64 ? n - at : 64;
		/* The rest of more than one block: load a whole block that ends with it, minus the
		 * known bytes. */
		unsigned known = n >= 64 && !VEC_MASKED_TAIL ? 64 - (unsigned)width : 0;
		struct VEC(block) b = width + known == 64 ? VEC(block_load)(p + at - known)
							  : VEC(block_tail)(p + at, width);
		uint64_t slashes = VEC(block_equal)(b, '\\') >> known;
		uint64_t quotes = VEC(block_equal)(b, '"') >> known;
		uint64_t opens = VEC(block_equal20)(b, '{') >> known;
		uint64_t closes = VEC(block_equal20)(b, '}') >> known;
		uint64_t lines = VEC(block_equal)(b, '\n') >> known;
		unsigned stop = 64;

		if (slashes || carry)
			quotes &= ~vec_escaped(slashes, width, &carry);
		in_string ^= VEC(vec_prefix_xor)(quotes);
		opens &= ~in_string;
		closes &= ~in_string;
		lines &= in_string;
		if (lines) {
			/* A raw newline in a string: the message ends here, malformed, if it has
			 * not ended before. */
			unsigned line = (unsigned)__builtin_ctzll(lines);
			uint64_t before = ((uint64_t)1 << line) - 1;

			stop = frame_closing(opens & before, closes & before, &depth);
			if (stop == 64)
				stop = line;
		} else if ((uint32_t)__builtin_popcountll(closes) < depth) {
			depth += (uint32_t)__builtin_popcountll(opens) -
				 (uint32_t)__builtin_popcountll(closes);
		} else {
			stop = frame_closing(opens, closes, &depth);
		}
		if (stop < 64) {
			*end = true;
			return at + stop + 1;
		}
		in_string = 0 - (in_string >> 63);
		at += width;
	}
	scan->depth = depth;
	scan->state = (uint8_t)(FRAME_OPEN | (in_string ? FRAME_STRING : 0) |
				(carry ? FRAME_ESCAPED : 0));
	return n;
}
