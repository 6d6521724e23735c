/*
 * draw_thread.h - threads that draw, and the items of work they are given one by one.
 *
 * A thread of idle priority can lose the processor at any point and for long. So it never takes a
 * lock that others need: it gets an item, marks it as done, and sleeps on its own semaphore until
 * it gets another. "The lock" below is that of the owner who hands out the items.
 */
#ifndef DAEMON_RENDER_DRAW_THREAD_H
#define DAEMON_RENDER_DRAW_THREAD_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/render/orders.h"

/* A caller sleeps here until an item of its order is done. It must outlive the order: a thread may
 * wake it after the caller has gone on. */
struct waiter {
	sem_t wake;
	struct waiter *next_free;
	struct waiter *next; /* of all */
};

enum item_kind { ITEM_BEGIN, ITEM_BAND, ITEM_FINISH };

struct item {
	struct order *order;
	struct waiter *waiter; /* the order's caller */
	enum item_kind kind;
	struct set_band band;
	int64_t paid_ns; /* charged in advance, before the real time is known */
	int64_t took_ns;
};

/* Working memory of a thread. Zeroed: nothing allocated yet. */
struct draw_memory {
	struct band_scratch *scratch;
	uint64_t order_number; /* the order whose scene it holds data of; 0: none */
};

void draw_memory_deinit(struct draw_memory *m);

/*
 * Takes the next item of an order that has one, with the lock held. The client is charged in
 * advance for the time of its last item, so that threads that get items at the same time serve
 * different clients. False: the order has failed.
 */
bool item_take(struct orders *list, struct order *o, struct waiter *waiter, struct item *item);
/* Does the item, without the lock. */
void item_do(struct item *item, struct draw_memory *m);
/* Ends the item, with the lock held. True: another item follows in its place, which the same thread
 * must do at once. */
bool item_end(struct orders *list, struct item *item);

enum draw_thread_state { DRAW_THREAD_FREE, DRAW_THREAD_BUSY, DRAW_THREAD_DONE };

/* One thread. Caller-allocated, zeroed. */
struct draw_thread {
	pthread_t thread;
	bool has_idle_priority;
	atomic_bool is_ending;
	sem_t wake;
	/* Who may use the item: in FREE and DONE the holder of the lock, in BUSY the thread. It
	 * becomes BUSY under the lock and DONE by the thread; each transition releases the item to
	 * the other side. */
	atomic_int state;
	struct item item;
	struct draw_memory memory; /* used by the thread only */
};

/* has_idle_priority: runs only while no other thread wants the processor. */
int draw_thread_start(struct draw_thread *t, bool has_idle_priority);
void draw_thread_end(struct draw_thread *t); /* call when it is free */

/* With the lock held. */
static inline bool draw_thread_is_free(const struct draw_thread *t)
{
	return atomic_load_explicit(&t->state, memory_order_relaxed) == DRAW_THREAD_FREE;
}
void draw_thread_give(struct draw_thread *t); /* starts the item stored in it */
/* If the thread has done its item: ends that. The thread is then free, or busy with the item that
 * follows. */
void draw_thread_collect(struct draw_thread *t, struct orders *list);

#endif
