/*
 * flow.h - the life of connections in the server: the handlers of the transport's events, except
 * the one for received bytes (road.h). Private to daemon/server.
 */
#ifndef DAEMON_SERVER_REQUEST_FLOW_H
#define DAEMON_SERVER_REQUEST_FLOW_H

#include "daemon/server/notices.h"
#include "daemon/transport/transport.h"

struct server;

/* The events of the transport. */
struct transport_events flow_events(struct server *s);

/* Sends the client of c a message about the connection, not about one of its requests. */
void flow_tell(struct server *s, struct conn *c, enum notice notice);

#endif
