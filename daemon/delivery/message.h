/*
 * message.h - one framed text of a client, a request or a batch of them, on its way to its reply.
 *
 * It is framed once and parsed once. The parse stays with the message when another thread goes on
 * with it; so does how far a batch has been answered. A connection has one message under way, so
 * its memory is part of what the server keeps for each connection. Written by the thread that works
 * on the connection.
 */
#ifndef DAEMON_DELIVERY_MESSAGE_H
#define DAEMON_DELIVERY_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/rpc/request.h"
#include "daemon/rpc/value.h"
#include "daemon/telemetry/stages.h"

struct conn;
struct method;
struct parser;

/* Memory of its own for the text; a copy of no bytes has ptr NULL. */
struct message_copy {
	char *ptr;
	size_t cap;
	size_t counted_bytes; /* in the budget of requests */
};

struct message {
	struct conn *conn;
	struct span text;      /* PARSER_PADDING_BYTES are readable behind it */
	struct parser *parser; /* holds the parse of the text; NULL: not parsed yet */

	/* What is known of the requests in it, once it is parsed. */
	bool is_batch;
	bool has_replies;            /* of a batch: the first one is written */
	uint32_t answered_count;     /* of a batch */
	struct value at;             /* the request that is answered next */
	const struct method *method; /* of that request; NULL: unknown, or not looked up */
	struct rpc_request request;  /* valid with method */

	const char *refusal; /* the error of all requests from `at` on; NULL: they are run */
	int refusal_code;

	/* Private to the delivery. */
	size_t held_bytes;          /* of the connection's bytes, those that the text is */
	struct message_copy queued; /* made for the way through the queue */
	struct message_copy opened; /* made to be parsed */

	struct stage_clock clock;
};

/* A text was framed: nothing else is known of it. The conn and the clock stay. */
static inline void message_start(struct message *m, struct span text)
{
	m->text = text;
	m->parser = NULL;
	m->is_batch = false;
	m->has_replies = false;
	m->answered_count = 0;
	m->method = NULL;
	m->refusal = NULL;
}

#endif
