/* test_stats_hist.c - quantiles inside the buckets of a histogram, and which ones are supported. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>

#include "daemon/base/hist.h"
#include "reports/lib/stats_hist.h"
#include "reports/test/near.h"

static void test_twenty_values_beyond(void **state)
{
	(void)state;
	assert_true(stats_quantile_is_supported(2000, 0.99));
	assert_false(stats_quantile_is_supported(1999, 0.99));
	assert_true(stats_quantile_is_supported(20000, 0.999));
	assert_false(stats_quantile_is_supported(19999, 0.999));
	assert_true(stats_quantile_is_supported(40, 0.5));
	assert_false(stats_quantile_is_supported(39, 0.5));
	assert_false(stats_quantile_is_supported(1999, 0.01));
	assert_false(stats_quantile_is_supported(1000000, 1));
	assert_false(stats_quantile_is_supported(1000000, NAN));
}

/* Evenly spread values: the quantile is known to a fraction of a bucket (64 wide at 100,000). */
static void test_interpolates_inside_buckets(void **state)
{
	struct hist *h = hist_new();

	(void)state;
	assert_non_null(h);
	for (uint64_t v = 1; v <= 100000; v++)
		hist_record(h, v);
	for (int i = 1; i < 70; i++) {
		double q = i / 70.0;

		assert_near(stats_hist_quantile_ns(h, q), q * 100000 + 0.5, 0.51);
	}
	assert_near(stats_hist_quantile_ns(h, 0), 1, 0);
	assert_near(stats_hist_quantile_ns(h, 1), 100000, 0);
	hist_free(h);
}

/* A shift of a third of a bucket is invisible in bucket ends and visible here. */
static void test_sees_less_than_a_bucket(void **state)
{
	struct hist *a = hist_new(), *b = hist_new();
	double q = 0.5, d;

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	for (uint64_t v = 0; v < 10000; v++) {
		hist_record(a, 60000 + v);
		hist_record(b, 60010 + v);
	}
	assert_int_equal(stats_hist_differences(a, b, &q, 1, &d), 0);
	assert_near(d, log(65010.0 / 65000), 2e-5);
	hist_free(a);
	hist_free(b);
}

static void test_unsupported_and_empty_are_missing(void **state)
{
	const double q[] = { 0.5, 0.99, 0.999 }, falling[] = { 0.9, 0.5 };
	struct hist *a = hist_new(), *b = hist_new();
	double d[3];

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(stats_hist_differences(a, b, q, 3, d), 0);
	assert_true(isnan(d[0]) && isnan(d[1]) && isnan(d[2]));
	assert_true(isnan(stats_hist_quantile_ns(a, 0.5)));
	hist_record_n(a, 500, 2000);
	hist_record_n(b, 500, 1000);
	assert_int_equal(stats_hist_differences(a, b, q, 3, d), 0);
	assert_near(d[0], 0, 0);
	assert_true(isnan(d[1])); /* b has 10 values beyond */
	assert_int_equal(stats_hist_quantiles_ns(a, falling, 2, d), -EINVAL);
	hist_reset(a);
	hist_record_n(a, 0, 100); /* ln 0 is no difference */
	assert_int_equal(stats_hist_differences(a, b, q, 1, d), 0);
	assert_true(isnan(d[0]));
	hist_free(a);
	hist_free(b);
}

static void test_many_quantiles_are_one_walk(void **state)
{
	const double q[] = { 0.1, 0.5, 0.5, 0.9, 0.99 };
	struct hist *h = hist_new();
	double out[5];

	(void)state;
	assert_non_null(h);
	for (uint64_t v = 1; v <= 5000; v++)
		hist_record(h, v * v);
	assert_int_equal(stats_hist_quantiles_ns(h, q, 5, out), 0);
	for (size_t i = 0; i < 5; i++)
		assert_near(out[i], stats_hist_quantile_ns(h, q[i]), 0);
	hist_free(h);
}

static void test_resolution(void **state)
{
	(void)state;
	assert_near(stats_hist_resolution(100), 0.01, 1e-12);
	assert_near(stats_hist_resolution(65536), 64.0 / 65536, 1e-12);
	assert_true(stats_hist_resolution(1e9) < 0.001);
	assert_near(stats_hist_resolution(0), 1, 0);
	assert_true(stats_hist_resolution(1e30) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_twenty_values_beyond),
		cmocka_unit_test(test_interpolates_inside_buckets),
		cmocka_unit_test(test_sees_less_than_a_bucket),
		cmocka_unit_test(test_unsupported_and_empty_are_missing),
		cmocka_unit_test(test_many_quantiles_are_one_walk),
		cmocka_unit_test(test_resolution),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
