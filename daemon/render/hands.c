#include "daemon/render/hands.h"

#include <errno.h>

#include "daemon/base/cancel.h"
#include "daemon/base/clock.h"
#include "daemon/base/thread.h"

enum { STACK_BYTES = 256 << 10 };

void place_deinit(struct place *p)
{
	workshop_free(p->shop);
	*p = (struct place){ 0 };
}

/* A workshop as wide as the order needs. False: out of memory. */
static bool place_fit(struct place *p, const struct order *o)
{
	if (p->of == o->number)
		return true;
	p->of = 0;
	if (p->shop && p->shop->width < o->work.width_max) {
		workshop_free(p->shop);
		p->shop = NULL;
	}
	if (p->shop)
		workshop_forget(p->shop);
	else
		p->shop = workshop_new(o->work.width_max);
	if (!p->shop)
		return false;
	p->of = o->number;
	return true;
}

bool item_take(struct orders *list, struct order *o, struct seat *seat, struct item *item)
{
	*item = (struct item){ .order = o, .seat = seat, .paid_ns = o->item_ns };
	if (o->work.stage == SET_WAITS) {
		item->kind = ITEM_BEGIN;
		o->work.stage = SET_BEGINS;
	} else {
		item->kind = ITEM_BAND;
		if (!set_work_take(&o->work, &item->band))
			return false;
	}
	orders_charge(list, o, item->paid_ns);
	return true;
}

void item_do(struct item *item, struct place *p)
{
	struct set_work *w = &item->order->work;
	uint64_t since_ns = clock_thread_cpu_ns();

	switch (item->kind) {
	case ITEM_BEGIN:
		set_work_begin(w);
		break;
	case ITEM_BAND:
		if (place_fit(p, item->order))
			set_work_draw(w, &item->band, p->shop);
		else
			set_work_fail(w, -ENOMEM);
		break;
	case ITEM_FINISH:
		set_work_finish(w, item->band.part);
		break;
	}
	item->took_ns = (int64_t)(clock_thread_cpu_ns() - since_ns);
}

bool item_end(struct orders *list, struct item *item)
{
	struct order *o = item->order;

	orders_charge(list, o, item->took_ns - item->paid_ns);
	item->paid_ns = 0;
	switch (item->kind) {
	case ITEM_BEGIN:
		o->item_ns = item->took_ns;
		o->work.stage = SET_DRAWS;
		break;
	case ITEM_BAND:
		o->item_ns = item->took_ns;
		item->kind = ITEM_FINISH;
		return set_work_end(&o->work, &item->band);
	case ITEM_FINISH:
		set_work_finished(&o->work, item->band.part);
		break;
	}
	return false;
}

static void *run(void *arg)
{
	struct hand *h = arg;

	if (h->stands_back)
		thread_stand_back();
	for (;;) {
		struct seat *seat;

		while (sem_wait(&h->wake) < 0)
			; /* EINTR */
		if (atomic_load_explicit(&h->is_ending, memory_order_acquire))
			break;
		/* Pairs with the release in hand_give. */
		(void)atomic_load_explicit(&h->state, memory_order_acquire);
		seat = h->item.seat;
		cancel_begin(set_work_ask, &h->item.order->work);
		item_do(&h->item, &h->place);
		cancel_end();
		/* Pairs with the acquire in hand_collect. From here on the order may be gone. */
		atomic_store_explicit(&h->state, HAND_DONE, memory_order_release);
		sem_post(&seat->wake);
	}
	place_deinit(&h->place);
	return NULL;
}

int hand_start(struct hand *h, bool stands_back)
{
	int rc;

	h->stands_back = stands_back;
	sem_init(&h->wake, 0, 0);
	rc = thread_start(&h->thread, "render", STACK_BYTES, run, h, NULL);
	if (rc < 0)
		sem_destroy(&h->wake);
	return rc;
}

void hand_end(struct hand *h)
{
	atomic_store_explicit(&h->is_ending, true, memory_order_release);
	sem_post(&h->wake);
	pthread_join(h->thread, NULL);
	sem_destroy(&h->wake);
}

void hand_give(struct hand *h)
{
	atomic_store_explicit(&h->state, HAND_BUSY, memory_order_release);
	sem_post(&h->wake);
}

void hand_collect(struct hand *h, struct orders *list)
{
	if (atomic_load_explicit(&h->state, memory_order_acquire) != HAND_DONE)
		return;
	if (item_end(list, &h->item)) {
		hand_give(h);
		return;
	}
	h->item.order->threads_count--;
	atomic_store_explicit(&h->state, HAND_FREE, memory_order_relaxed);
}
