/*
 * The waiting callers give work to the threads, under one lock that the threads never take
 * (draw_thread.h). Whichever caller wakes first does this for all callers.
 */
#include "daemon/render/drawers.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/base/budget.h"
#include "daemon/base/clock.h"
#include "daemon/base/cpu.h"
#include "daemon/base/err.h"
#include "daemon/render/draw_thread.h"

enum {
	ASK_NS = 5 * 1000 * 1000,       /* interval at which a waiting caller checks */
	PATIENCE_NS = 20 * 1000 * 1000, /* before it checks whether the threads make progress */
	LOOK_BACK_NS = 200 * 1000 * 1000,
};

struct drawers {
	struct drawers_cfg cfg;
	unsigned order_threads_max; /* used when a set has no limit */
	pthread_mutex_t lock;       /* protects what follows; taken by callers only */
	struct orders orders;
	unsigned threads_count;
	struct draw_thread threads[DRAWERS_THREADS_MAX];
	struct waiter *waiters;
	struct waiter *free_waiters;
};

/* A call of drawers_draw. */
struct caller {
	struct order order;
	struct waiter *waiter;
	struct draw_memory memory;
	/* The CPU time of the threads is measured over an interval: its start, and their CPU time
	 * then. */
	uint64_t since_ns;
	uint64_t cpu_ns;
};

/* ---- giving work to threads; all with the lock held --------------------------------- */

static struct caller *caller_of(struct order *o)
{
	return (struct caller *)((char *)o - offsetof(struct caller, order));
}

/* Gives an item to an idle thread. False: there is none. */
static bool assign(struct drawers *d, struct draw_thread *t)
{
	struct order *o;

	while ((o = orders_next(&d->orders))) {
		if (!item_take(&d->orders, o, caller_of(o)->waiter, &t->item))
			continue; /* it has failed and will not be chosen again */
		o->threads_count++;
		draw_thread_give(t);
		return true;
	}
	return false;
}

/* Collects finished items and hands out new ones. */
static void dispatch(struct drawers *d)
{
	for (unsigned i = 0; i < d->threads_count; i++)
		draw_thread_collect(&d->threads[i], &d->orders);
	for (unsigned i = 0; i < d->threads_count; i++)
		if (draw_thread_is_free(&d->threads[i]) && !assign(d, &d->threads[i]))
			break;
}

/* How many threads are needed. */
static unsigned wanted_count(const struct drawers *d)
{
	unsigned wanted = orders_threads_max(&d->orders);

	return wanted < d->cfg.threads_max ? wanted : d->cfg.threads_max;
}

/* Threads that cannot be started are left out: with no thread at all, the callers draw. */
static void start_threads(struct drawers *d)
{
	unsigned wanted = wanted_count(d);

	while (d->threads_count < wanted &&
	       draw_thread_start(&d->threads[d->threads_count], !d->cfg.is_eager) == 0)
		d->threads_count++;
}

int drawers_open(const struct drawers_cfg *cfg, struct drawers **out, struct err *err)
{
	struct drawers *d = calloc(1, sizeof(*d));
	unsigned cpus = (unsigned)cpu_count();

	if (!d)
		return err_set(err, -ENOMEM, "out of memory for the drawing threads");
	d->cfg = *cfg;
	if (!d->cfg.threads_max)
		d->cfg.threads_max = cpus;
	if (d->cfg.threads_max > DRAWERS_THREADS_MAX)
		d->cfg.threads_max = DRAWERS_THREADS_MAX;
	/*
	 * All processors but one: drawing threads give way to others at once, but while they keep
	 * every processor busy, the kernel no longer searches for an idle one for a thread that
	 * wakes up, which then waits for its last one. p99 of edits meanwhile: 2.3 times that
	 * without drawing, against 4 with all processors.
	 */
	d->order_threads_max = cpus > 1 ? cpus - 1 : 1;
	if (d->order_threads_max > PICTURE_THREADS_MAX)
		d->order_threads_max = PICTURE_THREADS_MAX;
	pthread_mutex_init(&d->lock, NULL);
	*out = d;
	return 0;
}

void drawers_close(struct drawers *d)
{
	if (!d)
		return;
	for (unsigned i = 0; i < d->threads_count; i++)
		draw_thread_end(&d->threads[i]);
	while (d->waiters) {
		struct waiter *waiter = d->waiters;

		d->waiters = waiter->next;
		sem_destroy(&waiter->wake);
		free(waiter);
	}
	pthread_mutex_destroy(&d->lock);
	free(d);
}

/* ---- the callers -------------------------------------------------------------------------- */

static struct waiter *waiter_get(struct drawers *d)
{
	struct waiter *waiter = d->free_waiters;

	if (waiter) {
		d->free_waiters = waiter->next_free;
		return waiter;
	}
	waiter = malloc(sizeof(*waiter));
	if (!waiter)
		return NULL;
	sem_init(&waiter->wake, 0, 0);
	waiter->next = d->waiters;
	d->waiters = waiter;
	return waiter;
}

static void waiter_put(struct drawers *d, struct waiter *waiter)
{
	waiter->next_free = d->free_waiters;
	d->free_waiters = waiter;
}

static uint64_t cpu_ns(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) < 0)
		return 0;
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* CPU time of all threads and of the caller. */
static uint64_t threads_cpu_ns(const struct drawers *d)
{
	uint64_t sum_ns = clock_thread_cpu_ns();
	clockid_t id;

	for (unsigned i = 0; i < d->threads_count; i++)
		sum_ns += pthread_getcpuclockid(d->threads[i].thread, &id) ? 0 : cpu_ns(id);
	return sum_ns;
}

/*
 * Whether the threads and the caller together get less than a quarter of a processor for each
 * thread that the orders may use, and less than half a processor for each thread there is.
 */
static bool are_starved(const struct drawers *d, struct caller *c)
{
	uint64_t now_ns = clock_ns();
	uint64_t elapsed_ns = now_ns - c->since_ns;
	uint64_t due_ns = elapsed_ns * orders_threads_max(&d->orders) / 4;
	uint64_t half_ns = elapsed_ns * wanted_count(d) / 2;
	uint64_t cpu_now_ns;
	uint64_t got_ns;

	if (elapsed_ns < PATIENCE_NS)
		return false;
	cpu_now_ns = threads_cpu_ns(d);
	got_ns = cpu_now_ns - c->cpu_ns;
	if (elapsed_ns > LOOK_BACK_NS) {
		c->since_ns = now_ns;
		c->cpu_ns = cpu_now_ns;
	}
	return got_ns < (due_ns < half_ns ? due_ns : half_ns);
}

/* With several callers, only one draws: the one whose order is first. */
static bool must_help(const struct drawers *d, struct caller *c)
{
	if (!d->threads_count)
		return true;
	if (d->cfg.is_eager)
		return false;
	return are_starved(d, c) && orders_is_first(&d->orders, &c->order);
}

/* Draws one item; the caller then checks again, since each item can delay a request. False: help
 * was not needed. */
static bool help(struct drawers *d, struct caller *c)
{
	struct item item;
	bool has_more;

	if (!set_work_has_more(&c->order.work) || !must_help(d, c))
		return false;
	has_more = item_take(&d->orders, &c->order, c->waiter, &item);
	while (has_more) {
		pthread_mutex_unlock(&d->lock);
		item_do(&item, &c->memory);
		pthread_mutex_lock(&d->lock);
		has_more = item_end(&d->orders, &item);
	}
	return true;
}

static bool is_over(const struct order *o)
{
	bool has_failed = set_work_rc(&o->work) < 0;
	bool is_taken = o->work.next_part == o->work.set->count;

	return !o->threads_count && (has_failed || is_taken);
}

/* Call without the lock. */
static void sleep_for_a_while(struct waiter *waiter)
{
	struct timespec ts = clock_timespec(clock_ns() + ASK_NS);

	(void)sem_clockwait(&waiter->wake, CLOCK_MONOTONIC, &ts);
}

/* Call without the lock. */
static void ask(struct set_work *w, uint64_t rows_done)
{
	const struct picture_set *set = w->set;
	int rc = 0;

	if (set->go_on && set_work_rc(w) == 0)
		rc = set->go_on(set->go_on_ctx, rows_done);
	if (rc < 0)
		set_work_fail(w, rc);
}

/* Waits until no thread works on the order. The lock is held, except while sleeping and asking. */
static void wait_for(struct drawers *d, struct caller *c)
{
	bool draws_itself = false;

	while (!is_over(&c->order)) {
		uint64_t rows_done = c->order.work.rows_done;

		pthread_mutex_unlock(&d->lock);
		if (!draws_itself)
			sleep_for_a_while(c->waiter);
		ask(&c->order.work, rows_done);
		pthread_mutex_lock(&d->lock);
		dispatch(d);
		draws_itself = help(d, c) && !d->threads_count;
	}
}

static void caller_init(struct caller *c, const struct drawers *d, const struct picture_set *set)
{
	*c = (struct caller){ .since_ns = clock_ns() };
	set_work_init(&c->order.work, set);
	c->order.threads_max = set->threads_max ? set->threads_max : d->order_threads_max;
}

/* With the lock held. */
static void draw(struct drawers *d, struct caller *c)
{
	orders_add(&d->orders, &c->order);
	start_threads(d);
	c->cpu_ns = threads_cpu_ns(d);
	dispatch(d);
	wait_for(d, c);
	orders_remove(&d->orders, &c->order);
	dispatch(d); /* others may have waited for the memory of its pictures */
}

int drawers_draw(struct drawers *d, const struct picture_set *set, struct err *err)
{
	struct caller *c = malloc(sizeof(*c));
	int rc;

	if (!c)
		return err_set(err, -ENOMEM, "render: %s", budget_why());
	caller_init(c, d, set);
	pthread_mutex_lock(&d->lock);
	c->waiter = waiter_get(d);
	if (c->waiter) {
		draw(d, c);
		waiter_put(d, c->waiter);
	} else {
		set_work_fail(&c->order.work, -ENOMEM);
	}
	pthread_mutex_unlock(&d->lock);
	rc = set_work_result(&c->order.work, err);
	draw_memory_deinit(&c->memory);
	free(c);
	return rc;
}
