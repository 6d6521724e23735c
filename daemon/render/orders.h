/*
 * orders.h - decides which of several sets is drawn next: the client that has used the least time
 * of the threads, and of its sets the one with the least left to draw.
 *
 * Source: fair queueing with a virtual clock, A. Demers, S. Keshav, S. Shenker 1989. A client's
 * time is kept in each of its orders, so no table is needed. A new client starts at the average of
 * the others (the virtual clock) minus a credit that favours short work. Since the clock advances
 * with all drawing, a stream of new clients cannot delay an old order for ever.
 *
 * Threads: the holder of the owner's lock.
 */
#ifndef DAEMON_RENDER_ORDERS_H
#define DAEMON_RENDER_ORDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/render/set_work.h"

enum {
	ORDERS_OPEN_BYTES_MAX = 256 << 20, /* of unfinished pictures, when others wait for memory */
	ORDERS_SMALL_BYTES = 4 << 20,      /* a picture up to this size never waits: 1024 x 1024 */
};

/* One call of drawers_draw. */
struct order {
	struct set_work work;
	struct order *next;
	uint64_t number; /* from 1; never reused */
	unsigned threads_max;
	unsigned threads_count;  /* working on it, without the caller */
	bool is_first_of_client; /* in the list */
	int64_t used_ns;         /* of thread time, by all of the client's orders */
	int64_t item_ns;         /* that the last band, or the scene, took */
};

/* Zeroed: empty. */
struct orders {
	struct order *first; /* the oldest */
	uint64_t ever_count;
	unsigned clients_count;
	int64_t clock_ns; /* virtual clock: thread time per client */
};

void orders_add(struct orders *list, struct order *o);
void orders_remove(struct orders *list, struct order *o);

/* The order to begin, or to draw a band of; NULL: none. */
struct order *orders_next(const struct orders *list);

/* Whether this order is the one to be drawn next, not counting orders that threads already
 * work on. */
bool orders_is_first(const struct orders *list, const struct order *o);

/* Charges the order's client with that time; negative: too much was charged before. */
void orders_charge(struct orders *list, const struct order *o, int64_t ns);

/* How many threads all orders together may use. */
unsigned orders_threads_max(const struct orders *list);

#endif
