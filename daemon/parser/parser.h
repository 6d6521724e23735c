/*
 * parser.h - the parser axis: JSON text in, values out; and the reply builder that goes with it.
 *
 * All backends accept and refuse the same texts (RFC 8259, UTF-8 checked, depth RPC_DEPTH_MAX),
 * give the same values and report the same byte of the first error. A parser belongs to one thread.
 */
#ifndef DAEMON_PARSER_PARSER_H
#define DAEMON_PARSER_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/backend.h"
#include "daemon/base/span.h"
#include "daemon/json/value.h"
#include "daemon/rpc/reply.h"
#include "daemon/rpc/request.h"

struct err;
struct parser;

/* Where and why a text is not JSON. */
struct parse_fault {
	const char *why;     /* constant phrase, "expected ':'" */
	uint32_t byte_index; /* of the first invalid byte */
};

enum {
	/* Bytes after the text that parse may read (but never use): the vector width. */
	PARSER_PADDING_BYTES = 64,
};

struct parser_ops {
	struct backend head;
	const struct reply_ops *reply; /* how this architecture writes results */

	int (*init)(struct parser *p, struct err *err);
	void (*deinit)(struct parser *p);
	/*
	 * Reads one whole text. The text must not change until reset, and PARSER_PADDING_BYTES
	 * after it must be readable. Returns 0, -EPROTO with *fault, or -ENOMEM.
	 */
	int (*parse)(struct parser *p, struct span text, struct value *root,
		     struct parse_fault *fault);
	/*
	 * Reads the request envelope of an object: jsonrpc, method, id, params - or tool,
	 * arguments. v14 clones params here. Returns 0, or -EPROTO when it is not a valid request
	 * (JSON-RPC 2.0, section 4); request->id is then the id if one was readable. -ENOMEM: no
	 * memory for the clone.
	 */
	int (*envelope)(struct parser *p, struct value object, struct rpc_request *request);
	/* The bytes of the last parsed text, with their padding, are now at `to`: values refer to
	 * that place. Spans returned before are not valid any more. */
	void (*move)(struct parser *p, struct span text, const char *to);
	void (*reset)(struct parser *p); /* frees or recycles the values; keeps working memory
					    within bounds */
};

struct parser {
	const struct parser_ops *ops; /* first member of every backend's struct */
};

extern const struct parser_ops parser_dom_ops;
extern const struct parser_ops parser_scalar_ops;
extern const struct parser_ops parser_simd_ops;

/* All of them, NULL-terminated, in the order shown by --help. */
extern const struct parser_ops *const parser_backends[];
extern const struct backend_axis parser_axis; /* the same */

int parser_open(const char *name, struct parser **out, struct err *err);
void parser_close(struct parser *p);

/* The reply builder of the backend. */
int parser_reply_open(const struct parser *p, struct reply **out, struct err *err);
void parser_reply_close(struct reply *r);

static inline int parser_parse(struct parser *p, struct span text, struct value *root,
			       struct parse_fault *fault)
{
	return p->ops->parse(p, text, root, fault);
}

static inline int parser_envelope(struct parser *p, struct value object,
				  struct rpc_request *request)
{
	return p->ops->envelope(p, object, request);
}

static inline void parser_move(struct parser *p, struct span text, const char *to)
{
	p->ops->move(p, text, to);
}

static inline void parser_reset(struct parser *p)
{
	p->ops->reset(p);
}

#endif
