/*
 * client.h - the rarely used part of a connection's data.
 */
#ifndef DAEMON_SERVER_REQUEST_CLIENT_H
#define DAEMON_SERVER_REQUEST_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/delivery/message.h"
#include "daemon/transport/transport.h"

/* conn.user. Written by the thread that works on the connection. */
struct client {
	size_t cap;             /* size of its buffer */
	bool is_trusted;        /* local, or has given the token */
	struct message message; /* the current one */
};

/* Limit of a request of a client that has not given the token: enough for that. */
enum { CLIENT_UNTRUSTED_BYTES_MAX = 64 * 1024 };

static inline struct client *client_of(const struct conn *c)
{
	return c->user;
}

/* The longest request accepted from the client. */
static inline size_t client_request_max(const struct conn *c, size_t max_bytes)
{
	if (client_of(c)->is_trusted || max_bytes < CLIENT_UNTRUSTED_BYTES_MAX)
		return max_bytes;
	return CLIENT_UNTRUSTED_BYTES_MAX;
}

#endif
