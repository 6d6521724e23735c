/*
 * test_stats_family.c - families with missing values and one-sided bounds; exact by enumeration
 * where it can be, by seeded simulation elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "daemon/base/rng.h"
#include "reports/lib/stats.h"
#include "reports/test/near.h"
#include "reports/test/noise.h"

static const struct stats_family_cfg cfg = { .alpha = 0.05, .level = 0.05, .seed = 3 };

static void fill(struct rng *rng, double *d, size_t n, double shift)
{
	for (size_t i = 0; i < n; i++)
		d[i] = shift + noise_normal(rng);
}

/* The p-value is the share of all 2^n sign flips with at least as large a sum of signed ranks. */
static void test_p_values_by_enumeration(void **state)
{
	/* Sizes rank 1..8 in this order. */
	static const double d[8] = { 0.1, -0.2, 0.3, 0.4, -0.5, 0.6, 0.7, 0.8 };
	struct stats_signed_rank one;
	struct stats_family_row row;
	unsigned greater = 0, less = 0;
	int observed = 1 - 2 + 3 + 4 - 5 + 6 + 7 + 8;

	(void)state;
	for (unsigned flip = 0; flip < 256; flip++) {
		int sum = 0;

		for (int i = 0; i < 8; i++)
			sum += flip >> i & 1 ? i + 1 : -(i + 1);
		greater += sum >= observed;
		less += sum <= observed;
	}
	assert_int_equal(stats_signed_rank(d, 8, 0.05, &one), 0);
	assert_near(one.p_greater, greater / 256.0, 1e-15);
	assert_near(one.p_less, less / 256.0, 1e-15);
	assert_int_equal(stats_family_judge(&cfg, d, 8, 1, &row), 0);
	assert_near(row.p_greater, greater / 256.0, 1e-15);
	assert_near(row.p_less, less / 256.0, 1e-15);
}

/* A family of one has the bounds of the signed-rank test; nothing is lost to the flips. */
static void test_one_sided_bounds_of_one_metric(void **state)
{
	struct stats_signed_rank one;
	struct stats_family_row row;
	struct rng rng;
	double d[13];

	(void)state;
	rng_init(&rng, 2, 0);
	for (size_t n = 6; n <= 13; n++) {
		fill(&rng, d, n, 0.2);
		assert_int_equal(stats_signed_rank(d, n, 0.05, &one), 0);
		assert_int_equal(stats_family_judge(&cfg, d, n, 1, &row), 0);
		assert_near(row.lower, one.lower, 1e-12);
		assert_near(row.upper, one.upper, 1e-12);
		assert_true(row.lower >= row.low && row.upper <= row.high);
		assert_true(row.own_level > 0 && row.own_level <= 0.05);
	}
}

/* A block that lacks the metric is as if it were not there. */
static void test_missing_values_are_left_out(void **state)
{
	enum { N = 12 };
	struct stats_family_row with, without;
	double d[N], dense[N];
	size_t n = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 6, 0);
	fill(&rng, d, N, 0.5);
	d[2] = NAN;
	d[7] = -INFINITY; /* ln 0 */
	for (size_t i = 0; i < N; i++)
		if (isfinite(d[i]))
			dense[n++] = d[i];
	assert_int_equal(stats_family_judge(&cfg, d, N, 1, &with), 0);
	assert_int_equal(stats_family_judge(&cfg, dense, n, 1, &without), 0);
	assert_int_equal(with.n, 10);
	assert_memory_equal(&with, &without, sizeof(with));
}

static void test_metrics_of_different_n(void **state)
{
	enum { N = 20, M = 3 };
	struct stats_family_row rows[M];
	struct rng rng;
	double d[N * M];

	(void)state;
	rng_init(&rng, 7, 0);
	fill(&rng, d, (size_t)N * M, 2);
	for (size_t i = 0; i < N; i++) {
		d[i * M + 1] = i % 2 ? d[i * M + 1] : NAN;
		d[i * M + 2] = NAN;
	}
	assert_int_equal(stats_family_judge(&cfg, d, N, M, rows), 0);
	assert_int_equal(rows[0].n, 20);
	assert_int_equal(rows[1].n, 10);
	assert_int_equal(rows[2].n, 0);
	assert_true(rows[0].lower > 0 && rows[1].lower > 0);
	assert_true(rows[0].p_adjusted <= 0.01 && rows[1].p_adjusted <= 0.05);
	assert_true(isnan(rows[2].theta) && isnan(rows[2].p_raw) && isnan(rows[2].p_adjusted));
	assert_true(isinf(rows[2].low) && isinf(rows[2].high) && isinf(rows[2].lower));
}

static void test_values_that_are_all_equal(void **state)
{
	struct stats_family_row rows[2];
	double d[24];

	(void)state;
	for (size_t i = 0; i < 12; i++) {
		d[2 * i] = 0.05;
		d[2 * i + 1] = 0;
	}
	assert_int_equal(stats_family_judge(&cfg, d, 12, 2, rows), 0);
	assert_near(rows[0].lower, 0.05, 1e-15);
	assert_near(rows[0].upper, 0.05, 1e-15);
	assert_true(rows[0].p_greater <= 0.001);
	assert_near(rows[1].lower, 0, 0);
	assert_near(rows[1].upper, 0, 0);
	assert_near(rows[1].p_adjusted, 1, 0);
}

static void test_too_few_blocks_bound_nothing(void **state)
{
	struct stats_family_row rows[2];
	const double d[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	(void)state;
	assert_int_equal(stats_family_judge(&cfg, d, 4, 2, rows), 0);
	for (size_t q = 0; q < 2; q++) {
		assert_true(isinf(rows[q].lower) && isinf(rows[q].upper));
		assert_near(rows[q].own_level, 0, 0);
		assert_true(rows[q].p_greater > 0.05);
	}
}

static void test_bad_levels_are_refused(void **state)
{
	struct stats_family_cfg bad = cfg;
	struct stats_family_row row;
	const double d[3] = { 1, 2, 3 };

	(void)state;
	bad.level = 0;
	assert_int_equal(stats_family_judge(&bad, d, 3, 1, &row), -EINVAL);
	bad.level = NAN;
	assert_int_equal(stats_family_judge(&bad, d, 3, 1, &row), -EINVAL);
	bad = cfg;
	bad.flips_count = STATS_FLIPS_COUNT_MAX + 1;
	assert_int_equal(stats_family_judge(&bad, d, 3, 1, &row), -EINVAL);
	assert_int_equal(stats_family_judge(&cfg, d, 1, 1, &row), -EINVAL);
	assert_int_equal(stats_family_judge(&cfg, d, 3, 0, &row), -EINVAL);
}

static void test_reachability(void **state)
{
	struct stats_family_cfg c = { .alpha = 0.05, .level = 0.01 };

	(void)state;
	assert_int_equal(stats_family_reachable_n(&c, 1), 7);
	c.level = 0.0009;
	assert_int_equal(stats_family_reachable_n(&c, 1), 11);
	assert_int_equal(stats_family_reachable_n(&c, 8), 14);
	assert_false(stats_family_can_reach(&c, 13, 8));
	assert_true(stats_family_can_reach(&c, 14, 8));
	/* 9,999 flips cannot show one in a million; enumerating 2^13 cannot either. */
	c.level = 1e-6;
	assert_int_equal(stats_family_reachable_n(&c, 1), 0);
	c.flips_count = STATS_FLIPS_COUNT_MAX;
	assert_int_equal(stats_family_reachable_n(&c, 1), 20);
}

/*
 * Simultaneous one-sided bounds over correlated heavy-tailed metrics, one of them half missing: no
 * lower bound above the truth in 95 % of sittings, nor an upper one below. 600 draws of a 5 %
 * event: 99.9 % lie in 13..49.
 */
static void test_one_sided_bounds_cover_together(void **state)
{
	enum { N = 16, M = 5, ROUNDS = 600 };
	static const double scale[M] = { 0.02, 0.02, 0.1, 0.3, 0.05 };
	static const double shift[M] = { 0.01, 0, -0.02, 0.2, 0.5 };
	struct stats_family_cfg quick = cfg;
	int too_high = 0, too_low = 0;
	struct rng rng;

	(void)state;
	quick.flips_count = 999;
	rng_init(&rng, 12, 0);
	for (int round = 0; round < ROUNDS; round++) {
		struct stats_family_row rows[M];
		double d[N * M];
		int high = 0, low = 0;

		noise_sitting(&rng, N, M, scale, shift, d);
		for (size_t i = 0; i < N; i += 2)
			d[i * M + 4] = NAN;
		quick.seed = (uint64_t)round;
		assert_int_equal(stats_family_judge(&quick, d, N, M, rows), 0);
		for (size_t q = 0; q < M; q++) {
			high |= rows[q].lower > shift[q];
			low |= rows[q].upper < shift[q];
		}
		too_high += high;
		too_low += low;
	}
	print_message("lower bound too high %.1f %%, upper too low %.1f %%\n",
		      100.0 * too_high / ROUNDS, 100.0 * too_low / ROUNDS);
	assert_in_range(too_high, 10, 49);
	assert_in_range(too_low, 10, 49);
}

static void test_signed_rank_refuses_what_is_no_number(void **state)
{
	struct stats_signed_rank r;

	(void)state;
	assert_int_equal(stats_signed_rank((double[]){ 1, NAN, 3 }, 3, 0.05, &r), -EINVAL);
	assert_int_equal(stats_signed_rank((double[]){ 1, INFINITY, 3 }, 3, 0.05, &r), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_p_values_by_enumeration),
		cmocka_unit_test(test_one_sided_bounds_of_one_metric),
		cmocka_unit_test(test_missing_values_are_left_out),
		cmocka_unit_test(test_metrics_of_different_n),
		cmocka_unit_test(test_values_that_are_all_equal),
		cmocka_unit_test(test_too_few_blocks_bound_nothing),
		cmocka_unit_test(test_bad_levels_are_refused),
		cmocka_unit_test(test_reachability),
		cmocka_unit_test(test_one_sided_bounds_cover_together),
		cmocka_unit_test(test_signed_rank_refuses_what_is_no_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
