/*
 * message.h - one framed text of a client, a request or a batch of them, until it is answered.
 *
 * It is framed once and parsed once. When another thread continues with it, the message keeps its
 * parse and the number of answered requests of a batch. A connection has one message in progress,
 * so its memory is part of what the server keeps for each connection. Written by the thread that
 * works on the connection.
 */
#ifndef DAEMON_DELIVERY_MESSAGE_H
#define DAEMON_DELIVERY_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/json/value.h"
#include "daemon/rpc/request.h"
#include "daemon/telemetry/stages.h"

struct conn;
struct method;
struct parser;

/* Memory for a copy of the text; a copy of no bytes has ptr NULL. */
struct message_copy {
	char *ptr;
	size_t cap;
	size_t counted_bytes; /* in the budget of requests */
};

struct message {
	struct conn *conn;
	struct span text;      /* PARSER_PADDING_BYTES after it are readable */
	struct parser *parser; /* holds the parse of the text; NULL: not parsed yet */

	/* What is known of its requests after parsing. */
	bool is_batch;
	bool has_replies;            /* of a batch: the first one has been written */
	uint32_t answered_count;     /* of a batch */
	struct value at;             /* the request that is answered next */
	const struct method *method; /* of that request; NULL: unknown, or not looked up */
	struct rpc_request request;  /* valid if method is set */

	const char *refusal; /* the error for all requests from `at` on; NULL: they are run */
	int refusal_code;

	/* Private to the delivery backend. */
	size_t held_bytes; /* the part of the connection's bytes that is the text */
	struct message_copy copy;

	struct stage_clock clock;
};

/* Starts a new message with a framed text; conn and clock are kept. */
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
