/*
 * Each thing that Google Benchmark can be asked for, asked for from C, and seen in what comes out:
 * arguments, threads, times, counters' flags, complexity, reporters and files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/shim.h"
#include "bench/test/seen.h"
#include "daemon/base/clock.h"

static void assert_near(double value, double want)
{
	if (!(fabs(value - want) <= 1e-6 * (1 + fabs(want))))
		fail_msg("%g is not %g", value, want);
}

static void quick(struct bench_state *s)
{
	BENCH_LOOP(s)
		BENCH_CLOBBER();
}

/* Exactly these names, in this order. */
static void assert_names(const char *prefix, const char *const *names, size_t count)
{
	const struct seen *s = seen_run(prefix, NULL);

	assert_int_equal(s->count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(s->list[i].name, names[i]);
}

/* ---- arguments and threads -------------------------------------------------------------- */

static void test_arguments_in_every_way(void **state)
{
	static const char *const dense[] = { "a_dense/2", "a_dense/5", "a_dense/8" };
	static const char *const powers[] = { "a_powers/1", "a_powers/4", "a_powers/16",
					      "a_powers/64" };
	static const char *const three[] = { "a_three/x:1/y:2/z:3" };
	static const char *const names[] = { "x", "y", "z" };
	static const int64_t values[] = { 1, 2, 3 };

	(void)state;
	bench_range_dense(bench_register("a_dense", quick), 2, 8, 3);
	bench_range_from(bench_range_multiplier(bench_register("a_powers", quick), 4), 1, 64);
	bench_arg_names(bench_args(bench_register("a_three", quick), values, 3), names, 3);
	assert_names("a_dense", dense, 3);
	assert_names("a_powers", powers, 4);
	assert_names("a_three", three, 1);
}

static void thread_body(struct bench_state *s)
{
	BENCH_LOOP(s)
		BENCH_CLOBBER();
	bench_counter(s, "indices", bench_thread_index(s), 0);
	bench_counter(s, "count", bench_thread_count(s), BENCH_COUNTER_AVG_THREADS);
	bench_counter(s, "name_is_known", strncmp(bench_name(s), "t_", 2) == 0, 0);
}

static void test_threads_in_every_way(void **state)
{
	static const char *const doubling[] = { "t_doubling/threads:1", "t_doubling/threads:2",
						"t_doubling/threads:4" };
	static const char *const dense[] = { "t_dense/threads:1", "t_dense/threads:3",
					     "t_dense/threads:5" };
	const struct seen_result *r;
	char name[64];

	(void)state;
	bench_thread_range(bench_register("t_doubling", thread_body), 1, 4);
	bench_thread_range_dense(bench_register("t_dense", thread_body), 1, 5, 2);
	bench_thread_per_cpu(bench_register("t_cpus", thread_body));
	assert_names("t_doubling", doubling, 3);
	assert_names("t_dense", dense, 3);
	r = seen_only("t_dense/threads:5");
	assert_near(seen_counter(r, "indices"), 0 + 1 + 2 + 3 + 4);
	assert_near(seen_counter(r, "count"), 5);
	assert_near(seen_counter(r, "name_is_known"), 5);
	snprintf(name, sizeof(name), "t_cpus/threads:%ld", sysconf(_SC_NPROCESSORS_ONLN));
	assert_string_equal(seen_only("t_cpus")->name, name);
}

/* ---- times ------------------------------------------------------------------------------ */

static void quarter_second(struct bench_state *s)
{
	BENCH_LOOP(s)
		bench_iteration_time_s(s, 0.25);
}

static struct bench *two_quarters(const char *name)
{
	return bench_iterations(bench_use_manual_time(bench_register(name, quarter_second)), 2);
}

static void test_time_units(void **state)
{
	static const double want[] = { 250e6, 250e3, 250, 0.25 };
	char name[16];

	(void)state;
	for (int unit = BENCH_NS; unit <= BENCH_S; unit++) {
		snprintf(name, sizeof(name), "u_%d", unit);
		bench_time_unit(two_quarters(name), (enum bench_unit)unit);
		assert_near(seen_only(name)->real_time, want[unit]);
	}
}

static void spin(uint64_t ns)
{
	uint64_t end_ns = clock_ns() + ns;

	while (clock_ns() < end_ns)
		;
}

static void ten_us(struct bench_state *s)
{
	BENCH_LOOP(s)
		spin(10000);
}

static void test_minimum_times(void **state)
{
	const struct seen_result *r;

	(void)state;
	bench_min_time_s(bench_register("m_time", ten_us), 0.03);
	bench_min_warmup_s(bench_register("m_warmup", ten_us), 0.01);
	r = seen_only("m_time");
	assert_true((double)r->iterations * r->real_time >= 0.03e9 * 0.9);
	assert_non_null(strstr(r->name, "min_time:0.030"));
	assert_non_null(strstr(seen_only("m_warmup")->name, "min_warmup_time:0.010"));
}

static void *spin_beside(void *arg)
{
	uint64_t end_ns = clock_thread_cpu_ns() + 2000000;

	(void)arg;
	while (clock_thread_cpu_ns() < end_ns) {
	}
	return NULL;
}

/* Its own thread only waits. */
static void work_beside(struct bench_state *s)
{
	pthread_t thread;

	BENCH_LOOP(s) {
		if (pthread_create(&thread, NULL, spin_beside, NULL) != 0) {
			bench_skip_error(s, "no thread");
			break;
		}
		pthread_join(thread, NULL);
	}
}

static void test_which_time(void **state)
{
	const struct seen_result *r;

	(void)state;
	bench_iterations(bench_register("w_thread", work_beside), 3);
	bench_measure_process_cpu(bench_iterations(bench_register("w_process", work_beside), 3));
	bench_use_real_time(bench_iterations(bench_register("w_real", work_beside), 3));
	assert_true(seen_only("w_thread")->cpu_time < 1e6);
	r = seen_only("w_process");
	assert_true(r->cpu_time >= 1e6);
	assert_non_null(strstr(r->name, "/process_time"));
	assert_non_null(strstr(seen_only("w_real")->name, "/real_time"));
}

/* ---- what surrounds the loop is not timed ------------------------------------------------ */

enum { SLOW_NS = 20000000 };

static int slow_setup(struct bench_state *s, void **shared)
{
	(void)s;
	(void)shared;
	clock_sleep_until_ns(clock_ns() + SLOW_NS);
	return 0;
}

static void slow_teardown(struct bench_state *s, void *shared)
{
	(void)s;
	(void)shared;
	clock_sleep_until_ns(clock_ns() + SLOW_NS);
}

static int slow_thread_setup(struct bench_state *s, void *shared, void **local)
{
	(void)shared;
	(void)local;
	/* Not all at once: the first must wait for the last. */
	clock_sleep_until_ns(clock_ns() + SLOW_NS * (uint64_t)(1 + bench_thread_index(s)));
	return 0;
}

static int slow_batch_setup(struct bench_state *s, uint64_t n)
{
	(void)s;
	(void)n;
	clock_sleep_until_ns(clock_ns() + SLOW_NS);
	return 0;
}

static void slow_batch_teardown(struct bench_state *s, uint64_t n)
{
	slow_batch_setup(s, n);
}

static void batches(struct bench_state *s)
{
	while (bench_batch_fixed(s, 1))
		BENCH_CLOBBER();
}

static void test_what_surrounds_the_loop_is_not_timed(void **state)
{
	static const struct bench_fixture alone = { .setup = slow_setup,
						    .teardown = slow_teardown };
	static const struct bench_fixture each = { .thread_setup = slow_thread_setup,
						   .thread_teardown = slow_teardown };
	static const struct bench_fixture batch = { .batch_setup = slow_batch_setup,
						    .batch_teardown = slow_batch_teardown };

	(void)state;
	bench_iterations(bench_use(bench_register("s_alone", quick), &alone), 1);
	bench_iterations(bench_threads(bench_use(bench_register("s_threads", quick), &each), 2), 1);
	bench_iterations(bench_use(bench_register("s_batch", batches), &batch), 3);
	assert_true(seen_only("s_alone")->real_time < SLOW_NS / 2.0);
	assert_true(seen_only("s_threads")->real_time < SLOW_NS / 2.0);
	assert_true(seen_only("s_batch")->real_time < SLOW_NS / 2.0);
}

/* ---- counters --------------------------------------------------------------------------- */

/* Two iterations of a quarter of a second. */
static void count_in_every_way(struct bench_state *s)
{
	quarter_second(s);
	bench_counter(s, "rate", 3, BENCH_COUNTER_RATE);
	bench_counter(s, "inverted_rate", 5, BENCH_COUNTER_RATE | BENCH_COUNTER_INVERT);
	bench_counter(s, "iterations_rate", 3,
		      BENCH_COUNTER_PER_ITERATION_CONSTANT | BENCH_COUNTER_RATE);
	bench_counter(s, "average_rate", 3, BENCH_COUNTER_AVG_ITERATIONS | BENCH_COUNTER_RATE);
	bench_items_processed(s, 7);
	bench_bytes_processed(s, 11);
}

static void count_in_threads(struct bench_state *s)
{
	quick(s);
	bench_counter(s, "sum", 5, BENCH_COUNTER_PLAIN);
	bench_counter(s, "average", 5, BENCH_COUNTER_AVG_THREADS);
	if (bench_thread_index(s) == 0)
		bench_label(s, "of the first");
}

static void test_flags_of_counters(void **state)
{
	const struct seen_result *r;

	(void)state;
	bench_iterations(bench_use_manual_time(bench_register("c_all", count_in_every_way)), 2);
	bench_threads(bench_register("c_threads", count_in_threads), 4);
	r = seen_only("c_all");
	assert_near(seen_counter(r, "rate"), 3 / 0.5);
	assert_near(seen_counter(r, "inverted_rate"), 0.5 / 5);
	assert_near(seen_counter(r, "iterations_rate"), 3 * 2 / 0.5);
	assert_near(seen_counter(r, "average_rate"), 3 / 0.5 / 2);
	assert_near(seen_counter(r, "items_per_second"), 7 / 0.5);
	assert_near(seen_counter(r, "bytes_per_second"), 11 / 0.5);
	r = seen_only("c_threads");
	assert_near(seen_counter(r, "sum"), 20);
	assert_near(seen_counter(r, "average"), 5);
	assert_string_equal(r->label, "of the first");
}

/* ---- statistics and complexity ---------------------------------------------------------- */

static double last_of(const double *values, size_t count)
{
	return values[count - 1];
}

static double half(const double *values, size_t count)
{
	(void)values;
	return count == 3 ? 0.5 : 0;
}

static void test_repetitions_of_one_benchmark(void **state)
{
	struct bench *b = bench_repetitions(two_quarters("r_three"), 3);
	const struct seen *s;

	(void)state;
	assert_int_equal(bench_statistic(b, "last", last_of, false), 0);
	assert_int_equal(bench_statistic(b, "half", half, true), 0);
	s = seen_run("r_three", NULL);
	assert_int_equal(s->count, 3 + 4 + 2);
	assert_near(seen_aggregate(s, "last")->real_time, 250e6);
	assert_near(seen_aggregate(s, "half")->real_time, 0.5);
	bench_aggregates_only(b, false);
	assert_int_equal(seen_run("r_three", NULL)->count, 4 + 2);
}

/* Three nanoseconds for each unit of the growth that the context names. */
static const enum bench_big_o orders[] = { BENCH_O_1,       BENCH_O_LOG_N, BENCH_O_N,
					   BENCH_O_N_LOG_N, BENCH_O_N_2,   BENCH_O_N_3 };

static double growth(enum bench_big_o order, double n)
{
	switch (order) {
	case BENCH_O_1:
		return 1;
	case BENCH_O_LOG_N:
		return log2(n);
	case BENCH_O_N:
		return n;
	case BENCH_O_N_LOG_N:
		return n * log2(n);
	case BENCH_O_N_2:
		return n * n;
	case BENCH_O_N_3:
		return n * n * n;
	case BENCH_O_AUTO:
		break;
	}
	return NAN;
}

static void growing(struct bench_state *s)
{
	const enum bench_big_o *order = bench_context(s);
	int64_t n = bench_range(s, 0);

	BENCH_LOOP(s)
		bench_iteration_time_s(s, 3e-9 * growth(*order, (double)n));
	bench_complexity_n(s, n);
}

static struct bench *growing_as(const char *name, const enum bench_big_o *order)
{
	struct bench *b = bench_with(bench_register(name, growing), (void *)(uintptr_t)order);

	return bench_range_from(bench_iterations(bench_use_manual_time(b), 1), 8, 4096);
}

static double power_1_5(int64_t n)
{
	return pow((double)n, 1.5);
}

static void growing_1_5(struct bench_state *s)
{
	int64_t n = bench_range(s, 0);

	BENCH_LOOP(s)
		bench_iteration_time_s(s, 3e-9 * power_1_5(n));
	bench_complexity_n(s, n);
}

/* The library chooses by the CPU's time, so some has to be spent. */
static void spending_squares(struct bench_state *s)
{
	int64_t n = bench_range(s, 0);

	BENCH_LOOP(s)
		for (int64_t i = 0; i < n * n; i++)
			BENCH_CLOBBER();
	bench_complexity_n(s, n);
}

/* The coefficient is what every iteration took; no other growth fits. */
static void assert_fits(const char *prefix)
{
	const struct seen *s = seen_run(prefix, NULL);

	assert_non_null(seen_aggregate(s, "BigO"));
	assert_near(seen_aggregate(s, "BigO")->real_time, 3);
	assert_true(seen_aggregate(s, "RMS")->real_time < 1e-6);
}

static void test_complexity_by_name_by_fit_and_by_function(void **state)
{
	const struct seen *s;
	struct bench *b;
	char name[16];
	double ratio;

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		snprintf(name, sizeof(name), "o_name_%zu", i);
		bench_complexity(growing_as(name, &orders[i]), orders[i]);
		assert_fits(name);
	}
	b = bench_use_manual_time(bench_register("o_function", growing_1_5));
	bench_range_from(bench_iterations(b, 1), 8, 4096);
	bench_complexity_fn(b, power_1_5);
	assert_fits("o_function");
	b = bench_range_from(bench_register("o_auto", spending_squares), 8, 512);
	bench_complexity(b, BENCH_O_AUTO);
	s = seen_run("o_auto", NULL);
	ratio = seen_aggregate(s, "BigO")->cpu_time * 512 * 512 /
		seen_find(s, "o_auto/512")->cpu_time;
	assert_true(ratio > 0.8 && ratio < 1.25);
}

/* ---- skipping --------------------------------------------------------------------------- */

static void skip_inside(struct bench_state *s)
{
	BENCH_LOOP(s) {
		bench_skip_message(s, "seen too late");
		break;
	}
	assert_true(bench_is_skipped(s));
}

static void fail_in_the_last_thread(struct bench_state *s)
{
	if (bench_thread_index(s) == bench_thread_count(s) - 1)
		bench_skip_error(s, "the last one fails");
	BENCH_LOOP(s)
		BENCH_CLOBBER();
}

static void test_skipping_inside_and_in_one_thread(void **state)
{
	const struct seen *s;

	(void)state;
	bench_register("k_inside", skip_inside);
	bench_threads(bench_register("k_thread", fail_in_the_last_thread), 3);
	s = seen_run("k_inside", NULL);
	assert_int_equal(s->failed_count, 0);
	assert_non_null(strstr(s->list[0].skipped, "seen too late"));
	s = seen_run("k_thread", NULL);
	assert_int_equal(s->failed_count, 1);
	assert_string_equal(s->list[0].error, "the last one fails");
}

/* ---- the optimizer ---------------------------------------------------------------------- */

static void keeping(struct bench_state *s)
{
	BENCH_LOOP(s)
		for (int i = 0; i < 1000; i++)
			BENCH_KEEP(i);
}

static int remembered;

static void clobbering(struct bench_state *s)
{
	BENCH_LOOP(s)
		for (int i = 0; i < 1000; i++) {
			remembered = i; /* would be stored once */
			BENCH_CLOBBER();
		}
}

static void test_optimizer_keeps_what_is_to_be_measured(void **state)
{
	int changed = 1;

	(void)state;
	bench_register("h_keeping", keeping);
	bench_register("h_clobbering", clobbering);
	assert_true(seen_only("h_keeping")->cpu_time > 100);
	assert_true(seen_only("h_clobbering")->cpu_time > 100);
	assert_int_equal(remembered, 999);
	BENCH_CHANGED(changed);
	assert_false(__builtin_constant_p(changed));
	assert_int_equal(changed, 1);
}

/* ---- exact plans ------------------------------------------------------------------------ */

static uint64_t planned_count, counted_count;

static void planned(struct bench_state *s)
{
	BENCH_LOOP(s)
		planned_count++;
	counted_count = bench_iterations_counted(s);
}

static void test_exact_plan(void **state)
{
	(void)state;
	bench_iterations(bench_register("p_exact", planned), 1);
	bench_exact_plan(5, 10);
	seen_only("p_exact");
	bench_exact_plan(0, 0);
	assert_int_equal(planned_count, 5 + 1 + 1 + 11);
	assert_int_equal(counted_count, 10);
}

/* ---- reporters and files ---------------------------------------------------------------- */

/* What a run with these flags leaves in its file; fresh memory. */
static char *run_to_file(const char *prefix, const char *format, const char *show)
{
	char path[] = "/tmp/test_shim_api.XXXXXX", out[64], out_format[64];
	const char *flags[] = { out, out_format, show, NULL };
	char *text = calloc(1, 1 << 16);
	int fd = mkstemp(path);

	assert_true(fd >= 0 && text);
	snprintf(out, sizeof(out), "--benchmark_out=%s", path);
	snprintf(out_format, sizeof(out_format), "--benchmark_out_format=%s", format);
	assert_non_null(seen_run(prefix, flags));
	assert_true(read(fd, text, (1 << 16) - 1) > 0);
	close(fd);
	unlink(path);
	return text;
}

static void assert_in_file(const char *prefix, const char *format, const char *show,
			   const char *wanted, const char *unwanted)
{
	char *text = run_to_file(prefix, format, show);

	if (wanted && !strstr(text, wanted))
		fail_msg("'%s' is not in: %s", wanted, text);
	if (unwanted && strstr(text, unwanted))
		fail_msg("'%s' is in: %s", unwanted, text);
	free(text);
}

static void count_for_files(struct bench_state *s)
{
	quick(s);
	bench_counter(s, "thousands", 2048, BENCH_COUNTER_PLAIN);
	bench_counter(s, "kibis", 2048, BENCH_COUNTER_BASE_1024);
	bench_counter(s, "hidden", 1, BENCH_COUNTER_BACKGROUND);
}

static void test_files_in_every_format(void **state)
{
	(void)state;
	bench_register("f_counters", count_for_files);
	bench_aggregates_only(bench_repetitions(two_quarters("f_display"), 2), false);
	bench_aggregates_only(bench_repetitions(two_quarters("f_both"), 2), true);
	bench_add_context("colour of the machine", "grey");
	assert_in_file("f_counters", "json", NULL, "\"colour of the machine\": \"grey\"", NULL);
	assert_in_file("f_counters", "json", NULL, "\"hidden\": 1", NULL);
	assert_in_file("f_counters", "csv", NULL, "name,iterations,real_time", "hidden");
	assert_in_file("f_counters", "console", NULL, "kibis=2", "hidden");
	assert_in_file("f_counters", "console", NULL, NULL, "kibis=2.048");
	assert_in_file("f_counters", "console", NULL, "thousands=2.048k", NULL);
	assert_in_file("f_counters", "console", "--show=counters", "hidden=1", NULL);
	bench_show(0);
	assert_in_file("f_display", "json", NULL, "\"run_type\": \"iteration\"", NULL);
	assert_in_file("f_both", "json", NULL, "\"aggregate_name\": \"mean\"",
		       "\"run_type\": \"iteration\"");
}

static int results_count, ends_count;

static void count_result(void *ctx, const struct bench_result *r)
{
	(void)r;
	++*(int *)ctx;
}

static void count_end(void *ctx)
{
	(void)ctx;
	ends_count++;
}

/* Beside the library's own table on the display. */
static void test_reporter_beside_the_display(void **state)
{
	struct bench_reporter reporter = { .ctx = &results_count,
					   .result = count_result,
					   .end = count_end };
	char name[] = "test", filter[] = "--benchmark_filter=^b_shown";
	char format[] = "--benchmark_format=console", out[] = "--benchmark_out=";
	char path[] = "/tmp/test_shim_api.XXXXXX", text[4096] = "";
	char *argv[] = { name, filter, format, out, NULL };
	int argc = 4, fd = mkstemp(path), display = dup(STDOUT_FILENO);

	(void)state;
	assert_true(fd >= 0 && display >= 0);
	bench_iterations(bench_register("b_shown", quick), 1);
	bench_reporter_set(&reporter);
	assert_int_equal(bench_initialize(BENCH_ABI, &argc, argv), 0);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	assert_int_equal(bench_run(NULL), 1);
	fflush(stdout);
	dup2(display, STDOUT_FILENO);
	bench_reporter_set(NULL);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	assert_non_null(strstr(text, "Iterations"));
	assert_non_null(strstr(text, "b_shown"));
	assert_int_equal(results_count, 1);
	assert_int_equal(ends_count, 1);
	close(display);
	close(fd);
	unlink(path);
}

static void test_limits_are_told(void **state)
{
	static const struct bench_instrument none = { 0 };
	struct bench *b = bench_register("l_statistics", quick);
	int rc = 0;

	(void)state;
	assert_int_equal(bench_statistic(b, "again", last_of, false), 0); /* the same function */
	for (uintptr_t i = 1; i <= BENCH_STATISTICS_MAX && rc == 0; i++)
		rc = bench_statistic(b, "another", (bench_statistic_fn *)(i * 16), false);
	assert_int_equal(rc, -ENOSPC);
	for (rc = 0; rc == 0;)
		rc = bench_instrument_add(&none);
	assert_int_equal(rc, -ENOSPC);
	assert_true(bench_library_version()[0] != '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments_in_every_way),
		cmocka_unit_test(test_threads_in_every_way),
		cmocka_unit_test(test_time_units),
		cmocka_unit_test(test_minimum_times),
		cmocka_unit_test(test_which_time),
		cmocka_unit_test(test_what_surrounds_the_loop_is_not_timed),
		cmocka_unit_test(test_flags_of_counters),
		cmocka_unit_test(test_repetitions_of_one_benchmark),
		cmocka_unit_test(test_complexity_by_name_by_fit_and_by_function),
		cmocka_unit_test(test_skipping_inside_and_in_one_thread),
		cmocka_unit_test(test_optimizer_keeps_what_is_to_be_measured),
		cmocka_unit_test(test_exact_plan),
		cmocka_unit_test(test_files_in_every_format),
		cmocka_unit_test(test_reporter_beside_the_display),
		/* Uses them up. */
		cmocka_unit_test(test_limits_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
