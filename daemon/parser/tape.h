/*
 * tape.h - a document as a flat array of 16-byte nodes over the text that was received.
 *
 * Nodes are in the order of the text; a container is followed by its children and a TAPE_END.
 * Strings without escapes and keys are spans of the text; decoded ones are in an arena. An array of
 * equal records of small integers has no nodes inside: its numbers are in one table, and
 * value_first and value_next walk it with virtual node numbers. All memory is kept for the next
 * document, bounded by tape_trim: steady traffic allocates nothing.
 */
#ifndef DAEMON_PARSER_TAPE_H
#define DAEMON_PARSER_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/json/value.h"
#include "daemon/parser/envelope.h"
#include "daemon/rpc/request.h"

enum { TAPE_END = VALUE_OBJECT + 1 }; /* node kind: the container ends */

enum tape_flag {
	TAPE_ARENA = 1,   /* string: in the arena */
	TAPE_FAR_KEY = 2, /* key: a struct tape_far_key in the arena */
	TAPE_RECORDS = 4, /* array: aux is the index of its record table */
};

enum {
	TAPE_KEY_BYTES_MAX = UINT16_MAX, /* longer keys use a tape_far_key */
	TAPE_COLUMNS_MAX = 15,           /* of records */
	TAPE_ROWS_MAX = 1 << 28,         /* a row has four bytes or more: [1], */
};

struct tape_node {
	uint8_t kind; /* enum value_kind, or TAPE_END */
	uint8_t flags;
	uint16_t key_bytes;
	uint32_t key_at; /* in the text; far keys: in the arena */
	union {
		int64_t integer; /* also for VALUE_BOOL */
		double real;
		struct {
			uint32_t at, bytes;
		} string;
		struct {
			uint32_t end; /* index of the node after the container */
			uint32_t table;
		} container;
	} u;
};

/* A key with escapes or a very long one. The decoded bytes follow. */
struct tape_far_key {
	uint32_t bytes;
	uint32_t text_at; /* of the raw key, after its quote */
};

struct tape_table {
	size_t values_at; /* index of the first value */
	uint32_t keys_at; /* index of the first key; UINT32_MAX: arrays of arrays */
	uint32_t row_count;
	uint32_t column_count;
};

/* Growing memory. */
struct tape_store {
	void *ptr;
	size_t count, cap;    /* items */
	size_t counted_bytes; /* taken from the budget: all of a store that is not kept */
};

struct tape {
	struct value_doc doc;
	struct span text;
	struct tape_store nodes;  /* struct tape_node */
	struct tape_store arena;  /* char */
	struct tape_store tables; /* struct tape_table */
	struct tape_store keys;   /* struct span */
	struct tape_store values; /* int32_t */
	/*
	 * Set when the root is an object with only the usual members of a request, each at most
	 * once: their nodes by enum envelope_slot, 0 = absent. A builder may leave it unset.
	 */
	bool has_members;
	uint32_t members[ENVELOPE_SLOTS];
};

void tape_init(struct tape *t);
void tape_deinit(struct tape *t);

/* Drops the document; memory beyond fixed limits is freed (see tape.c). */
void tape_trim(struct tape *t);

/* The text is now at `to`. */
void tape_move(struct tape *t, const char *to);

/* Starts an empty document. */
static inline void tape_start(struct tape *t, struct span text)
{
	t->text = text;
	t->nodes.count = 0;
	t->arena.count = 0;
	t->tables.count = 0;
	t->keys.count = 0;
	t->values.count = 0;
	t->has_members = false;
}

/* Makes room for `extra` more items of item_bytes. Returns 0 or -ENOMEM. Allocates only when it
 * grows. */
int tape_store_grow(struct tape_store *s, size_t extra, size_t item_bytes);

static inline int tape_reserve(struct tape_store *s, size_t extra, size_t item_bytes)
{
	if (__builtin_expect(s->cap - s->count >= extra, 1))
		return 0;
	return tape_store_grow(s, extra, item_bytes);
}

static inline struct tape_node *tape_nodes(const struct tape *t)
{
	return t->nodes.ptr;
}

/* Decodes a string with escapes into the arena. Returns 0 or -ENOMEM. */
int tape_unescape(struct tape *t, struct span raw, uint32_t *at, uint32_t *bytes);

/* Sets the key of a node from its raw text. Returns 0 or -ENOMEM. */
int tape_set_key(struct tape *t, struct tape_node *node, struct span raw, bool is_escaped);

struct value tape_root(const struct tape *t);

/* The value_ops.key of a node that is in the tape. */
struct span tape_node_key(const struct tape *t, const struct tape_node *n);

static inline struct span tape_node_string(const struct tape *t, const struct tape_node *n)
{
	const char *base = n->flags & TAPE_ARENA ? t->arena.ptr : t->text.ptr;

	return span_of(base + n->u.string.at, n->u.string.bytes);
}

/* parser_ops.envelope over a tape: the id is the text that was sent. */
int tape_envelope(const struct tape *t, struct value object, struct rpc_request *request);

#endif
