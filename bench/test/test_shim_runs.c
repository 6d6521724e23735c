/*
 * What surrounds a body: fixtures and threads, instruments, allocations, single iterations (R-450,
 *
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/shim.h"
#include "bench/suite/memory.h"
#include "bench/test/seen.h"
#include "daemon/base/clock.h"

/* ---- fixtures --------------------------------------------------------------------------- */

static struct {
	_Atomic int setups, teardowns, thread_setups, thread_teardowns, bodies, wrong_order;
} calls;

struct shared {
	_Atomic int inside; /* threads between their setup and teardown */
	bool is_alive;
};

static int set_up(struct bench_state *s, void **out)
{
	struct shared *shared = calloc(1, sizeof(*shared));

	(void)s;
	calls.setups++;
	shared->is_alive = true;
	*out = shared;
	return 0;
}

static void tear_down(struct bench_state *s, void *arg)
{
	struct shared *shared = arg;

	(void)s;
	calls.teardowns++;
	calls.wrong_order += shared->inside != 0;
	free(shared);
}

static int thread_set_up(struct bench_state *s, void *arg, void **local)
{
	struct shared *shared = arg;

	calls.thread_setups++;
	calls.wrong_order += !shared->is_alive || bench_shared(s) != shared;
	shared->inside++;
	*local = shared;
	return 0;
}

static void thread_tear_down(struct bench_state *s, void *local)
{
	struct shared *shared = local;

	(void)s;
	calls.thread_teardowns++;
	shared->inside--;
}

static void fixture_body(struct bench_state *s)
{
	struct shared *shared = bench_shared(s);

	calls.bodies++;
	calls.wrong_order += !shared || !shared->is_alive || bench_local(s) != shared;
	BENCH_LOOP(s)
		BENCH_CLOBBER();
}

static const struct bench_fixture fixture = { .setup = set_up,
					      .teardown = tear_down,
					      .thread_setup = thread_set_up,
					      .thread_teardown = thread_tear_down };

static void test_fixture_surrounds_every_run(void **state)
{
	(void)state;
	memset((void *)&calls, 0, sizeof(calls));
	assert_int_equal(seen_run("fixture_alone", NULL)->failed_count, 0);
	assert_int_equal(seen_run("fixture_threads", NULL)->failed_count, 0);
	assert_true(calls.setups > 2);
	assert_int_equal(calls.setups, calls.teardowns);
	assert_int_equal(calls.thread_setups, calls.bodies);
	assert_int_equal(calls.thread_setups, calls.thread_teardowns);
	assert_true(calls.bodies > calls.setups);
	assert_int_equal(calls.wrong_order, 0);
}

static int no_memory(struct bench_state *s, void **out)
{
	(void)s;
	(void)out;
	return -ENOMEM;
}

static int one_fails(struct bench_state *s, void *shared, void **local)
{
	(void)shared;
	(void)local;
	return bench_thread_index(s) == (int)bench_range(s, 0) ? -ENOSPC : 0;
}

static void unreached(struct bench_state *s)
{
	BENCH_LOOP(s)
		calls.bodies++;
}

/* The other threads stand at the library's barrier meanwhile: nobody may wait for ever. */
static void test_setup_that_fails_is_an_error(void **state)
{
	const struct seen *s;

	(void)state;
	s = seen_run("fixture_no_memory", NULL);
	assert_int_equal(s->failed_count, 2);
	assert_non_null(strstr(s->list[0].error, "setup failed: Cannot allocate memory"));
	s = seen_run("fixture_one_fails", NULL);
	assert_int_equal(s->failed_count, 2);
	assert_non_null(strstr(s->list[0].error, "thread setup failed: No space left"));
}

static _Atomic int open_batches, batches;
static uint64_t set_up_for, torn_down_wrongly;

static int batch_set_up(struct bench_state *s, uint64_t n)
{
	(void)s;
	open_batches++;
	batches++;
	set_up_for = n;
	return n == 5 ? -ENOMEM : 0;
}

static void batch_tear_down(struct bench_state *s, uint64_t n)
{
	(void)s;
	torn_down_wrongly += n != set_up_for;
	open_batches--;
}

static void batch_body(struct bench_state *s)
{
	while (bench_batch_fixed(s, (uint64_t)bench_range(s, 0)))
		BENCH_CLOBBER();
}

static void uneven_batches(struct bench_state *s)
{
	for (uint64_t n = 10; bench_batch_fixed(s, n); n++)
		BENCH_CLOBBER();
}

static void test_batches_have_their_own_setup(void **state)
{
	const struct seen *s = seen_run("batch_fixed/100", NULL);

	(void)state;
	assert_int_equal(s->failed_count, 0);
	assert_true(batches > 0);
	assert_int_equal(open_batches, 0);
	seen_only("batch_uneven");
	assert_int_equal(open_batches, 0);
	assert_int_equal(torn_down_wrongly, 0);
	s = seen_run("batch_fixed/5$", NULL);
	assert_int_equal(s->failed_count, 1);
	assert_non_null(strstr(s->list[0].error, "batch setup failed"));
}

/* ---- instruments ------------------------------------------------------------------------ */

struct tally {
	double ticks; /* counted while on */
	double empty; /* of an empty stretch */
	double stretches;
	bool is_on;
};
static _Thread_local struct tally *running; /* of the thread's run */

static int tally_open(void *ctx, void **local)
{
	(void)ctx;
	*local = running = calloc(1, sizeof(*running));
	return 0;
}

/* Every stretch costs three ticks of its own. */
static void tally_start(void *local)
{
	struct tally *t = local;

	t->is_on = true;
	t->ticks += 3;
	t->stretches++;
}

static void tally_stop(void *local)
{
	((struct tally *)local)->is_on = false;
}

static void tally_calibrate(void *local)
{
	struct tally *t = local;

	t->empty = t->ticks;
	t->ticks = t->stretches = 0;
}

static void tally_report(void *local, struct bench_state *s)
{
	struct tally *t = local;

	bench_counter(s, "ticks", t->ticks - t->empty * t->stretches, BENCH_COUNTER_AVG_ITERATIONS);
}

static void tally_close(void *local)
{
	running = NULL;
	free(local);
}

static void ticking(struct bench_state *s)
{
	BENCH_LOOP(s) {
		if (running)
			running->ticks += running->is_on ? 2 : 1000;
		bench_pause(s);
		if (running && running->is_on)
			running->ticks += 1000;
		bench_resume(s);
	}
}

static void test_instrument_sees_exactly_what_is_timed(void **state)
{
	static const struct bench_instrument tally = { .open = tally_open,
						       .start = tally_start,
						       .stop = tally_stop,
						       .calibrate = tally_calibrate,
						       .report = tally_report,
						       .close = tally_close };

	(void)state;
	assert_int_equal(bench_instrument_add(&tally), 0);
	assert_true(fabs(seen_counter(seen_only("ticking_alone"), "ticks") - 2) < 1e-9);
	assert_true(fabs(seen_counter(seen_only("ticking_threads"), "ticks") - 2) < 1e-9);
}

/* ---- memory and distribution ------------------------------------------------------------ */

/* Long enough that its iterations are timed one by one, which allocates as well. */
static void allocating_slowly(struct bench_state *s)
{
	BENCH_LOOP(s) {
		void *a = malloc(64);

		BENCH_KEEP(a);
		free(a);
		clock_sleep_until_ns(clock_ns() + 5000);
	}
}

static void allocating(struct bench_state *s)
{
	BENCH_LOOP(s) {
		void *a = malloc(100), *b;

		BENCH_KEEP(a);
		b = malloc(1000);
		BENCH_KEEP(b);
		free(a);
		free(b);
	}
}

static void test_allocations_of_an_iteration(void **state)
{
	const struct seen_result *r;

	(void)state;
	memory_count();
	r = seen_only("allocating_alone");
	assert_true(seen_counter(r, "allocs_per_iter") == 2);
	assert_true(seen_counter(r, "alloc_bytes_per_iter") == 1100);
	assert_true(seen_counter(r, "max_bytes_used") == 1100);
	assert_true(seen_counter(r, "net_heap_growth") == 0);
	r = seen_only("allocating_threads");
	assert_true(seen_counter(r, "allocs_per_iter") == 2);
	assert_true(seen_counter(r, "alloc_bytes_per_iter") == 1100);
	r = seen_only("allocating_slowly");
	assert_true(seen_counter(r, "allocs_per_iter") == 1);
	assert_true(seen_counter(r, "spread_count") > 0);
	bench_memory_source(NULL);
	assert_true(isnan(seen_counter(seen_only("allocating_alone"), "allocs_per_iter")));
}

static void sleeping(struct bench_state *s)
{
	BENCH_LOOP(s)
		clock_sleep_until_ns(clock_ns() + (uint64_t)bench_range(s, 0));
}

static void spin(uint64_t ns)
{
	uint64_t end_ns = clock_ns() + ns;

	while (clock_ns() < end_ns)
		;
}

static void slow_batches(struct bench_state *s)
{
	uint64_t n = (uint64_t)bench_range(s, 0);

	while (bench_batch(s, n))
		for (uint64_t i = 0; i < n; i++)
			spin(5000);
}

static void check_spread(const struct seen_result *r, double least_ns)
{
	double p50 = seen_counter(r, "p50_ns"), p99 = seen_counter(r, "p99_ns");

	assert_true(p50 >= least_ns);
	assert_true(seen_counter(r, "p90_ns") >= p50);
	assert_true(p99 >= seen_counter(r, "p90_ns"));
	assert_true(seen_counter(r, "max_ns") >= p99);
	assert_true(seen_counter(r, "spread_count") >= 2);
}

/* What has been prepared for so many iterations is used up then. */
static struct {
	uint64_t most, told_wrongly;
} counted;

static void note_count(struct bench_state *s, uint64_t done)
{
	counted.most = done > counted.most ? done : counted.most;
	counted.told_wrongly += bench_iterations_done(s) != done;
}

static void counting(struct bench_state *s)
{
	uint64_t done = 0;

	BENCH_LOOP(s) {
		spin(5000);
		done++;
	}
	note_count(s, done);
}

static void counting_batches(struct bench_state *s)
{
	uint64_t done = 0;

	while (bench_batch(s, 2)) {
		spin(10000);
		done += 2;
	}
	note_count(s, done);
}

static void test_no_more_iterations_than_were_fixed(void **state)
{
	static const char *const names[] = { "fixed_loop", "fixed_batches" };
	static const uint64_t most[] = { 30, 30 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		memset(&counted, 0, sizeof(counted));
		check_spread(seen_only(names[i]), 4000);
		assert_int_equal(counted.most, most[i]);
		assert_int_equal(counted.told_wrongly, 0);
	}
	memset(&counted, 0, sizeof(counted));
	seen_only("fixed_one");
	assert_int_equal(counted.most, 1);
	memset(&counted, 0, sizeof(counted));
	check_spread(seen_only("free_batches"), 4000);
	assert_int_equal(counted.told_wrongly, 0);
}

static void quick_batches(struct bench_state *s)
{
	while (bench_batch(s, 1000))
		for (int i = 0; i < 1000; i++)
			BENCH_CLOBBER();
}

static void quick(struct bench_state *s)
{
	BENCH_LOOP(s)
		BENCH_CLOBBER();
}

static void test_slow_bodies_have_a_distribution(void **state)
{
	(void)state;
	check_spread(seen_only("sleeping_alone/2000"), 2000);
	check_spread(seen_only("sleeping_alone/100000"), 100000);
	check_spread(seen_only("sleeping_threads"), 20000);
	assert_true(isnan(seen_counter(seen_only("quick$"), "p50_ns")));
}

/* What is known of a batch is its mean, and the result says of how many. */
static void test_slow_batches_have_a_distribution_of_their_means(void **state)
{
	const struct seen_result *r = seen_only("slow_batches/1/");

	(void)state;
	check_spread(r, 5000);
	assert_true(isnan(seen_counter(r, "spread_batch")));
	r = seen_only("slow_batches/7/");
	check_spread(r, 5000);
	assert_true(seen_counter(r, "spread_batch") == 7);
	/* Of the whole batch it would be seven times the mean. */
	assert_true(seen_counter(r, "p50_ns") < 4 * r->real_time);
	check_spread(seen_only("slow_batches_threads"), 5000);
	assert_true(isnan(seen_counter(seen_only("quick_batches"), "p50_ns")));
}

static void test_default_counters_are_software(void **state)
{
	const struct seen_result *r = seen_only("quick$");

	(void)state;
	if (isnan(seen_counter(r, "task-clock")))
		skip(); /* perf_event_open is not permitted here */
	assert_true(seen_counter(r, "task-clock") > 0);
	assert_true(seen_counter(r, "page-faults") >= 0);
	assert_true(seen_counter(r, "context-switches") >= 0);
}

static void register_all(void)
{
	static const struct bench_fixture out_of_memory = { .setup = no_memory };
	static const struct bench_fixture lame = { .thread_setup = one_fails };
	static const struct bench_fixture batch = { .batch_setup = batch_set_up,
						    .batch_teardown = batch_tear_down };

	bench_use(bench_register("fixture_alone", fixture_body), &fixture);
	bench_threads(bench_use(bench_register("fixture_threads", fixture_body), &fixture), 4);
	bench_threads(bench_threads(bench_use(bench_register("fixture_no_memory", unreached),
					      &out_of_memory),
				    1),
		      3);
	bench_arg(
		bench_arg(bench_threads(bench_use(bench_register("fixture_one_fails", fixture_body),
						  &lame),
					3),
			  0),
		2);
	bench_use(bench_arg(bench_arg(bench_register("batch_fixed", batch_body), 100), 5), &batch);
	bench_use(bench_register("batch_uneven", uneven_batches), &batch);
	bench_iterations(bench_register("ticking_alone", ticking), 50);
	bench_iterations(bench_threads(bench_register("ticking_threads", ticking), 2), 50);
	bench_register("allocating_alone", allocating);
	bench_threads(bench_register("allocating_threads", allocating), 2);
	bench_iterations(bench_threads(bench_register("allocating_slowly", allocating_slowly), 2),
			 100);
	bench_iterations(
		bench_arg(bench_arg(bench_register("sleeping_alone", sleeping), 2000), 100000),
		100);
	bench_iterations(
		bench_threads(bench_arg(bench_register("sleeping_threads", sleeping), 20000), 2),
		100);
	bench_iterations(bench_arg(bench_arg(bench_register("slow_batches", slow_batches), 1), 7),
			 700);
	bench_iterations(
		bench_threads(bench_arg(bench_register("slow_batches_threads", slow_batches), 7),
			      2),
		700);
	bench_register("quick", quick);
	bench_register("quick_batches", quick_batches);
	bench_iterations(bench_register("fixed_loop", counting), 30);
	bench_iterations(bench_register("fixed_batches", counting_batches), 30);
	bench_iterations(bench_register("fixed_one", counting), 1);
	bench_register("free_batches", counting_batches);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_counters_are_software),
		cmocka_unit_test(test_fixture_surrounds_every_run),
		cmocka_unit_test(test_setup_that_fails_is_an_error),
		cmocka_unit_test(test_batches_have_their_own_setup),
		cmocka_unit_test(test_slow_bodies_have_a_distribution),
		cmocka_unit_test(test_slow_batches_have_a_distribution_of_their_means),
		cmocka_unit_test(test_no_more_iterations_than_were_fixed),
		cmocka_unit_test(test_allocations_of_an_iteration),
		cmocka_unit_test(test_instrument_sees_exactly_what_is_timed),
	};

	register_all();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
