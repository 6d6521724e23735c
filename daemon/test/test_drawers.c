/*
 * Issue 7, items 2 and 3: clients share the threads that draw, one picture of each at a time, and
 * drawing stops in the middle of whatever it does when it is told to.
 *
 * One thread draws here, so the order in which pictures of one band end is the order of its bands.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/base/cancel.h"
#include "daemon/base/err.h"
#include "daemon/render/band.h"
#include "daemon/render/drawers.h"

enum {
	WIDTH = 1024,
	ORDERS_MAX = 6,
	BANDS_MAX = ORDERS_MAX * PICTURES_MAX,
};

/* What all orders of a test share. */
struct world {
	struct drawers *drawers;
	struct volume volume;
	struct scene scene;
	sem_t is_waiting;        /* once for each order that is in the list */
	sem_t may_begin;         /* once for the first order */
	unsigned log[BANDS_MAX]; /* number of the order whose band ended; by the one thread */
	atomic_uint log_count;
};

/* A client's call, in a thread of its own. */
struct order {
	struct world *world;
	unsigned number;
	uint64_t client_id;
	bool waits_to_begin;
	atomic_bool is_counted;
	struct picture_job jobs[PICTURES_MAX];
	struct picture pictures[PICTURES_MAX];
	pthread_t thread;
	int rc;
};

static int begin(void *ctx)
{
	struct order *o = ctx;

	if (o->waits_to_begin)
		sem_wait(&o->world->may_begin);
	return 0;
}

/* Asked from when the order is in the list. */
static int go_on(void *ctx, uint64_t rows_done)
{
	struct order *o = ctx;

	(void)rows_done;
	if (!atomic_exchange(&o->is_counted, true))
		sem_post(&o->world->is_waiting);
	return 0;
}

static int finish(void *ctx, size_t index, struct picture *p)
{
	struct order *o = ctx;

	(void)index;
	picture_close(p);
	o->world->log[atomic_fetch_add(&o->world->log_count, 1)] = o->number;
	return 0;
}

static void *draw(void *arg)
{
	struct order *o = arg;
	const struct picture_set set = {
		.jobs = o->jobs,
		.pictures = o->pictures,
		.count = PICTURES_MAX,
		.threads_max = 1,
		.client_id = o->client_id,
		.begin = begin,
		.begin_ctx = o,
		.finish = finish,
		.finish_ctx = o,
		.go_on = go_on,
		.go_on_ctx = o,
	};

	o->rc = drawers_draw(o->world->drawers, &set, NULL);
	return NULL;
}

static void world_open(struct world *w)
{
	const struct drawers_cfg cfg = { .threads_max = 1, .is_eager = true };
	struct box box = { { 0, 0, 0 }, { 40, 40, 40 } };

	*w = (struct world){ 0 };
	assert_int_equal(volume_fill_box(&w->volume, &box, RGBA_WHITE), 0);
	assert_int_equal(scene_open(&w->scene, &w->volume), 0);
	assert_int_equal(drawers_open(&cfg, &w->drawers, NULL), 0);
	sem_init(&w->is_waiting, 0, 0);
	sem_init(&w->may_begin, 0, 0);
}

static void world_close(struct world *w)
{
	drawers_close(w->drawers);
	scene_close(&w->scene);
	volume_deinit(&w->volume);
	sem_destroy(&w->is_waiting);
	sem_destroy(&w->may_begin);
}

/* Returns when it is in the list. */
static void order_start(struct order *o, struct world *w, unsigned number, uint64_t client_id)
{
	*o = (struct order){
		.world = w, .number = number, .client_id = client_id, .waits_to_begin = !number
	};
	for (int i = 0; i < PICTURES_MAX; i++) {
		o->jobs[i] = (struct picture_job){ .scene = &w->scene, .smooth_edges = true };
		view_from_preset(&o->jobs[i].view, &view_presets[6], &w->scene.box, 20, false, 1);
		shading_light_from(&o->jobs[i].shading, &o->jobs[i].view);
		o->pictures[i] = (struct picture){ .width = WIDTH, .height = BAND_ROWS };
	}
	assert_int_equal(pthread_create(&o->thread, NULL, draw, o), 0);
	sem_wait(&w->is_waiting);
}

static void order_end(struct order *o)
{
	pthread_join(o->thread, NULL);
	assert_int_equal(o->rc, 0);
}

/* Bands of an order before the last band of another. */
static unsigned bands_before_end(const struct world *w, unsigned of, unsigned other)
{
	unsigned count = 0;
	unsigned at_end = 0;

	for (unsigned i = 0; i < atomic_load(&w->log_count); i++) {
		count += w->log[i] == of;
		if (w->log[i] == other)
			at_end = count;
	}
	return at_end;
}

/* Client 1 has four orders, client 2 has one that comes last: it gets half of the thread. */
static void test_clients_have_equal_shares(void **state)
{
	static struct world w;
	static struct order orders[5];
	unsigned before = 0;

	(void)state;
	world_open(&w);
	for (unsigned i = 0; i < 5; i++)
		order_start(&orders[i], &w, i, i == 4 ? 2 : 1);
	sem_post(&w.may_begin);
	for (unsigned i = 0; i < 5; i++)
		order_end(&orders[i]);
	assert_int_equal(atomic_load(&w.log_count), 5 * PICTURES_MAX);
	for (unsigned i = 0; i < 4; i++)
		before += bands_before_end(&w, i, 4);
	/* 16 to 1 by arrival, 4 to 1 by order; equal shares are about 16. */
	assert_in_range(before, 0, 2 * PICTURES_MAX);
	/* One of a client's orders after another: few pictures are in memory. */
	for (unsigned i = 0; i < 4; i++)
		for (unsigned k = 0; k < i; k++) {
			unsigned shared = bands_before_end(&w, i, k);

			assert_true(shared == 0 || shared == PICTURES_MAX);
		}
	world_close(&w);
}

/* Six clients: nobody waits for another's end. */
static void test_bands_of_many_clients_alternate(void **state)
{
	static struct world w;
	static struct order orders[ORDERS_MAX];

	(void)state;
	world_open(&w);
	for (unsigned i = 0; i < ORDERS_MAX; i++)
		order_start(&orders[i], &w, i, i);
	sem_post(&w.may_begin);
	for (unsigned i = 0; i < ORDERS_MAX; i++)
		order_end(&orders[i]);
	for (unsigned i = 0; i < ORDERS_MAX; i++)
		for (unsigned k = 0; k < ORDERS_MAX; k++)
			if (i != k)
				assert_true(bands_before_end(&w, i, k) > 0);
	world_close(&w);
}

/* ---- stopping ------------------------------------------------------------------------ */

static int work_until_told(void *ctx)
{
	int rc;

	sem_post(ctx);
	do
		rc = cancel_check();
	while (rc == 0);
	return rc;
}

static int time_is_over(void *ctx, uint64_t rows_done)
{
	(void)rows_done;
	return sem_trywait(ctx) == 0 ? -ETIMEDOUT : 0;
}

/* The scene is being made when the caller is told that its time is over. */
static void test_a_thread_is_stopped_in_its_work(void **state)
{
	static struct world w;
	sem_t has_begun;
	struct picture p = { .width = 500, .height = 500 };
	struct picture_job job;
	struct err err = ERR_INIT;
	const struct picture_set set = {
		.jobs = &job,
		.pictures = &p,
		.count = 1,
		.begin = work_until_told,
		.begin_ctx = &has_begun,
		.go_on = time_is_over,
		.go_on_ctx = &has_begun,
	};

	(void)state;
	world_open(&w);
	sem_init(&has_begun, 0, 0);
	job = (struct picture_job){ .scene = &w.scene };
	assert_int_equal(drawers_draw(w.drawers, &set, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.msg, "stopped"));
	assert_null(p.pixels);
	sem_destroy(&has_begun);
	world_close(&w);
}

static int say_no(void *ctx)
{
	++*(unsigned *)ctx;
	return -ECANCELED;
}

/* Who draws alone asks as well. */
static void test_a_caller_alone_is_stopped(void **state)
{
	static struct world w;
	struct picture p = { .width = 500, .height = 500 };
	struct picture_job job;
	unsigned asked = 0;
	int rc;

	(void)state;
	world_open(&w);
	job = (struct picture_job){ .scene = &w.scene };
	cancel_set_pace_ms(0);
	cancel_begin(say_no, &asked);
	rc = picture_draw(&p, &job, NULL);
	cancel_end();
	cancel_set_pace_ms(CANCEL_ASK_MS);
	assert_int_equal(rc, -ECANCELED);
	assert_int_equal(asked, 1);
	picture_close(&p);
	world_close(&w);
}

static void test_threads_end_without_work(void **state)
{
	static struct world w;

	(void)state;
	world_open(&w);
	world_close(&w);
	drawers_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clients_have_equal_shares),
		cmocka_unit_test(test_bands_of_many_clients_alternate),
		cmocka_unit_test(test_a_thread_is_stopped_in_its_work),
		cmocka_unit_test(test_a_caller_alone_is_stopped),
		cmocka_unit_test(test_threads_end_without_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
