/* The C face of Google Benchmark: registration, loops, counters, skipping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/shim.h"
#include "bench/test/seen.h"
#include "daemon/base/clock.h"
#include "daemon/base/version.h"

static void assert_near(double value, double want)
{
	assert_true(fabs(value - want) < 1e-6 * (1 + fabs(want)));
}

/* ---- loops ------------------------------------------------------------------------------ */

static uint64_t done_count; /* iterations, over all runs of a body */
static uint64_t told_count; /* what bench_iterations_done said */

static void loop_body(struct bench_state *s)
{
	uint64_t n = 0;

	BENCH_LOOP(s)
		n++;
	done_count += n;
	told_count += bench_iterations_done(s);
}
BENCH(loop_body)

static void next_body(struct bench_state *s)
{
	uint64_t n = 0;

	while (bench_next(s))
		n++;
	done_count += n;
	told_count += bench_iterations_done(s);
}
BENCH(next_body)

static void batch_body(struct bench_state *s)
{
	uint64_t n = 0;

	while (bench_batch(s, 1000))
		n += 1000;
	done_count += n;
	told_count += bench_iterations_done(s);
}
BENCH(batch_body)

static void test_each_loop_does_what_it_says(void **state)
{
	static const char *const names[] = { "loop_body", "next_body", "batch_body" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		done_count = told_count = 0;
		assert_true(seen_only(names[i])->iterations > 0);
		assert_true(done_count > 0);
		assert_int_equal(done_count, told_count);
	}
}

static void fixed_body(struct bench_state *s)
{
	BENCH_LOOP(s)
		BENCH_CLOBBER();
}
BENCH(fixed_body, bench_iterations(b, 777))

static void test_fixed_iterations(void **state)
{
	(void)state;
	assert_int_equal(seen_only("fixed_body")->iterations, 777);
}

/* Long against what a busy machine adds to an iteration that does nothing. */
#define SLOW_NS (20 * NSEC_PER_MSEC)

static void slow(void)
{
	clock_sleep_until_ns(clock_ns() + SLOW_NS);
}

static void paused_body(struct bench_state *s)
{
	BENCH_LOOP(s) {
		bench_pause(s);
		slow();
		bench_resume(s);
	}
}
BENCH(paused_body, bench_use_real_time(bench_iterations(b, 5)))

static void test_pause_is_not_timed(void **state)
{
	(void)state;
	assert_true(seen_only("paused_body")->real_time < (double)SLOW_NS);
}

static void manual_body(struct bench_state *s)
{
	BENCH_LOOP(s)
		bench_iteration_time_s(s, 0.25);
}
BENCH(manual_body, bench_time_unit(bench_use_manual_time(bench_iterations(b, 3)), BENCH_MS))

static void test_manual_time(void **state)
{
	(void)state;
	assert_near(seen_only("manual_body")->real_time, 250);
}

/* ---- arguments -------------------------------------------------------------------------- */

static void args_body(struct bench_state *s)
{
	int64_t sum = 0;

	BENCH_LOOP(s)
		BENCH_CLOBBER();
	for (size_t i = 0; i < 2; i++)
		sum = sum * 100 + bench_range(s, i);
	bench_counter(s, "args", (double)sum, 0);
}

static void register_args(void)
{
	static const int64_t low[] = { 1, 2 }, high[] = { 3, 4, 5 };
	static const struct bench_list lists[] = { { low, 2 }, { high, 3 } };
	static const struct bench_bounds bounds[] = { { 1, 8 }, { 2, 2 } };
	static const char *const names[] = { "x", "y" };

	bench_arg_names(bench_args2(bench_register("args_two", args_body), 7, 9), names, 2);
	bench_args_product(bench_register("args_product", args_body), lists, 2);
	bench_ranges(bench_register("args_ranges", args_body), bounds, 2);
}

static void test_arguments(void **state)
{
	const struct seen *s;

	(void)state;
	assert_near(seen_counter(seen_only("args_two"), "args"), 709);
	assert_string_equal(seen_only("args_two")->name, "args_two/x:7/y:9");
	s = seen_run("args_product", NULL);
	assert_int_equal(s->count, 6);
	assert_near(seen_counter(seen_find(s, "args_product/2/5"), "args"), 205);
	s = seen_run("args_ranges", NULL);
	assert_int_equal(s->count, 2);
	assert_non_null(seen_find(s, "args_ranges/8/2"));
}

/* ---- results ---------------------------------------------------------------------------- */

static void counters_body(struct bench_state *s)
{
	BENCH_LOOP(s)
		BENCH_CLOBBER();
	bench_counter(s, "plain", 5, BENCH_COUNTER_PLAIN);
	bench_counter(s, "average", 5.0 * (double)bench_iterations_done(s),
		      BENCH_COUNTER_AVG_ITERATIONS);
	bench_counter(s, "constant", 2, BENCH_COUNTER_PER_ITERATION_CONSTANT);
	bench_counter(s, "inverted", 4, BENCH_COUNTER_INVERT);
	bench_counter(s, "rate", 1, BENCH_COUNTER_RATE);
	bench_items_processed(s, bench_iterations_done(s));
	bench_bytes_processed(s, 64 * bench_iterations_done(s));
	bench_label(s, "a label");
}
BENCH(counters_body, bench_iterations(b, 1000))

static void test_counters_and_label(void **state)
{
	const struct seen_result *r = seen_only("counters_body");
	double items;

	(void)state;
	assert_near(seen_counter(r, "plain"), 5);
	assert_near(seen_counter(r, "average"), 5);
	assert_near(seen_counter(r, "constant"), 2000);
	assert_near(seen_counter(r, "inverted"), 0.25);
	assert_true(seen_counter(r, "rate") > 0);
	items = seen_counter(r, "items_per_second");
	assert_true(items > 0);
	assert_near(seen_counter(r, "bytes_per_second"), 64 * items);
	assert_string_equal(r->label, "a label");
}

static double smallest(const double *values, size_t count)
{
	double least = values[0];

	for (size_t i = 1; i < count; i++)
		least = values[i] < least ? values[i] : least;
	return least;
}

static void test_repetitions_and_statistics(void **state)
{
	static const char *const flags[] = { "--benchmark_repetitions=4", NULL };
	struct bench *b = bench_register("repeated", fixed_body);
	const struct seen *s;

	(void)state;
	assert_int_equal(bench_statistic(b, "smallest", smallest, false), 0);
	s = seen_run("repeated", flags);
	assert_non_null(seen_aggregate(s, "mean"));
	assert_non_null(seen_aggregate(s, "cv"));
	assert_non_null(seen_aggregate(s, "smallest"));
	assert_true(seen_aggregate(s, "smallest")->real_time <=
		    seen_aggregate(s, "mean")->real_time);
	assert_int_equal(s->count, 4 + 5);
}

static double square(int64_t n)
{
	return (double)n * (double)n;
}

static void growing_body(struct bench_state *s)
{
	BENCH_LOOP(s) {
		for (int64_t i = 0; i < bench_range(s, 0) * bench_range(s, 0); i++)
			BENCH_CLOBBER();
	}
	bench_complexity_n(s, bench_range(s, 0));
}
BENCH(growing_body, bench_complexity_fn(bench_range_from(b, 8, 64), square))

static void test_complexity(void **state)
{
	const struct seen *s = seen_run("growing_body", NULL);

	(void)state;
	assert_non_null(seen_aggregate(s, "BigO"));
	assert_non_null(seen_aggregate(s, "RMS"));
}

/* ---- failing ---------------------------------------------------------------------------- */

static void wrong_before(struct bench_state *s)
{
	bench_skip_error(s, "wrong before");
	BENCH_LOOP(s)
		fail();
}
BENCH(wrong_before)

static void wrong_inside(struct bench_state *s)
{
	BENCH_LOOP(s) {
		bench_skip_error(s, "wrong inside");
		break;
	}
}
BENCH(wrong_inside)

static void wrong_after(struct bench_state *s)
{
	BENCH_LOOP(s)
		BENCH_CLOBBER();
	bench_skip_error(s, "wrong after");
}
BENCH(wrong_after)

static void wrong_batch(struct bench_state *s)
{
	while (bench_batch(s, 10))
		bench_skip_error(s, "wrong batch");
}
BENCH(wrong_batch)

static void test_wrong_answer_has_no_time(void **state)
{
	static const char *const names[] = { "before", "inside", "after", "batch" };
	const struct seen *s = seen_run("wrong_", NULL);

	(void)state;
	assert_int_equal(s->count, 4);
	assert_int_equal(s->failed_count, 4);
	for (size_t i = 0; i < 4; i++) {
		char name[64], error[64];

		snprintf(name, sizeof(name), "wrong_%s", names[i]);
		snprintf(error, sizeof(error), "wrong %s", names[i]);
		assert_non_null(seen_find(s, name));
		assert_string_equal(seen_find(s, name)->error, error);
	}
}

static void lazy_never(struct bench_state *s)
{
	(void)s;
}
BENCH(lazy_never)

static void lazy_returns(struct bench_state *s)
{
	BENCH_LOOP(s)
		return;
}
BENCH(lazy_returns)

static void test_body_that_does_not_finish_its_loop(void **state)
{
	const struct seen *s = seen_run("lazy_", NULL);

	(void)state;
	assert_int_equal(s->failed_count, 2);
	assert_string_equal(seen_find(s, "lazy_never")->error, "the body did not run its loop");
	assert_string_equal(seen_find(s, "lazy_returns")->error,
			    "the body left its loop before the end");
}

static void skipping(struct bench_state *s)
{
	bench_skip_message(s, "not on this machine");
	BENCH_LOOP(s)
		fail();
}
BENCH(skipping)

static void test_skipping_is_no_failure(void **state)
{
	const struct seen *s = seen_run("skipping", NULL);

	(void)state;
	assert_int_equal(s->failed_count, 0);
	assert_non_null(strstr(s->list[0].skipped, "not on this machine"));
}

static void test_nothing_matches(void **state)
{
	(void)state;
	assert_int_equal(seen_run("no such benchmark", NULL)->run_count, 0);
}

static void test_bad_flags_are_refused(void **state)
{
	static const char *const unknown[] = { "--benchmark_nonsense=1", NULL };
	static const char *const show[] = { "--show=nonsense", NULL };
	static const char *const counter[] = { "--benchmark_perf_counters=no-such-event", NULL };
	char *argv[] = { (char *)(uintptr_t) "test", NULL };
	int argc = 1;

	(void)state;
	assert_null(seen_run("loop_body", unknown));
	assert_null(seen_run("loop_body", show));
	assert_null(seen_run("loop_body", counter));
	assert_int_equal(bench_initialize(BENCH_ABI + 1, &argc, argv), -EPROTONOSUPPORT);
}

static void test_registration_is_quick(void **state)
{
	uint64_t limit_ns = strcmp(version_variant(), "release") == 0 ? 10000000 : 500000000;
	uint64_t start_ns = clock_ns(), took_ns;
	char name[32];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "thousand/%d", i);
		assert_non_null(bench_register(name, fixed_body));
	}
	took_ns = clock_ns() - start_ns;
	print_message("1000 registrations: %.2f ms\n", (double)took_ns * 1e-6);
	assert_true(took_ns < limit_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_loop_does_what_it_says),
		cmocka_unit_test(test_fixed_iterations),
		cmocka_unit_test(test_pause_is_not_timed),
		cmocka_unit_test(test_manual_time),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_counters_and_label),
		cmocka_unit_test(test_repetitions_and_statistics),
		cmocka_unit_test(test_complexity),
		cmocka_unit_test(test_wrong_answer_has_no_time),
		cmocka_unit_test(test_body_that_does_not_finish_its_loop),
		cmocka_unit_test(test_skipping_is_no_failure),
		cmocka_unit_test(test_nothing_matches),
		cmocka_unit_test(test_bad_flags_are_refused),
		cmocka_unit_test(test_registration_is_quick),
	};

	register_args();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
