/*
 * value.h - a JSON value as the methods see it, whichever parser made it.
 *
 * A value is two words, passed by value. It is valid until its parser's next parse or reset. It has
 * a table of functions because a v14 request is a cJSON tree and a v15 request is a flat tape over
 * the received text.
 */
#ifndef DAEMON_JSON_VALUE_H
#define DAEMON_JSON_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/span.h"

enum value_kind {
	VALUE_NONE, /* no such member */
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,  /* an integer that fits int64_t, also when written 2.0 or 2e3 */
	VALUE_REAL, /* any other number */
	VALUE_STRING,
	VALUE_ARRAY,
	VALUE_OBJECT,
};

struct value_doc;

struct value {
	const struct value_doc *doc; /* NULL: VALUE_NONE */
	uintptr_t node;              /* defined by the parser */
};

/*
 * An array of equal records of small integers, decoded in one piece: [{"x":1,"y":2}, ...] or
 * [[1,2], ...]. values[row_count][column_count], row-major. keys is NULL for arrays of arrays.
 */
struct value_records {
	const struct span *keys; /* [column_count], in the order of the text */
	const int32_t *values;
	uint32_t row_count;
	uint32_t column_count;
};

/* The caller's arrays for children, and for what is needed first of each. */
struct value_items {
	struct value *values;
	uint8_t *kinds;    /* enum value_kind */
	int64_t *integers; /* of VALUE_INT; VALUE_BOOL as 0 or 1; else anything */
	struct span *keys; /* of members, decoded; not written for elements */
};

/* Children come in the order of the text, duplicates included. */
struct value_ops {
	enum value_kind (*kind)(struct value v);
	bool (*first)(struct value container, struct value *child);
	bool (*next)(struct value child, struct value *sibling);
	struct span (*key)(struct value child); /* of a member, decoded; empty elsewhere */
	int64_t (*integer)(struct value v);     /* VALUE_INT; VALUE_BOOL as 0 or 1 */
	double (*real)(struct value v);         /* VALUE_INT and VALUE_REAL */
	struct span (*string)(struct value v);  /* VALUE_STRING, decoded */
	/* True when the array was decoded as records (an optimization: first/next also work). */
	bool (*records)(struct value array, struct value_records *out);
	/* The same as first, next, kind, integer and key for up to max children, after the first
	 * `skip` ones, in one call. Returns their number; 0 also when there can be none. */
	uint32_t (*items)(struct value container, uint32_t skip, const struct value_items *out,
			  uint32_t max);
};

/* First member of every parser's document. */
struct value_doc {
	const struct value_ops *ops;
};

static inline enum value_kind value_kind(struct value v)
{
	return v.doc ? v.doc->ops->kind(v) : VALUE_NONE;
}

static inline bool value_first(struct value container, struct value *child)
{
	return container.doc && container.doc->ops->first(container, child);
}

static inline bool value_next(struct value child, struct value *sibling)
{
	return child.doc->ops->next(child, sibling);
}

static inline struct span value_key(struct value child)
{
	return child.doc->ops->key(child);
}

static inline int64_t value_integer(struct value v)
{
	return v.doc->ops->integer(v);
}

static inline double value_real(struct value v)
{
	return v.doc->ops->real(v);
}

static inline struct span value_string(struct value v)
{
	return v.doc->ops->string(v);
}

static inline bool value_records(struct value array, struct value_records *out)
{
	return array.doc && array.doc->ops->records(array, out);
}

static inline uint32_t value_items(struct value container, uint32_t skip,
				   const struct value_items *out, uint32_t max)
{
	return container.doc ? container.doc->ops->items(container, skip, out, max) : 0;
}

/* ops.items implemented by the other ops. */
uint32_t value_items_apart(struct value container, uint32_t skip, const struct value_items *out,
			   uint32_t max);

/* The member of that name, the last one of duplicates; VALUE_NONE when absent or not an object. */
struct value value_member(struct value object, const char *name);

/* Elements or members; 0 for anything else. Walks the children. */
uint32_t value_count(struct value container);

#endif
