/*
 * road.h - the path of requests through the server: the thread that reads the bytes frames them and
 * decides who answers: itself, or a worker that gets the request from the queue. Private to
 * daemon/server.
 */
#ifndef DAEMON_SERVER_REQUEST_ROAD_H
#define DAEMON_SERVER_REQUEST_ROAD_H

#include <stddef.h>

#include "daemon/base/span.h"

struct conn;
struct worker;

/* For reading threads: `data` of the transport's events, ctx is the server. */
size_t road_read(void *ctx, struct conn *c, struct span bytes);

/* For workers: handles a queued message; a crew_work, ctx is the server. */
void road_work(void *ctx, struct worker *w, void *item);

#endif
