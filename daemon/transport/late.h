/*
 * late.h - replies that are sent together at the end of a round of events.
 *
 * A client that waits for many connections at once sleeps, and each send to it while it sleeps has
 * to wake it: with many requests in each read that was a quarter of the server's time. So what the
 * reading thread sends in a round is copied here, and sent when the last request of the round has
 * been answered. It is sent earlier if a connection's order or end requires it, and before a long
 * request is worked on, so that no client waits for the long work of another. Single replies in a
 * round of few connections do not come here: client and server would work in turns instead of in
 * parallel. Private to daemon/transport; for backends with one reading thread, which owns it.
 */
#ifndef DAEMON_TRANSPORT_LATE_H
#define DAEMON_TRANSPORT_LATE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/span.h"

struct conn;

enum {
	LATE_CONNS_MAX = 64,
	LATE_BYTES_MAX = 64 * 1024,
	LATE_SEND_BYTES_MIN = 512,       /* fewer are just one or two replies */
	LATE_CROWD_COUNT = 32,           /* with so many events in a round all replies wait */
	LATE_READ_BYTES_MAX = 16 * 1024, /* larger reads count as long work */
};

struct late_entry {
	struct conn *conn; /* NULL: the connection has left this thread */
	uint32_t at;
	uint32_t bytes; /* 0: all of it was sent */
};

struct late {
	uint32_t count;
	uint32_t bytes;                            /* in buf */
	struct late_entry entries[LATE_CONNS_MAX]; /* one entry per connection and round */
	char *buf;                                 /* [LATE_BYTES_MAX] */
};

int late_init(struct late *l); /* -ENOMEM */
void late_deinit(struct late *l);

/* Sends them later. All sends of a connection follow each other. 0, or what sockets_send
 * returns. */
int late_send(struct late *l, struct conn *c, struct span bytes);

/* Bytes of c wait here; whatever follows must wait too. */
static inline bool late_has(const struct late *l, const struct conn *c)
{
	const struct late_entry *last = &l->entries[l->count ? l->count - 1 : 0];

	return l->count && last->conn == c && last->bytes;
}

/* Sends everything now. */
void late_flush(struct late *l);

/* Sends everything now; c leaves: it is closed or goes to another thread. */
void late_forget(struct late *l, const struct conn *c);

#endif
