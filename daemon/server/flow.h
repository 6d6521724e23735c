/*
 * flow.h - the life of connections as the server sees it: what each of the transport's events does,
 * but for the bytes that they bring (road.h). Private to daemon/server.
 */
#ifndef DAEMON_SERVER_FLOW_H
#define DAEMON_SERVER_FLOW_H

#include "daemon/server/notices.h"
#include "daemon/transport/transport.h"

struct server;

/* What the transport calls. */
struct transport_events flow_events(struct server *s);

/* Tells the client of c what the connection, and no request of it, has come to. */
void flow_tell(struct server *s, struct conn *c, enum notice notice);

#endif
