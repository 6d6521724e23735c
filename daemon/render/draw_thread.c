#include "daemon/render/draw_thread.h"

#include <errno.h>

#include "daemon/base/cancel.h"
#include "daemon/base/clock.h"
#include "daemon/base/thread.h"

enum { STACK_BYTES = 256 << 10 };

void draw_memory_deinit(struct draw_memory *m)
{
	band_scratch_free(m->scratch);
	*m = (struct draw_memory){ 0 };
}

/* Gets memory as wide as the order needs. False: out of memory. */
static bool draw_memory_fit(struct draw_memory *m, const struct order *o)
{
	if (m->order_number == o->number)
		return true;
	m->order_number = 0;
	if (m->scratch && m->scratch->width < o->work.width_max) {
		band_scratch_free(m->scratch);
		m->scratch = NULL;
	}
	if (m->scratch)
		band_scratch_forget(m->scratch);
	else
		m->scratch = band_scratch_new(o->work.width_max);
	if (!m->scratch)
		return false;
	m->order_number = o->number;
	return true;
}

bool item_take(struct orders *list, struct order *o, struct waiter *waiter, struct item *item)
{
	*item = (struct item){ .order = o, .waiter = waiter, .paid_ns = o->item_ns };
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

void item_do(struct item *item, struct draw_memory *m)
{
	struct set_work *w = &item->order->work;
	uint64_t since_ns = clock_thread_cpu_ns();

	switch (item->kind) {
	case ITEM_BEGIN:
		set_work_begin(w);
		break;
	case ITEM_BAND:
		if (draw_memory_fit(m, item->order))
			set_work_draw(w, &item->band, m->scratch);
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
	struct draw_thread *t = arg;

	if (t->has_idle_priority)
		thread_set_idle_priority();
	for (;;) {
		struct waiter *waiter;

		while (sem_wait(&t->wake) < 0)
			; /* EINTR */
		if (atomic_load_explicit(&t->is_ending, memory_order_acquire))
			break;
		/* Pairs with the release in draw_thread_give. */
		(void)atomic_load_explicit(&t->state, memory_order_acquire);
		waiter = t->item.waiter;
		cancel_begin(set_work_ask, &t->item.order->work);
		item_do(&t->item, &t->memory);
		cancel_end();
		/* Pairs with the acquire in draw_thread_collect. The order may be freed from here
		 * on. */
		atomic_store_explicit(&t->state, DRAW_THREAD_DONE, memory_order_release);
		sem_post(&waiter->wake);
	}
	draw_memory_deinit(&t->memory);
	return NULL;
}

int draw_thread_start(struct draw_thread *t, bool has_idle_priority)
{
	int rc;

	t->has_idle_priority = has_idle_priority;
	sem_init(&t->wake, 0, 0);
	rc = thread_start(&t->thread, "render", STACK_BYTES, run, t, NULL);
	if (rc < 0)
		sem_destroy(&t->wake);
	return rc;
}

void draw_thread_end(struct draw_thread *t)
{
	atomic_store_explicit(&t->is_ending, true, memory_order_release);
	sem_post(&t->wake);
	pthread_join(t->thread, NULL);
	sem_destroy(&t->wake);
}

void draw_thread_give(struct draw_thread *t)
{
	atomic_store_explicit(&t->state, DRAW_THREAD_BUSY, memory_order_release);
	sem_post(&t->wake);
}

void draw_thread_collect(struct draw_thread *t, struct orders *list)
{
	if (atomic_load_explicit(&t->state, memory_order_acquire) != DRAW_THREAD_DONE)
		return;
	if (item_end(list, &t->item)) {
		draw_thread_give(t);
		return;
	}
	t->item.order->threads_count--;
	atomic_store_explicit(&t->state, DRAW_THREAD_FREE, memory_order_relaxed);
}
