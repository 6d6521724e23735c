/*
 * The callers that wait give the threads their work, under one lock that no thread ever takes
 * (hands.h). Whichever caller wakes first does it for all.
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
#include "daemon/render/hands.h"

enum {
	ASK_NS = 5 * 1000 * 1000,       /* between two looks of a caller that waits */
	PATIENCE_NS = 20 * 1000 * 1000, /* until it asks whether the threads get anywhere */
	LOOK_BACK_NS = 200 * 1000 * 1000,
};

struct drawers {
	struct drawers_cfg cfg;
	unsigned order_threads_max; /* where a set does not say */
	pthread_mutex_t lock;       /* protects what follows; taken by callers only */
	struct orders orders;
	unsigned hands_count;
	struct hand hands[DRAWERS_THREADS_MAX];
	struct seat *seats;
	struct seat *free_seats;
};

/* A call of drawers_draw. */
struct caller {
	struct order order;
	struct seat *seat;
	struct place place;
	/* What the threads get is looked at over a while: its begin, and their time until then. */
	uint64_t since_ns;
	uint64_t cpu_ns;
};

/* ---- giving work to threads; all of it under the lock --------------------------------- */

static struct caller *caller_of(struct order *o)
{
	return (struct caller *)((char *)o - offsetof(struct caller, order));
}

/* An item for a thread that has none. False: there is none. */
static bool assign(struct drawers *d, struct hand *h)
{
	struct order *o;

	while ((o = orders_next(&d->orders))) {
		if (!item_take(&d->orders, o, caller_of(o)->seat, &h->item))
			continue; /* it has failed, and is not the next one any more */
		o->threads_count++;
		hand_give(h);
		return true;
	}
	return false;
}

/* Takes what threads have done, and gives them more. */
static void dispatch(struct drawers *d)
{
	for (unsigned i = 0; i < d->hands_count; i++)
		hand_collect(&d->hands[i], &d->orders);
	for (unsigned i = 0; i < d->hands_count; i++)
		if (hand_is_free(&d->hands[i]) && !assign(d, &d->hands[i]))
			break;
}

/* How many threads there should be. */
static unsigned wanted_count(const struct drawers *d)
{
	unsigned wanted = orders_threads_max(&d->orders);

	return wanted < d->cfg.threads_max ? wanted : d->cfg.threads_max;
}

/* Those that cannot be started are done without: when there is none, the callers draw. */
static void start_hands(struct drawers *d)
{
	unsigned wanted = wanted_count(d);

	while (d->hands_count < wanted &&
	       hand_start(&d->hands[d->hands_count], !d->cfg.is_eager) == 0)
		d->hands_count++;
}

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
	*out = d;
	return 0;
}

void drawers_close(struct drawers *d)
{
	if (!d)
		return;
	for (unsigned i = 0; i < d->hands_count; i++)
		hand_end(&d->hands[i]);
	while (d->seats) {
		struct seat *seat = d->seats;

		d->seats = seat->next;
		sem_destroy(&seat->wake);
		free(seat);
	}
	pthread_mutex_destroy(&d->lock);
	free(d);
}

/* ---- the callers -------------------------------------------------------------------------- */

static struct seat *seat_get(struct drawers *d)
{
	struct seat *seat = d->free_seats;

	if (seat) {
		d->free_seats = seat->next_free;
		return seat;
	}
	seat = malloc(sizeof(*seat));
	if (!seat)
		return NULL;
	sem_init(&seat->wake, 0, 0);
	seat->next = d->seats;
	d->seats = seat;
	return seat;
}

static void seat_put(struct drawers *d, struct seat *seat)
{
	seat->next_free = d->free_seats;
	d->free_seats = seat;
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

	for (unsigned i = 0; i < d->hands_count; i++)
		sum_ns += pthread_getcpuclockid(d->hands[i].thread, &id) ? 0 : cpu_ns(id);
	return sum_ns;
}

/*
 * Whether the threads and the caller together get less than a quarter of a processor for each
 * thread that the orders may have, or less than half of all that there are threads for.
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

/* Of several callers, the one whose turn it is. */
static bool must_help(const struct drawers *d, struct caller *c)
{
	if (!d->hands_count)
		return true;
	if (d->cfg.is_eager)
		return false;
	return are_starved(d, c) && orders_is_first(&d->orders, &c->order);
}

/* One item, and no more before it has asked again: each of them can make a request wait. False: it
 * was not needed. */
static bool help(struct drawers *d, struct caller *c)
{
	struct item item;
	bool has_more;

	if (!set_work_has_more(&c->order.work) || !must_help(d, c))
		return false;
	has_more = item_take(&d->orders, &c->order, c->seat, &item);
	while (has_more) {
		pthread_mutex_unlock(&d->lock);
		item_do(&item, &c->place);
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

/* Without the lock. */
static void sleep_for_a_while(struct seat *seat)
{
	uint64_t until_ns = clock_ns() + ASK_NS;
	struct timespec ts = { (time_t)(until_ns / NSEC_PER_SEC), (long)(until_ns % NSEC_PER_SEC) };

	(void)sem_clockwait(&seat->wake, CLOCK_MONOTONIC, &ts);
}

/* Without the lock. */
static void ask(struct set_work *w, uint64_t rows_done)
{
	const struct picture_set *set = w->set;
	int rc = 0;

	if (set->go_on && set_work_rc(w) == 0)
		rc = set->go_on(set->go_on_ctx, rows_done);
	if (rc < 0)
		set_work_fail(w, rc);
}

/* Until nobody is at it any more. Under the lock, as all of this is but sleeping and asking. */
static void wait_for(struct drawers *d, struct caller *c)
{
	bool draws_itself = false;

	while (!is_over(&c->order)) {
		uint64_t rows_done = c->order.work.rows_done;

		pthread_mutex_unlock(&d->lock);
		if (!draws_itself)
			sleep_for_a_while(c->seat);
		ask(&c->order.work, rows_done);
		pthread_mutex_lock(&d->lock);
		dispatch(d);
		draws_itself = help(d, c) && !d->hands_count;
	}
}

static void caller_init(struct caller *c, const struct drawers *d, const struct picture_set *set)
{
	*c = (struct caller){ .since_ns = clock_ns() };
	set_work_init(&c->order.work, set);
	c->order.threads_max = set->threads_max ? set->threads_max : d->order_threads_max;
}

/* Under the lock. */
static void draw(struct drawers *d, struct caller *c)
{
	orders_add(&d->orders, &c->order);
	start_hands(d);
	c->cpu_ns = threads_cpu_ns(d);
	dispatch(d);
	wait_for(d, c);
	orders_remove(&d->orders, &c->order);
	dispatch(d); /* its pictures no longer keep others waiting */
}

int drawers_draw(struct drawers *d, const struct picture_set *set, struct err *err)
{
	struct caller *c = malloc(sizeof(*c));
	int rc;

	if (!c)
		return err_set(err, -ENOMEM, "render: %s", budget_why());
	caller_init(c, d, set);
	pthread_mutex_lock(&d->lock);
	c->seat = seat_get(d);
	if (c->seat) {
		draw(d, c);
		seat_put(d, c->seat);
	} else {
		set_work_fail(&c->order.work, -ENOMEM);
	}
	pthread_mutex_unlock(&d->lock);
	rc = set_work_result(&c->order.work, err);
	place_deinit(&c->place);
	free(c);
	return rc;
}
