/*
 * late.h - replies that leave together at the end of a round of events.
 *
 * A client that waits for many connections at once sleeps, and each send to it while it sleeps has
 * to wake it: with many requests in each read that was a quarter of the server's time. So what the
 * reading thread sends in a round is copied here, and sent when the round's last request has been
 * answered. It is sent earlier where a connection's order or end asks for it, and before a long
 * read is worked on, so that nobody waits for another's long work. Single replies of a round of few
 * connections do not come here: client and server would work in turns instead of side by side.
 * Private to daemon/transport; for backends with one reading thread, which owns it.
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
	LATE_SEND_BYTES_MIN = 512,       /* fewer are one reply or two */
	LATE_CROWD_COUNT = 32,           /* events of a round from which on all wait */
	LATE_READ_BYTES_MAX = 16 * 1024, /* what is read at once by longer requests is long work */
};

struct late_entry {
	struct conn *conn; /* NULL: it is no longer this thread's */
	uint32_t at;
	uint32_t bytes; /* 0: all of it was sent */
};

struct late {
	uint32_t count;
	uint32_t bytes;                            /* in buf */
	struct late_entry entries[LATE_CONNS_MAX]; /* a connection's sends of a round are one */
	char *buf;                                 /* [LATE_BYTES_MAX] */
};

int late_init(struct late *l); /* -ENOMEM */
void late_deinit(struct late *l);

/* Sends them later. Connections come one after the other. 0, or what sockets_send returns. */
int late_send(struct late *l, struct conn *c, struct span bytes);

/* Something of c waits, behind which more has to wait, too. */
static inline bool late_has(const struct late *l, const struct conn *c)
{
	const struct late_entry *last = &l->entries[l->count ? l->count - 1 : 0];

	return l->count && last->conn == c && last->bytes;
}

/* Sends all of it now. */
void late_flush(struct late *l);

/* The same, and c leaves: another thread's, or closed. */
void late_forget(struct late *l, const struct conn *c);

#endif
