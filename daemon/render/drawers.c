/*
 * One list of what is under way, in order of arrival, under one lock that is taken twice a band.
 *
 * A client's time is kept in each of its orders, so that it needs no table; a newcomer begins where
 * the others are on average (the virtual clock), less a credit that lets short work pass. Because
 * that clock goes on with every band, no stream of newcomers keeps an old order waiting for ever.
 */
#include "daemon/render/drawers.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/base/budget.h"
#include "daemon/base/cancel.h"
#include "daemon/base/clock.h"
#include "daemon/base/cpu.h"
#include "daemon/base/err.h"
#include "daemon/base/thread.h"
#include "daemon/render/set_work.h"

enum {
	STACK_BYTES = 256 << 10,
	ASK_NS = 5 * 1000 * 1000,       /* between two looks of a caller that waits */
	PATIENCE_NS = 20 * 1000 * 1000, /* until it thinks of drawing itself */
	LOOK_BACK_NS = 200 * 1000 * 1000,
	SMALL_PIXELS = 256 * 256, /* a set that it then draws itself */
};

/* Of threads' time that newcomers are ahead of others: a picture of 512^2 takes less. */
static const int64_t credit_ns = 2 * (int64_t)NSEC_PER_SEC;

/* One call of drawers_draw. Under the lock, except as set_work.h says. */
struct order {
	struct set_work work;
	struct order *next;
	uint64_t number; /* from 1; never used again */
	bool is_small;
	unsigned threads_max;
	unsigned threads_count;  /* at it, the caller aside */
	bool is_first_of_client; /* in the list */
	int64_t used_ns;         /* of threads' time, by all of the client's orders */
	int64_t band_ns;         /* that the last band took */
	pthread_cond_t ended;    /* a thread has left it */
};

struct drawers {
	struct drawers_cfg cfg;
	unsigned order_threads_max; /* where a set does not say */
	pthread_mutex_t lock;       /* protects what follows */
	pthread_cond_t work;
	bool is_closing;
	struct order *orders; /* the oldest first */
	uint64_t orders_ever_count;
	unsigned clients_count;
	int64_t clock_ns; /* the virtual one: threads' time for each client */
	unsigned threads_count;
	pthread_t threads[DRAWERS_THREADS_MAX];
};

/* What a thread draws in. */
struct place {
	struct workshop *shop;
	uint64_t of; /* number of the order whose scene it remembers; 0: none */
};

int drawers_open(const struct drawers_cfg *cfg, struct drawers **out, struct err *err)
{
	struct drawers *d = calloc(1, sizeof(*d));
	unsigned cpus = (unsigned)cpu_count();

	if (!d)
		return err_set(err, -ENOMEM, "out of memory for the threads that draw");
	d->cfg = *cfg;
	if (!d->cfg.threads_max)
		d->cfg.threads_max = cpus;
	if (d->cfg.threads_max > DRAWERS_THREADS_MAX)
		d->cfg.threads_max = DRAWERS_THREADS_MAX;
	/*
	 * All processors but one: threads that draw give way to others at once, but while they keep
	 * every processor busy the kernel no longer looks for a free one for a thread that wakes,
	 * which then waits behind whoever has its last one. Edits meanwhile: p99 2.3 times that
	 * without drawing, against 4.
	 */
	d->order_threads_max = cpus > 1 ? cpus - 1 : 1;
	if (d->order_threads_max > PICTURE_THREADS_MAX)
		d->order_threads_max = PICTURE_THREADS_MAX;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->work, NULL);
	*out = d;
	return 0;
}

void drawers_close(struct drawers *d)
{
	if (!d)
		return;
	pthread_mutex_lock(&d->lock);
	d->is_closing = true;
	pthread_cond_broadcast(&d->work);
	pthread_mutex_unlock(&d->lock);
	for (unsigned i = 0; i < d->threads_count; i++)
		pthread_join(d->threads[i], NULL);
	pthread_cond_destroy(&d->work);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

/* ---- whose turn it is; all of it under the lock ---------------------------------- */

static void count_clients(struct drawers *d)
{
	d->clients_count = 0;
	for (struct order *o = d->orders; o; o = o->next) {
		o->is_first_of_client = true;
		for (struct order *other = d->orders; other != o; other = other->next)
			if (other->work.set->client_id == o->work.set->client_id)
				o->is_first_of_client = false;
		d->clients_count += o->is_first_of_client;
	}
}

static void add_order(struct drawers *d, struct order *o)
{
	struct order **at = &d->orders;

	o->number = ++d->orders_ever_count;
	o->used_ns = d->clock_ns - credit_ns;
	for (; *at; at = &(*at)->next)
		if ((*at)->work.set->client_id == o->work.set->client_id)
			o->used_ns = (*at)->used_ns;
	*at = o;
	count_clients(d);
}

static void remove_order(struct drawers *d, struct order *o)
{
	struct order **at = &d->orders;

	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
	count_clients(d);
}

static void charge(struct drawers *d, uint64_t client_id, int64_t ns)
{
	for (struct order *o = d->orders; o; o = o->next)
		if (o->work.set->client_id == client_id)
			o->used_ns += ns;
	d->clock_ns += ns / (int64_t)(d->clients_count ? d->clients_count : 1);
}

/* Whether the picture that its next band is of may be in memory, too. The limit is for what others
 * have open, so that whoever has most goes on and none waits for itself. */
static bool has_room(const struct drawers *d, const struct order *o)
{
	uint64_t others_bytes = 0;

	if (set_work_next_bytes(&o->work) <= DRAWERS_SMALL_BYTES)
		return true;
	for (const struct order *other = d->orders; other; other = other->next)
		others_bytes += other == o ? 0 : other->work.open_bytes;
	return others_bytes < DRAWERS_OPEN_BYTES_MAX;
}

/* The order to draw a band of; NULL: there is none. */
static struct order *choose(const struct drawers *d)
{
	struct order *best = NULL;

	for (struct order *o = d->orders; o; o = o->next) {
		if (!set_work_has_more(&o->work) || o->threads_count >= o->threads_max)
			continue;
		if (best &&
		    (o->used_ns > best->used_ns || (o->used_ns == best->used_ns &&
						    o->work.pixels_left >= best->work.pixels_left)))
			continue;
		if (has_room(d, o))
			best = o;
	}
	return best;
}

/* ---- drawing ---------------------------------------------------------------------- */

/* A workshop as wide as the order needs. False: out of memory. */
static bool settle(struct place *p, const struct order *o)
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

/* Makes the scene; the lock is not held meanwhile. */
static void begin(struct drawers *d, struct order *o)
{
	o->work.stage = SET_BEGINS;
	pthread_mutex_unlock(&d->lock);
	set_work_begin(&o->work);
	pthread_mutex_lock(&d->lock);
	o->work.stage = SET_DRAWS;
	pthread_cond_broadcast(&d->work); /* now others can draw, too */
}

/* Draws a band; the lock is not held meanwhile. */
static void draw(struct drawers *d, struct order *o, struct place *p)
{
	struct set_band band;

	if (!set_work_take(&o->work, &band))
		return;
	pthread_mutex_unlock(&d->lock);
	if (settle(p, o))
		set_work_draw(&o->work, &band, p->shop);
	else
		set_work_fail(&o->work, -ENOMEM);
	pthread_mutex_lock(&d->lock);
	if (!set_work_end(&o->work, &band))
		return;
	pthread_mutex_unlock(&d->lock);
	set_work_finish(&o->work, band.part);
	pthread_mutex_lock(&d->lock);
	set_work_finished(&o->work, band.part);
	pthread_cond_broadcast(&d->work); /* there may be room for a picture */
}

/* One band, or the scene, under the lock before and after. The client pays beforehand what the last
 * one took, so that threads which choose at the same time choose for different clients. */
static void serve(struct drawers *d, struct order *o, struct place *p)
{
	uint64_t client_id = o->work.set->client_id;
	uint64_t since_ns = clock_thread_cpu_ns();
	int64_t paid_ns = o->band_ns;
	int64_t took_ns;

	charge(d, client_id, paid_ns);
	if (o->work.stage == SET_WAITS)
		begin(d, o);
	else
		draw(d, o, p);
	took_ns = (int64_t)(clock_thread_cpu_ns() - since_ns);
	o->band_ns = took_ns;
	charge(d, client_id, took_ns - paid_ns);
}

static void *run(void *arg)
{
	struct drawers *d = arg;
	struct place p = { 0 };

	if (!d->cfg.is_eager)
		thread_stand_back();
	pthread_mutex_lock(&d->lock);
	while (!d->is_closing) {
		struct order *o = choose(d);

		if (!o) {
			pthread_cond_wait(&d->work, &d->lock);
			continue;
		}
		o->threads_count++;
		cancel_begin(set_work_ask, &o->work);
		serve(d, o, &p);
		cancel_end();
		o->threads_count--;
		pthread_cond_signal(&o->ended);
	}
	pthread_mutex_unlock(&d->lock);
	workshop_free(p.shop);
	return NULL;
}

/* ---- the caller's side -------------------------------------------------------------- */

/* How many threads all orders together can use. Under the lock. */
static unsigned wanted_count(const struct drawers *d)
{
	unsigned wanted = 0;

	for (const struct order *o = d->orders; o; o = o->next)
		wanted += o->threads_max;
	return wanted < d->cfg.threads_max ? wanted : d->cfg.threads_max;
}

/* Those that cannot be started are done without: when there is none, the callers draw. Under the
 * lock. */
static void start_threads(struct drawers *d)
{
	unsigned wanted = wanted_count(d);

	while (d->threads_count < wanted) {
		if (thread_start(&d->threads[d->threads_count], "render", STACK_BYTES, run, d,
				 NULL) < 0)
			break;
		d->threads_count++;
	}
}

static uint64_t cpu_ns(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) < 0)
		return 0;
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* CPU time of all threads and of the caller. Under the lock. */
static uint64_t threads_cpu_ns(const struct drawers *d)
{
	uint64_t sum_ns = clock_thread_cpu_ns();
	clockid_t id;

	for (unsigned i = 0; i < d->threads_count; i++)
		sum_ns += pthread_getcpuclockid(d->threads[i], &id) ? 0 : cpu_ns(id);
	return sum_ns;
}

/* A caller that waits. */
struct waiter {
	struct order *order;
	struct place place;
	uint64_t began_ns;
	/* What the threads get is looked at over a while: its begin, and their time until then. */
	uint64_t since_ns;
	uint64_t cpu_ns;
};

/* Whether the threads and the caller together get less than a quarter of the processors that all
 * orders could use. Under the lock. */
static bool are_starved(const struct drawers *d, struct waiter *w)
{
	uint64_t now_ns = clock_ns();
	uint64_t elapsed_ns = now_ns - w->since_ns;
	uint64_t cpu_ns = threads_cpu_ns(d);
	bool is_little = cpu_ns - w->cpu_ns < elapsed_ns * wanted_count(d) / 4;

	if (elapsed_ns < PATIENCE_NS)
		return false;
	if (elapsed_ns > LOOK_BACK_NS) {
		w->since_ns = now_ns;
		w->cpu_ns = cpu_ns;
	}
	return is_little;
}

/* Whether the caller should draw. Under the lock. */
static bool must_help(const struct drawers *d, struct waiter *w)
{
	const struct order *o = w->order;

	if (!d->threads_count)
		return true;
	if (d->cfg.is_eager)
		return false;
	if (o->is_small && !o->threads_count && clock_ns() - w->began_ns >= PATIENCE_NS)
		return true;
	return are_starved(d, w);
}

/* One band, and no more before it has asked again: each of them can make a request wait. False: it
 * was not needed. */
static bool help(struct drawers *d, struct waiter *w)
{
	if (!set_work_has_more(&w->order->work) || !must_help(d, w))
		return false;
	serve(d, w->order, &w->place);
	return true;
}

static bool is_over(const struct order *o)
{
	bool has_failed = set_work_rc(&o->work) < 0;
	bool is_taken = o->work.next_part == o->work.set->count;

	return !o->threads_count && (has_failed || is_taken);
}

static void ask(struct drawers *d, struct order *o)
{
	const struct picture_set *set = o->work.set;
	uint64_t rows_done = o->work.rows_done;
	int rc = 0;

	pthread_mutex_unlock(&d->lock);
	if (set->go_on && set_work_rc(&o->work) == 0)
		rc = set->go_on(set->go_on_ctx, rows_done);
	if (rc < 0)
		set_work_fail(&o->work, rc);
	pthread_mutex_lock(&d->lock);
}

/* Until nobody is at it any more. Under the lock. */
static void wait_for(struct drawers *d, struct waiter *w)
{
	struct order *o = w->order;
	bool draws_itself = false;

	while (!is_over(o)) {
		uint64_t until_ns = clock_ns() + ASK_NS;
		struct timespec ts = { (time_t)(until_ns / NSEC_PER_SEC),
				       (long)(until_ns % NSEC_PER_SEC) };

		if (!draws_itself)
			pthread_cond_timedwait(&o->ended, &d->lock, &ts);
		if (is_over(o))
			break;
		ask(d, o);
		draws_itself = help(d, w) && (o->is_small || !d->threads_count);
	}
}

static void order_init(struct order *o, const struct drawers *d, const struct picture_set *set)
{
	pthread_condattr_t attr;

	*o = (struct order){ .threads_max = set->threads_max };
	if (!o->threads_max)
		o->threads_max = d->order_threads_max;
	set_work_init(&o->work, set);
	o->is_small = o->work.pixels_left <= SMALL_PIXELS;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&o->ended, &attr);
	pthread_condattr_destroy(&attr);
}

int drawers_draw(struct drawers *d, const struct picture_set *set, struct err *err)
{
	struct order *o = malloc(sizeof(*o));
	struct waiter w = { .order = o, .began_ns = clock_ns() };
	int rc;

	if (!o)
		return err_set(err, -ENOMEM, "render: %s", budget_why());
	order_init(o, d, set);
	pthread_mutex_lock(&d->lock);
	add_order(d, o);
	start_threads(d);
	pthread_cond_broadcast(&d->work);
	w.since_ns = w.began_ns;
	w.cpu_ns = threads_cpu_ns(d);
	wait_for(d, &w);
	remove_order(d, o);
	pthread_cond_broadcast(&d->work); /* its pictures no longer count */
	pthread_mutex_unlock(&d->lock);
	rc = set_work_result(&o->work, err);
	workshop_free(w.place.shop);
	pthread_cond_destroy(&o->ended);
	free(o);
	return rc;
}
