/*
 * simd.h - what the vector templates of this folder share: the state of a pass over a text, and its
 * cold paths, which need no vectors.
 *
 * Reading beyond the end is bounded, not tested at each byte: PARSER_PADDING_BYTES may be read, so
 * a step that reads less needs one test, p < end, at its start. Whatever was taken for tokens there
 * does not count, because a text is only accepted when its last token ends by the end.
 */
#ifndef DAEMON_PARSER_SIMD_H
#define DAEMON_PARSER_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "daemon/parser/tape.h"
#include "daemon/rpc/limits.h"

enum {
	/* Nodes that may be written between two looks at the room: one value, every closing. */
	SIMD_NODES_SLACK = RPC_DEPTH_MAX + 8,
};

struct simd_pass {
	struct tape *tape;
	const char *text, *end;
	struct tape_node *nodes; /* the first */
	struct tape_node *node;  /* the next free one; the template keeps it in a register */
	struct tape_node *limit; /* SIMD_NODES_SLACK before the end of the room */
	uint64_t stops[2];       /* which of the first 128 bytes end the plain part of a string */
	bool no_memory;
	bool has_others; /* the root has members besides the usual ones, or one of them twice */
};

/* Eight bytes as a load sees them, the first lowest. */
#define SIMD_WORD(a, b, c, d, e, f, g, h)                                                 \
	((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 | \
	 (uint64_t)(e) << 32 | (uint64_t)(f) << 40 | (uint64_t)(g) << 48 | (uint64_t)(h) << 56)

/* The next node is that member of the root. */
static inline __attribute__((always_inline)) void simd_member(struct simd_pass *s,
							      enum envelope_slot slot)
{
	uint32_t *member = &s->tape->members[slot];

	s->has_others |= *member != 0;
	*member = (uint32_t)(s->node - s->nodes);
}

/* The first word of a node: kind, flags, key_bytes, key_at. The template carries the key in it. */
static inline uint64_t simd_key(size_t at, size_t bytes)
{
	return (uint64_t)at << 32 | (uint64_t)bytes << 16;
}

static inline void simd_put(struct tape_node *node, uint64_t key, enum value_kind kind,
			    uint64_t payload)
{
	uint64_t words[2] = { key | (uint64_t)kind, payload };

	memcpy(node, words, sizeof(words));
}

/* How many of the eight bytes, from the lowest on, are digits. */
static inline unsigned simd_digits(uint64_t word)
{
	uint64_t value = word ^ 0x3030303030303030u;
	/* The first byte that is no digit is marked right; those above it may not be. */
	uint64_t others = ((value + 0x7676767676767676u) | value) & 0x8080808080808080u;

	return others ? (unsigned)__builtin_ctzll(others) >> 3 : 8;
}

/* Room for SIMD_NODES_SLACK and a few more nodes behind p->node. */
int simd_grow(struct simd_pass *p);

/* A key or string with escapes, or a long one: raw is its inside. NULL key: a value. */
int simd_far_key(struct simd_pass *p, struct span raw, bool is_escaped, uint64_t *key);

/* Each backslash of the inside of a string begins a valid escape; surrogates come in pairs. */
bool simd_escapes_are_valid(struct span raw);

#endif
