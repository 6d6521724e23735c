/*
 * watch.h - should a message that is being answered go on? The server's answer to cancel.h.
 *
 * Three things end long work: its client has left, its time limit has passed, or the daemon stops
 * and has waited long enough. A message that has gone on for WATCH_LONG_MS is called long: its
 * worker then no longer counts as one of those that take new requests (crew.h).
 *
 * One per worker. Threads: the worker's; drain is read by all workers and written by whoever stops
 * the server.
 */
#ifndef DAEMON_SERVER_WATCH_H
#define DAEMON_SERVER_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct conn;

enum {
	WATCH_LONG_MS = 50, /* a picture of 512^2 or an edit of a million voxels takes less */
};

/* Of the whole server. */
struct watch_rules {
	uint64_t limit_ns;         /* of one message; 0: none */
	_Atomic uint64_t drain_ns; /* CLOCK_MONOTONIC: work ends at that time; 0: not stopping */
};

/* Called once by a message that has become long. Its worker's thread. */
typedef void(watch_long)(void *ctx);

struct watch {
	const struct watch_rules *rules;
	watch_long *on_long; /* NULL: nobody needs to know */
	void *on_long_ctx;
	/* of the message */
	const struct conn *conn;
	uint64_t began_ns; /* 0: it has not lasted CANCEL_ASK_MS */
	bool is_long;
};

/* Around each message: cancel_check (base/cancel.h) of this thread asks this watch. */
void watch_begin(struct watch *w, const struct conn *c);
void watch_end(struct watch *w);

/* The daemon stops, and the time for work that was under way is over. */
bool watch_is_drained(const struct watch_rules *rules);

/* Nobody will read a reply. Of TCP a closed connection looks like one whose client has only
 * finished asking, until its kernel resets it (sock_set_keepalive): that takes about a minute. */
bool watch_client_is_gone(const struct conn *c);

#endif
