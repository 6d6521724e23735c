/*
 * hands.h - threads that draw, and the items of work that they are given one by one.
 *
 * A thread of idle priority can lose the processor at any place and for long. So none of them ever
 * takes a lock that others want: it gets an item, says when it is done, and sleeps on a semaphore
 * of its own until it gets another. "The lock" is that of whoever gives the items.
 */
#ifndef DAEMON_RENDER_HANDS_H
#define DAEMON_RENDER_HANDS_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/render/orders.h"

/* Where a caller sleeps until an item of its order is done. It must outlive the order: a thread may
 * wake it when its caller has gone on. */
struct seat {
	sem_t wake;
	struct seat *next_free;
	struct seat *next; /* of all */
};

enum item_kind { ITEM_BEGIN, ITEM_BAND, ITEM_FINISH };

struct item {
	struct order *order;
	struct seat *seat; /* of its caller */
	enum item_kind kind;
	struct set_band band;
	int64_t paid_ns; /* counted before; what it took is not known then */
	int64_t took_ns;
};

/* What a thread draws in. Zeroed: nothing yet. */
struct place {
	struct workshop *shop;
	uint64_t of; /* number of the order whose scene it remembers; 0: none */
};

void place_deinit(struct place *p);

/*
 * The order's next item, under the lock; it has one. Its client pays beforehand what its last one
 * took: so threads that are given items at the same time get those of different clients. False: the
 * order has failed.
 */
bool item_take(struct orders *list, struct order *o, struct seat *seat, struct item *item);
/* Does it, without the lock. */
void item_do(struct item *item, struct place *p);
/* Under the lock. True: it has become another item, which the same thread must do at once. */
bool item_end(struct orders *list, struct item *item);

enum hand_state { HAND_FREE, HAND_BUSY, HAND_DONE };

/* A thread. Caller-allocated, zeroed. */
struct hand {
	pthread_t thread;
	bool stands_back;
	atomic_bool is_ending;
	sem_t wake;
	/* Who may use the item: FREE and DONE whoever holds the lock, BUSY the thread. Made BUSY
	 * under the lock, DONE by the thread; each releases the item to the other. */
	atomic_int state;
	struct item item;
	struct place place; /* the thread's */
};

/* stands_back: it runs only where nobody else wants the processor. */
int hand_start(struct hand *h, bool stands_back);
void hand_end(struct hand *h); /* when it is free */

/* Under the lock. */
static inline bool hand_is_free(const struct hand *h)
{
	return atomic_load_explicit(&h->state, memory_order_relaxed) == HAND_FREE;
}
void hand_give(struct hand *h); /* the item that stands in it */
/* When it has done its item: ends that, and it is free, or busy with what the item has become. */
void hand_collect(struct hand *h, struct orders *list);

#endif
