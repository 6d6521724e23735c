/*
 * orders.h - which of several sets that are under way is to be drawn next: that of the client that
 * has had the least of the threads' time, and of its sets the one with the least left.
 *
 * Source: fair queueing with a virtual clock, A. Demers, S. Keshav, S. Shenker 1989. A client's
 * time is kept in each of its orders, so that it needs no table. A newcomer begins where the others
 * are on average (the virtual clock), less a credit that lets short work pass; because that clock
 * goes on with all drawing, no stream of newcomers keeps an old order waiting for ever.
 *
 * Threads: whoever holds the lock of the list's owner.
 */
#ifndef DAEMON_RENDER_ORDERS_H
#define DAEMON_RENDER_ORDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/render/set_work.h"

enum {
	ORDERS_OPEN_BYTES_MAX = 256 << 20, /* of pictures under way, where others wait for that */
	ORDERS_SMALL_BYTES = 16 << 20,     /* a picture that never waits for it: 2048 x 2048 */
};

/* One call of drawers_draw. */
struct order {
	struct set_work work;
	struct order *next;
	uint64_t number; /* from 1; never used again */
	unsigned threads_max;
	unsigned threads_count;  /* at it, the caller aside */
	bool is_first_of_client; /* in the list */
	int64_t used_ns;         /* of threads' time, by all of the client's orders */
	int64_t item_ns;         /* that the last band, or the scene, took */
};

/* Zeroed: empty. */
struct orders {
	struct order *first; /* the oldest */
	uint64_t ever_count;
	unsigned clients_count;
	int64_t clock_ns; /* the virtual one: threads' time for each client */
};

void orders_add(struct orders *list, struct order *o);
void orders_remove(struct orders *list, struct order *o);

/* The order to draw a band of, or to begin; NULL: there is none. */
struct order *orders_next(const struct orders *list);

/* Whether no other has a better claim, threads that are at it aside. */
bool orders_is_first(const struct orders *list, const struct order *o);

/* Its client has had so much time; below 0: too much was counted before. */
void orders_charge(struct orders *list, const struct order *o, int64_t ns);

/* How many threads all of them together may have. */
unsigned orders_threads_max(const struct orders *list);

#endif
