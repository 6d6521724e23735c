/*
 * flow.h - the way of requests through the server: from the reading thread to its own worker or
 * through the queue to another thread's, and back. Private to daemon/server.
 */
#ifndef DAEMON_SERVER_FLOW_H
#define DAEMON_SERVER_FLOW_H

#include "daemon/transport/transport.h"

struct server;
struct worker;

/* What the transport calls. */
struct transport_events flow_events(struct server *s);

/* What the worker threads do with a queued item: crew_work, ctx is the server. */
void flow_work(void *ctx, struct worker *w, void *item);

/* What they do with one when no worker can be made: crew_refuse. */
void flow_refuse(void *ctx, void *item);

#endif
