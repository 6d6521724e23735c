/*
 * hist: the bucket layout is the published one, quantiles are those of a sorted array within one
 * bucket (R-200: three significant digits), and merging loses nothing.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/hist.h"
#include "daemon/base/rng.h"

static void test_buckets_tile_the_range(void **state)
{
	(void)state;
	assert_int_equal(hist_low_ns(0), 0);
	for (uint32_t i = 0; i < HIST_COUNTS; i++) {
		assert_int_equal(hist_index(hist_low_ns(i)), i);
		assert_int_equal(hist_index(hist_high_ns(i)), i);
		if (i > 0)
			assert_int_equal(hist_low_ns(i), hist_high_ns(i - 1) + 1);
	}
	assert_true(hist_high_ns(HIST_COUNTS - 1) >= HIST_NS_MAX);
}

static void test_buckets_keep_three_digits(void **state)
{
	(void)state;
	for (uint32_t i = 1; i < HIST_COUNTS; i++) {
		uint64_t low_ns = hist_low_ns(i);

		assert_true((hist_high_ns(i) - low_ns) * 1000 <= low_ns);
	}
}

/* Indices that other implementations of the layout give for these values. */
static void test_index_at_known_values(void **state)
{
	(void)state;
	assert_int_equal(hist_index(0), 0);
	assert_int_equal(hist_index(1), 1);
	assert_int_equal(hist_index(2047), 2047);
	assert_int_equal(hist_index(2048), 2048);
	assert_int_equal(hist_index(2049), 2048);
	assert_int_equal(hist_index(4095), 3071);
	assert_int_equal(hist_index(4096), 3072);
	assert_true(hist_index(HIST_NS_MAX) < HIST_COUNTS);
}

static void test_empty_answers_zero(void **state)
{
	struct hist *h = hist_new();

	(void)state;
	assert_int_equal(hist_quantile_ns(h, 0.5), 0);
	assert_true(hist_mean_ns(h) == 0.0);
	assert_true(hist_stddev_ns(h) == 0.0);
	hist_free(h);
}

static void test_over_the_top_is_counted(void **state)
{
	struct hist *h = hist_new();

	(void)state;
	hist_record(h, HIST_NS_MAX);
	assert_int_equal(h->over, 0);
	hist_record(h, HIST_NS_MAX + 1);
	hist_record_n(h, UINT64_MAX, 3);
	assert_int_equal(h->over, 4);
	assert_int_equal(h->total, 5);
	assert_int_equal(hist_quantile_ns(h, 1.0), HIST_NS_MAX);
	hist_free(h);
}

static void test_quantiles_of_one_to_hundred(void **state)
{
	struct hist *h = hist_new();

	(void)state;
	for (uint64_t v = 1; v <= 100; v++)
		hist_record(h, v);
	assert_int_equal(hist_quantile_ns(h, 0.0), 1);
	assert_int_equal(hist_quantile_ns(h, 0.01), 1);
	assert_int_equal(hist_quantile_ns(h, 0.5), 50);
	assert_int_equal(hist_quantile_ns(h, 0.501), 51);
	assert_int_equal(hist_quantile_ns(h, 0.99), 99);
	assert_int_equal(hist_quantile_ns(h, 0.999), 100);
	assert_int_equal(hist_quantile_ns(h, 1.0), 100);
	assert_true(fabs(hist_mean_ns(h) - 50.5) < 1e-9);
	assert_true(fabs(hist_stddev_ns(h) - sqrt((100.0 * 100.0 - 1) / 12)) < 1e-9);
	hist_free(h);
}

/* 0.01 steps of q must hit the same rank however q was rounded. */
static void test_quantile_is_not_off_by_one_through_rounding(void **state)
{
	struct hist *h = hist_new();

	(void)state;
	for (uint64_t v = 1; v <= 1000; v++)
		hist_record(h, v);
	for (int p = 1; p <= 1000; p++)
		assert_int_equal(hist_quantile_ns(h, p / 1000.0), p);
	hist_free(h);
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void test_quantiles_match_sorted_values(void **state)
{
	enum { N = 20000 };
	static const double qs[] = { 0.0, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0 };
	static uint64_t values[N];
	struct hist *h = hist_new();
	struct rng rng;

	(void)state;
	rng_init(&rng, 7, 0);
	for (int i = 0; i < N; i++) {
		values[i] = (uint64_t)exp(rng_unit(&rng) * 28.0); /* 1 ns .. 24 min */
		hist_record(h, values[i]);
	}
	qsort(values, N, sizeof(values[0]), compare_u64);
	for (size_t k = 0; k < sizeof(qs) / sizeof(qs[0]); k++) {
		size_t rank = (size_t)ceil(qs[k] * N);
		uint64_t exact = values[rank ? rank - 1 : 0];
		uint64_t got = hist_quantile_ns(h, qs[k]);

		assert_int_equal(hist_index(got), hist_index(exact));
		assert_true(got >= exact && got <= h->max_ns);
	}
	assert_int_equal(h->min_ns, values[0]);
	assert_int_equal(h->max_ns, values[N - 1]);
	hist_free(h);
}

static void test_merge_equals_recording_together(void **state)
{
	struct hist *a = hist_new();
	struct hist *b = hist_new();
	struct hist *both = hist_new();
	struct rng rng;

	(void)state;
	rng_init(&rng, 3, 0);
	for (int i = 0; i < 5000; i++) {
		uint64_t v = rng_below(&rng, HIST_NS_MAX * 2);

		hist_record(i % 3 ? a : b, v);
		hist_record(both, v);
	}
	hist_add(a, b);
	assert_memory_equal(a->counts, both->counts, sizeof(a->counts));
	assert_int_equal(a->total, both->total);
	assert_int_equal(a->over, both->over);
	assert_int_equal(a->min_ns, both->min_ns);
	assert_int_equal(a->max_ns, both->max_ns);
	assert_true(fabs(a->sum_ns - both->sum_ns) <= 1e-9 * both->sum_ns);
	hist_reset(b);
	hist_add(a, b);
	assert_int_equal(a->min_ns, both->min_ns); /* an empty one has no minimum */
	hist_free(a);
	hist_free(b);
	hist_free(both);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets_tile_the_range),
		cmocka_unit_test(test_buckets_keep_three_digits),
		cmocka_unit_test(test_index_at_known_values),
		cmocka_unit_test(test_empty_answers_zero),
		cmocka_unit_test(test_over_the_top_is_counted),
		cmocka_unit_test(test_quantiles_of_one_to_hundred),
		cmocka_unit_test(test_quantile_is_not_off_by_one_through_rounding),
		cmocka_unit_test(test_quantiles_match_sorted_values),
		cmocka_unit_test(test_merge_equals_recording_together),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
