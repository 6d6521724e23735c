/*
 * watch.h - whether work on a message should continue: the server's implementation of cancel.h
 *
 * Long work ends for three reasons: its client has disconnected, its time limit has passed, or the
 * daemon stops and has waited long enough. A message that has run for WATCH_LONG_MS is called long:
 * its worker then no longer counts as one of those that take new requests (crew.h).
 *
 * One per worker. Threads: that of the worker; drain is read by all workers and written by the
 * thread that stops the server.
 */
#ifndef DAEMON_SERVER_REQUEST_WATCH_H
#define DAEMON_SERVER_REQUEST_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct conn;

enum {
	WATCH_LONG_MS = 50, /* a picture of 512^2 or an edit of a million voxels takes less */
};

/* The same for the whole server. */
struct watch_rules {
	uint64_t limit_ns; /* of one message; 0: none */
	_Atomic uint64_t
		drain_ns; /* CLOCK_MONOTONIC: all work ends at that time; 0: not stopping */
};

/* Called once when a message has become long, on its worker's thread. */
typedef void(watch_long)(void *ctx);

struct watch {
	const struct watch_rules *rules;
	watch_long *on_long; /* may be NULL */
	void *on_long_ctx;
	/* of the message */
	const struct conn *conn;
	uint64_t began_ns; /* 0: it has not yet taken CANCEL_ASK_MS */
	bool is_long;
};

/* Call around each message: cancel_check (base/cancel.h) of this thread then asks this watch. */
void watch_begin(struct watch *w, const struct conn *c);
void watch_end(struct watch *w);

/* The daemon stops: work under way has until then. */
static inline bool watch_is_draining(const struct watch_rules *rules)
{
	return atomic_load_explicit(&rules->drain_ns, memory_order_relaxed) != 0;
}

/* Whether the daemon stops and the time for work in progress is over. */
bool watch_is_drained(const struct watch_rules *rules);

/* Whether nobody will read a reply. A TCP connection closed by its client looks like one whose
 * client has only finished sending, until its kernel resets it (sock_set_keepalive): that takes
 * about a minute. */
bool watch_client_is_gone(const struct conn *c);

#endif
