/*
 * reply.h - how a method writes its result, whichever builder makes the text.
 *
 * Two builders exist, in daemon/parser: `text` writes directly into the connection's output buffer
 * (v15); `tree` makes a cJSON tree, prints it and copies the print (v14). A method writes exactly
 * one value. If it fails half way, the worker drops what was written and answers with the fault
 * instead. The whole reply is {"jsonrpc":"2.0","result":...,"id":...} in compact form and this key
 * order, without the newline.
 */
#ifndef DAEMON_RPC_REPLY_H
#define DAEMON_RPC_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/json/outbuf.h"
#include "daemon/rpc/fault.h"

struct reply;

/*
 * A value whose shape is known beforehand: its text in pieces, with an integer between each two of
 * them. Texts are compact JSON of containers, keys without escapes, true, false and null.
 */
enum { REPLY_PIECE_BYTES = 32 };

struct reply_piece {
	char text[REPLY_PIECE_BYTES - 1]; /* and a NUL */
	uint8_t bytes;
};

struct reply_form {
	const struct reply_piece *pieces;
	uint32_t count; /* one more than there are integers */
};

#define REPLY_PIECE(lit)             \
	{                            \
		lit, sizeof(lit) - 1 \
	}
#define REPLY_FORM(list)                                 \
	{                                                \
		(list), sizeof(list) / sizeof((list)[0]) \
	}

struct reply_ops {
	const char *name;
	size_t size;
	int (*init)(struct reply *r);
	void (*deinit)(struct reply *r);
	/* Drops an unfinished reply; the caller has removed what that wrote to its outbuf. */
	void (*begin)(struct reply *r, struct outbuf *out);
	void (*mark)(struct reply *r, char bracket);   /* one of { } [ ] */
	void (*key)(struct reply *r, struct span key); /* plain text, escaped by the builder */
	void (*integer)(struct reply *r, int64_t value);
	void (*real)(struct reply *r,
		     double value); /* shortest text that reads back equal; NaN as null */
	void (*string)(struct reply *r, struct span text);
	void (*raw)(struct reply *r, struct span json); /* already JSON: true, null, an id */
	void (*form)(struct reply *r, const struct reply_form *form, const int64_t *integers);
	/* Appends to the outbuf the whole reply with that raw id. Returns 0 or -ENOMEM. */
	int (*end)(struct reply *r, struct span id);
};

struct reply {
	const struct reply_ops *ops;
};

static inline void reply_object(struct reply *r)
{
	r->ops->mark(r, '{');
}

static inline void reply_object_end(struct reply *r)
{
	r->ops->mark(r, '}');
}

static inline void reply_array(struct reply *r)
{
	r->ops->mark(r, '[');
}

static inline void reply_array_end(struct reply *r)
{
	r->ops->mark(r, ']');
}

static inline void reply_key(struct reply *r, struct span key)
{
	r->ops->key(r, key);
}

static inline void reply_integer(struct reply *r, int64_t value)
{
	r->ops->integer(r, value);
}

static inline void reply_real(struct reply *r, double value)
{
	r->ops->real(r, value);
}

static inline void reply_string(struct reply *r, struct span text)
{
	r->ops->string(r, text);
}

static inline void reply_bool(struct reply *r, bool value)
{
	r->ops->raw(r, value ? SPAN_LIT("true") : SPAN_LIT("false"));
}

static inline void reply_null(struct reply *r)
{
	r->ops->raw(r, SPAN_LIT("null"));
}

static inline void reply_raw(struct reply *r, struct span json)
{
	r->ops->raw(r, json);
}

/* Writes the whole value at once: for replies to very frequent requests. */
static inline void reply_form(struct reply *r, const struct reply_form *form,
			      const int64_t *integers)
{
	r->ops->form(r, form, integers);
}

/* ops.form for a builder without a faster one: writes the value part by part. */
void reply_form_apart(struct reply *r, const struct reply_form *form, const int64_t *integers);

/* Key and value in one call; key must be a literal. */
#define reply_key_integer(r, lit, value) \
	(reply_key((r), SPAN_LIT(lit)), reply_integer((r), (value)))
#define reply_key_real(r, lit, value)   (reply_key((r), SPAN_LIT(lit)), reply_real((r), (value)))
#define reply_key_bool(r, lit, value)   (reply_key((r), SPAN_LIT(lit)), reply_bool((r), (value)))
#define reply_key_string(r, lit, value) (reply_key((r), SPAN_LIT(lit)), reply_string((r), (value)))
#define reply_key_object(r, lit)        (reply_key((r), SPAN_LIT(lit)), reply_object((r)))
#define reply_key_array(r, lit)         (reply_key((r), SPAN_LIT(lit)), reply_array((r)))

/*
 * Writes {"jsonrpc":"2.0","error":{"code":...,"message":...},"id":...} directly to out: errors cost
 * the same in both architectures. id empty = null.
 */
void reply_fault(struct outbuf *out, const struct rpc_fault *fault, struct span id);

#endif
