/*
 * Bands of rows, taken by threads one after another, so that an expensive part of the picture does
 * not make the others wait; where there are several pictures, the next one's bands follow.
 */
#include "daemon/render/picture.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "daemon/base/budget.h"
#include "daemon/base/clock.h"
#include "daemon/base/cpu.h"
#include "daemon/base/err.h"
#include "daemon/base/thread.h"
#include "daemon/render/band.h"

enum {
	STACK_BYTES = 256 << 10,
	ASK_NS = 5 * 1000 * 1000,       /* between two looks of a caller that waits */
	PATIENCE_NS = 20 * 1000 * 1000, /* until it asks whether its threads get anywhere */
};

/* One picture of the set. */
struct part {
	struct drawing drawing;
	uint32_t rows_left; /* under the crew's lock */
};

enum stage { STAGE_WAITS, STAGE_BEGINS, STAGE_DRAWS };

struct crew {
	const struct picture_set *set;
	struct part parts[PICTURES_MAX];
	uint32_t width_max;
	pthread_mutex_t lock; /* protects what follows; bands take it, not pixels */
	pthread_cond_t ended;
	pthread_cond_t begun;
	enum stage stage;
	size_t next_part;
	uint32_t next_row;
	unsigned running; /* threads */
	uint64_t rows_done;
	atomic_int rc; /* written once */
};

int picture_open(struct picture *p, uint32_t width, uint32_t height)
{
	if (!width || !height || width > PICTURE_EDGE_MAX || height > PICTURE_EDGE_MAX)
		return -EINVAL;
	p->pixels = budget_malloc(BUDGET_PICTURES, (size_t)width * height * sizeof(*p->pixels));
	if (!p->pixels)
		return -ENOMEM;
	p->width = width;
	p->height = height;
	return 0;
}

void picture_close(struct picture *p)
{
	budget_free(p->pixels);
	*p = (struct picture){ 0 };
}

static void fail(struct crew *c, int rc)
{
	int none = 0;

	atomic_compare_exchange_strong_explicit(&c->rc, &none, rc, memory_order_relaxed,
						memory_order_relaxed);
}

/* The next band, its picture's pixels in place. False: there is none. */
static bool take_band(struct crew *c, struct part **part, uint32_t *first, uint32_t *end)
{
	struct picture *p;
	int rc = 0;

	pthread_mutex_lock(&c->lock);
	if (c->next_part == c->set->count ||
	    atomic_load_explicit(&c->rc, memory_order_relaxed) < 0) {
		pthread_mutex_unlock(&c->lock);
		return false;
	}
	*part = &c->parts[c->next_part];
	p = (*part)->drawing.picture;
	if (!p->pixels)
		rc = picture_open(p, p->width, p->height);
	*first = c->next_row;
	*end = c->next_row + BAND_ROWS < p->height ? c->next_row + BAND_ROWS : p->height;
	c->next_row = *end;
	if (*end == p->height) {
		c->next_part++;
		c->next_row = 0;
	}
	pthread_mutex_unlock(&c->lock);
	if (rc < 0)
		fail(c, rc);
	return rc == 0;
}

/* The thread that ends a picture hands it over. */
static void end_band(struct crew *c, struct part *part, uint32_t rows)
{
	const struct picture_set *set = c->set;
	bool is_last;
	int rc = 0;

	pthread_mutex_lock(&c->lock);
	c->rows_done += rows;
	part->rows_left -= rows;
	is_last = part->rows_left == 0;
	pthread_mutex_unlock(&c->lock);
	if (is_last && set->finish)
		rc = set->finish(set->finish_ctx, (size_t)(part - c->parts), part->drawing.picture);
	if (rc < 0)
		fail(c, rc);
}

static void ask(struct crew *c)
{
	uint64_t rows_done;

	if (!c->set->go_on || atomic_load_explicit(&c->rc, memory_order_relaxed) < 0)
		return;
	pthread_mutex_lock(&c->lock);
	rows_done = c->rows_done;
	pthread_mutex_unlock(&c->lock);
	if (!c->set->go_on(c->set->go_on_ctx, rows_done))
		fail(c, -ECANCELED);
}

static int begin(struct crew *c)
{
	const struct picture_set *set = c->set;
	int rc = set->begin ? set->begin(set->begin_ctx) : 0;

	for (size_t i = 0; rc == 0 && i < set->count; i++)
		drawing_init(&c->parts[i].drawing, &set->pictures[i], &set->jobs[i]);
	return rc;
}

/* True once there is something to draw: the first to ask makes it, others wait if they may. */
static bool is_begun(struct crew *c, bool may_wait)
{
	bool is_ready;

	pthread_mutex_lock(&c->lock);
	while (may_wait && c->stage == STAGE_BEGINS)
		pthread_cond_wait(&c->begun, &c->lock);
	if (c->stage == STAGE_WAITS) {
		int rc;

		c->stage = STAGE_BEGINS;
		pthread_mutex_unlock(&c->lock);
		rc = begin(c);
		if (rc < 0)
			fail(c, rc);
		pthread_mutex_lock(&c->lock);
		c->stage = STAGE_DRAWS;
		pthread_cond_broadcast(&c->begun);
	}
	is_ready = c->stage == STAGE_DRAWS;
	pthread_mutex_unlock(&c->lock);
	return is_ready;
}

/* False: there was none. */
static bool draw_next_band(struct crew *c, struct workshop *shop)
{
	struct part *part;
	uint32_t first;
	uint32_t end;

	if (!take_band(c, &part, &first, &end))
		return false;
	draw_band(&part->drawing, first, end, shop);
	end_band(c, part, end - first);
	return true;
}

/* One thread's part; only the caller of picture_draw_set asks whether to go on. */
static void take_part(struct crew *c, bool is_caller)
{
	struct workshop *shop = workshop_new(c->width_max);

	if (!shop)
		fail(c, -ENOMEM);
	while (shop && is_begun(c, true) && draw_next_band(c, shop)) {
		if (is_caller)
			ask(c);
	}
	workshop_free(shop);
}

static void *help(void *arg)
{
	struct crew *c = arg;

	if (c->set->in_background)
		thread_stand_back();
	take_part(c, false);
	pthread_mutex_lock(&c->lock);
	c->running--;
	pthread_cond_signal(&c->ended);
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static uint64_t cpu_ns(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) < 0)
		return 0;
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* A caller that waits for its threads. */
struct vigil {
	const pthread_t *threads;
	unsigned count;
	uint64_t since_ns;
	uint64_t own_cpu_ns; /* the caller's when it began */
	struct workshop *shop;
};

/* Whether the threads and the caller together got less than a quarter of the processors. */
static bool is_starved(const struct vigil *v)
{
	uint64_t elapsed_ns = clock_ns() - v->since_ns;
	uint64_t used_ns = cpu_ns(CLOCK_THREAD_CPUTIME_ID) - v->own_cpu_ns;
	unsigned cpus = (unsigned)cpu_count();
	clockid_t id;

	if (elapsed_ns < PATIENCE_NS)
		return false;
	for (unsigned i = 0; i < v->count; i++)
		used_ns += pthread_getcpuclockid(v->threads[i], &id) ? 0 : cpu_ns(id);
	return used_ns < elapsed_ns * (v->count < cpus ? v->count : cpus) / 4;
}

/* One band, and no more before it has asked again: each of them can make a request wait. */
static void help_out(struct crew *c, struct vigil *v)
{
	if (!v->shop)
		v->shop = workshop_new(c->width_max);
	if (!v->shop)
		fail(c, -ENOMEM);
	else if (is_begun(c, false))
		(void)draw_next_band(c, v->shop);
}

/* Until the threads have ended; takes part where they get nowhere. */
static void wait_for(struct crew *c, const pthread_t *threads, unsigned count)
{
	struct vigil v = { .threads = threads,
			   .count = count,
			   .since_ns = clock_ns(),
			   .own_cpu_ns = cpu_ns(CLOCK_THREAD_CPUTIME_ID) };

	pthread_mutex_lock(&c->lock);
	while (c->running) {
		uint64_t until_ns = clock_ns() + ASK_NS;
		struct timespec ts = { (time_t)(until_ns / NSEC_PER_SEC),
				       (long)(until_ns % NSEC_PER_SEC) };

		pthread_cond_timedwait(&c->ended, &c->lock, &ts);
		if (!c->running)
			break;
		pthread_mutex_unlock(&c->lock);
		ask(c);
		if (is_starved(&v))
			help_out(c, &v);
		pthread_mutex_lock(&c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	workshop_free(v.shop);
}

static void init(struct crew *c, const struct picture_set *set)
{
	pthread_condattr_t attr;

	*c = (struct crew){ .set = set };
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->ended, &attr);
	pthread_condattr_destroy(&attr);
	pthread_cond_init(&c->begun, NULL);
	for (size_t i = 0; i < set->count; i++) {
		const struct picture *p = &set->pictures[i];

		c->parts[i].rows_left = p->height;
		c->width_max = p->width > c->width_max ? p->width : c->width_max;
	}
}

/* Threads that cannot be started are done without: those that run take all bands. */
int picture_draw_set(const struct picture_set *set, struct err *err)
{
	struct crew *c = malloc(sizeof(*c));
	pthread_t helpers[PICTURE_THREADS_MAX];
	unsigned started = 0;
	unsigned wanted = set->threads_count - !set->in_background;
	int rc;

	if (!c)
		return err_set(err, -ENOMEM, "render: %s", budget_why());
	init(c, set);
	while (started < wanted && started < PICTURE_THREADS_MAX) {
		pthread_mutex_lock(&c->lock);
		c->running++;
		pthread_mutex_unlock(&c->lock);
		if (thread_start(&helpers[started], "render", STACK_BYTES, help, c, NULL) < 0) {
			pthread_mutex_lock(&c->lock);
			c->running--;
			pthread_mutex_unlock(&c->lock);
			break;
		}
		started++;
	}
	if (set->in_background && started)
		wait_for(c, helpers, started);
	else
		take_part(c, true);
	while (started)
		pthread_join(helpers[--started], NULL);
	rc = atomic_load_explicit(&c->rc, memory_order_relaxed);
	pthread_cond_destroy(&c->begun);
	pthread_cond_destroy(&c->ended);
	pthread_mutex_destroy(&c->lock);
	free(c);
	if (rc < 0)
		return err_set(err, rc, "render of %u x %u: %s", set->pictures[0].width,
			       set->pictures[0].height,
			       rc == -ECANCELED ? "cancelled"
			       : rc == -ENOMEM  ? budget_why()
						: "a picture could not be encoded");
	return 0;
}

int picture_draw(struct picture *p, const struct picture_job *job, unsigned threads_count,
		 struct err *err)
{
	const struct picture_set set = {
		.jobs = job, .pictures = p, .count = 1, .threads_count = threads_count
	};

	return picture_draw_set(&set, err);
}
