/*
 * inproc.h - connections without sockets: for tests, and as the baseline for the other transports.
 *
 * The thread that feeds a connection is its reading thread. One thread per connection at a time.
 */
#ifndef DAEMON_TRANSPORT_INPROC_H
#define DAEMON_TRANSPORT_INPROC_H

#include <stddef.h>

#include "daemon/base/span.h"
#include "daemon/transport/transport.h"

/* Receives what is sent; returns how many bytes it accepted, fewer when it is full, like a
 * socket. */
typedef size_t(inproc_sink)(void *ctx, struct span bytes);

/* NULL: refused, or out of memory. */
struct conn *inproc_connect(struct transport *t, inproc_sink *sink, void *ctx);

/*
 * The client sends bytes. Returns when the server has handled them, even if it passed the work to
 * another thread. Returns false when the server has closed the connection.
 */
bool inproc_feed(struct conn *c, struct span bytes);

/* The client has made room: unsent bytes go to the sink, and work continues. Returns as
 * inproc_feed. */
bool inproc_drain(struct conn *c);

/* The client disconnects. */
void inproc_hangup(struct conn *c);

#endif
