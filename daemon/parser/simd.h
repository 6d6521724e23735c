/*
 * simd.h - shared by the vector templates of this folder: the state of a pass over a text, and its
 * rare paths, which need no vectors.
 *
 * Reading beyond the end is bounded, not checked at each byte: PARSER_PADDING_BYTES may be read, so
 * a step that reads less needs one check, p < end, at its start. Tokens read beyond the end have no
 * effect, because a text is accepted only if its last token ends within it.
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
	/* Nodes that may be written between two checks for room: one value, and every closing. */
	SIMD_NODES_SLACK = RPC_DEPTH_MAX + 8,
};

struct simd_pass {
	struct tape *tape;
	const char *text, *end;
	struct tape_node *nodes; /* the first */
	struct tape_node *node;  /* the next free one; the template keeps it in a register */
	struct tape_node *limit; /* SIMD_NODES_SLACK before the end of the room */
	uint64_t stops[2]; /* of the first 128 bytes, those that end the plain part of a string */
	bool no_memory;
	bool has_others; /* the root has other members than the usual ones, or a duplicate */
};

/* Eight bytes as a load returns them, the first one lowest. */
#define SIMD_WORD(a, b, c, d, e, f, g, h)                                                 \
	((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 | \
	 (uint64_t)(e) << 32 | (uint64_t)(f) << 40 | (uint64_t)(g) << 48 | (uint64_t)(h) << 56)

/* Marks the next node as that member of the root. */
static inline __attribute__((always_inline)) void simd_member(struct simd_pass *s,
							      enum envelope_slot slot)
{
	uint32_t *member = &s->tape->members[slot];

	s->has_others |= *member != 0;
	*member = (uint32_t)(s->node - s->nodes);
}

/* The first word of a node: kind, flags, key_bytes, key_at. The template passes the key in it. */
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

/* Makes room for SIMD_NODES_SLACK and a few more nodes after p->node. */
int simd_grow(struct simd_pass *p);

/* Handles a key or string with escapes, or a long one; raw is its content. NULL key: a value. */
int simd_far_key(struct simd_pass *p, struct span raw, bool is_escaped, uint64_t *key);

/* Checks that each backslash in a string starts a valid escape, and that surrogates come
 * in pairs. */
bool simd_escapes_are_valid(struct span raw);

#endif
