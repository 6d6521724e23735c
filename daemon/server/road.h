/*
 * road.h - the path of requests through the server: framed by the thread that reads the bytes,
 * decided on, and answered by it or by the worker that gets it from the queue. Private to
 * daemon/server.
 */
#ifndef DAEMON_SERVER_ROAD_H
#define DAEMON_SERVER_ROAD_H

#include <stddef.h>

#include "daemon/base/span.h"

struct conn;
struct worker;

/* In a reading thread: `data` of the transport's events, ctx is the server. */
size_t road_read(void *ctx, struct conn *c, struct span bytes);

/* On a worker's thread, for a queued message: a crew_work, ctx is the server. */
void road_work(void *ctx, struct worker *w, void *item);

#endif
