/*
 * inproc.h - connections without sockets: for tests, and as the floor that the other transports are
 * measured against.
 *
 * The thread that feeds a connection is its reading thread. One thread per connection at a time.
 */
#ifndef DAEMON_TRANSPORT_INPROC_H
#define DAEMON_TRANSPORT_INPROC_H

#include <stddef.h>

#include "daemon/base/span.h"
#include "daemon/transport/transport.h"

/* Takes what is sent; returns how many bytes of it, fewer like a full socket. */
typedef size_t(inproc_sink)(void *ctx, struct span bytes);

/* NULL: refused, or out of memory. */
struct conn *inproc_connect(struct transport *t, inproc_sink *sink, void *ctx);

/*
 * The client sends bytes. Returns when the server has worked on them, also when that was handed to
 * another thread. Returns false when the connection is gone: the server has hung up.
 */
bool inproc_feed(struct conn *c, struct span bytes);

/* The client has made room: what is unsent goes to the sink, and work goes on. As inproc_feed. */
bool inproc_drain(struct conn *c);

/* The client goes away. */
void inproc_hangup(struct conn *c);

#endif
