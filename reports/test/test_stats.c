/*
 * test_stats.c - known answers of the statistics, from textbooks' tables and by counting.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/rng.h"
#include "reports/lib/stats.h"
#include "reports/test/noise.h"

static void test_median_and_spread(void **state)
{
	double odd[] = { 5, 1, 3 }, even[] = { 4, 1, 3, 2 }, mad[] = { 1, 1, 2, 2, 4, 6, 9 };

	(void)state;
	assert_float_equal(stats_median(odd, 3), 3, 0);
	assert_float_equal(stats_median(even, 4), 2.5, 0);
	assert_true(isnan(stats_median(even, 0)));
	assert_float_equal(stats_robust_sd(mad, 7), 1.4826, 1e-12);
	assert_float_equal(stats_sd((double[]){ 2, 4, 4, 4, 5, 5, 7, 9 }, 8), 2.13809, 1e-5);
}

static void test_quantiles_of_distributions(void **state)
{
	(void)state;
	assert_float_equal(stats_normal_quantile(0.975), 1.959963985, 1e-8);
	assert_float_equal(stats_t_quantile(0.975, 10), 2.228138852, 1e-7);
	assert_float_equal(stats_t_quantile(0.95, 4), 2.131846786, 1e-7);
	assert_float_equal(stats_t_quantile(0.01, 7), -2.997951567, 1e-7);
}

/* Counts of subsets by hand: n = 3 has sums 0 1 2 3 3 4 5 6. */
static void test_signed_rank_distribution_is_exact(void **state)
{
	(void)state;
	assert_float_equal(stats_signed_rank_cdf(3, 0), 1.0 / 8, 1e-15);
	assert_float_equal(stats_signed_rank_cdf(3, 3), 5.0 / 8, 1e-15);
	assert_float_equal(stats_signed_rank_cdf(3, 6), 1, 0);
	/* Tables: n = 10, W <= 8 has 0.0244; n = 20, W <= 52 has 0.0242. */
	assert_float_equal(stats_signed_rank_cdf(10, 8), 0.0244, 5e-5);
	assert_float_equal(stats_signed_rank_cdf(20, 52), 0.0242, 5e-5);
	/* Exact and normal meet at the border. */
	assert_float_equal(stats_signed_rank_cdf(50, 434), stats_signed_rank_cdf(51, 455), 0.01);
}

/* Darwin's maize (Fisher 1935): 15 pairs, W+ = 96, two-sided p = 0.0413 exact. */
static void test_signed_rank_known_answer(void **state)
{
	static const double d[] = { 49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48 };
	struct stats_signed_rank r;

	(void)state;
	assert_int_equal(stats_signed_rank(d, 15, 0.05, &r), 0);
	assert_float_equal(r.p_two, 0.0413, 5e-4);
	assert_true(r.p_greater < r.p_less);
	assert_float_equal(r.theta, 24.5, 1.5);
	assert_true(r.low > 0 && r.low < r.theta && r.high > r.theta);
	assert_true(r.sign_low <= r.sign_high);
}

static void test_too_few_pairs_claim_nothing(void **state)
{
	struct stats_signed_rank r;

	(void)state;
	assert_int_equal(stats_signed_rank((double[]){ 1, 2, 3 }, 3, 0.05, &r), 0);
	assert_true(isinf(r.low) && isinf(r.high));
	assert_float_equal(r.p_greater, 0.125, 1e-15);
	assert_int_equal(stats_signed_rank((double[]){ 1 }, 0, 0.05, &r), -EINVAL);
	assert_int_equal(stats_reachable_n(0.01), 7);
	assert_int_equal(stats_reachable_n(0.0009), 11);
	assert_true(isnan(stats_mde(1, 2, 0.05, 0.9)));
}

/* Zeros only: no effect, whatever the side. */
static void test_equal_pairs_show_nothing(void **state)
{
	struct stats_signed_rank r;
	double zeros[12] = { 0 };

	(void)state;
	assert_int_equal(stats_signed_rank(zeros, 12, 0.05, &r), 0);
	assert_true(r.p_two > 0.9);
	assert_float_equal(r.theta, 0, 0);
}

/* The table for alpha .01 one-sided, power .90 that goes with the formula. */
static void test_detectable_effect_table(void **state)
{
	static const size_t n[] = { 8, 12, 20, 40, 80 };
	static const double pct_at_1[] = { 1.62, 1.21, 0.89, 0.60, 0.42 };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_float_equal(stats_mde(1, n[i], 0.01, 0.90), pct_at_1[i], 0.011);
	assert_float_equal(stats_mde(25, 40, 0.01, 0.90), 15, 0.3);
}

static void test_detectable_effect_is_detected_as_often_as_promised(void **state)
{
	struct rng rng;
	int hits = 0, rounds = 2000;
	double effect = stats_mde(1, 20, 0.01, 0.90);

	(void)state;
	rng_init(&rng, 42, 0);
	for (int i = 0; i < rounds; i++) {
		struct stats_signed_rank r;
		double d[20];

		for (int k = 0; k < 20; k++)
			d[k] = effect + stats_normal_quantile(fmin(rng_unit(&rng), 1 - 1e-12));
		assert_int_equal(stats_signed_rank(d, 20, 0.02, &r), 0);
		hits += r.p_greater <= 0.01;
	}
	assert_in_range(hits, rounds * 85 / 100, rounds * 94 / 100);
}

/*
 * Nine pairs of throughput of which two are far off: SD 0.166, MAD-SD 0.018, interval -19..+42 %.
 * By the MAD they could have shown 3 %; their own interval says that they could not.
 */
static void test_detectable_effect_agrees_with_the_interval(void **state)
{
	static const double d[9] = {
		0.012, -0.008, 0.021, 0.002, -0.015, 0.009, 0.35, -0.30, -0.004
	};
	double copy[9], sd, by_mad, by_spread;
	struct stats_signed_rank r;

	(void)state;
	memcpy(copy, d, sizeof(copy));
	by_mad = stats_mde(stats_robust_sd(copy, 9), 9, 0.01, 0.90);
	assert_int_equal(stats_spread(d, 9, 0.01, &sd), 0);
	by_spread = stats_mde(sd, 9, 0.01, 0.90);
	assert_int_equal(stats_signed_rank(d, 9, 0.01, &r), 0);
	print_message("by MAD %.3f, by spread %.3f, half width %.3f\n", by_mad, by_spread,
		      (r.upper - r.lower) / 2);
	assert_true(by_mad < 0.04);
	assert_true(by_spread > (r.upper - r.lower) / 2);
	assert_true(by_spread > 5 * by_mad);
}

/* Realized power at the stated effect, a fresh sitting each: 80..95 %, give or take chance. */
static void test_stated_effect_is_true_of_heavy_tails(void **state)
{
	static const enum noise_kind kinds[] = { NOISE_NORMAL, NOISE_T3, NOISE_TENTH,
						 NOISE_QUARTER };
	enum { N = 20, ROUNDS = 400 };
	struct rng rng;

	(void)state;
	rng_init(&rng, 21, 0);
	for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
		int hits = 0;

		for (int i = 0; i < ROUNDS; i++) {
			struct stats_signed_rank r;
			double d[N], sd;

			for (size_t k = 0; k < N; k++)
				d[k] = noise_value(&rng, kinds[kind]);
			assert_int_equal(stats_spread(d, N, 0.01, &sd), 0);
			for (size_t k = 0; k < N; k++)
				d[k] = noise_value(&rng, kinds[kind]) +
				       stats_mde(sd, N, 0.01, 0.90);
			assert_int_equal(stats_signed_rank(d, N, 0.01, &r), 0);
			hits += r.p_greater <= 0.01;
		}
		print_message("%s: %.1f %%\n", noise_names[kinds[kind]], 100.0 * hits / ROUNDS);
		assert_in_range(hits, ROUNDS * 76 / 100, ROUNDS * 97 / 100);
	}
}

static void test_spread_of_little(void **state)
{
	const double equal[5] = { 2, 2, 2, 2, 2 }, most_equal[5] = { 2, 2, 2, 2, 9 };
	double sd;

	(void)state;
	assert_int_equal(stats_spread(equal, 5, 0.01, &sd), 0);
	assert_float_equal(sd, 0, 0);
	assert_int_equal(stats_spread(most_equal, 5, 0.01, &sd), 0); /* its MAD is 0 */
	assert_true(isfinite(sd) && sd > 1);
	assert_int_equal(stats_spread(equal, 2, 0.01, &sd), -EINVAL);
	assert_int_equal(stats_spread(equal, 5, 0, &sd), -EINVAL);
	assert_int_equal(stats_spread((double[]){ 1, NAN, 2 }, 3, 0.01, &sd), -EINVAL);
}

static void test_pairs_needed_is_the_fewest(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i++) {
		double effect = 0.2 * pow(1.3, i);
		size_t n = stats_pairs_needed(1, effect, 0.01, 0.9);

		assert_true(stats_mde(1, n, 0.01, 0.9) <= effect);
		assert_true(n <= stats_reachable_n(0.01) ||
			    stats_mde(1, n - 1, 0.01, 0.9) > effect);
	}
	assert_int_equal(stats_pairs_needed(0, 1, 0.01, 0.9), 7); /* 2^-7 */
	assert_in_range(stats_pairs_needed(1, 0.60, 0.01, 0.9), 39, 42);
	assert_int_equal(stats_pairs_needed(1, 0, 0.01, 0.9), 0);
	assert_int_equal(stats_pairs_needed(1, NAN, 0.01, 0.9), 0);
}

static void test_family_of_one_is_the_signed_rank_test(void **state)
{
	static const double d[] = { 1.1, -0.2, 2.3, 0.7, 1.9, -0.4, 3.1, 0.9, 1.2, 0.8 };
	struct stats_family_row row;
	struct stats_signed_rank one;

	(void)state;
	assert_int_equal(stats_signed_rank(d, 10, 0.05, &one), 0);
	assert_int_equal(stats_family(d, 10, 1, 0.05, 7, &row), 0);
	assert_float_equal(row.p_raw, one.p_two, 1e-15);
	assert_float_equal(row.p_adjusted, one.p_two, 1e-12);
	assert_float_equal(row.theta, one.theta, 1e-15);
	/* The band rests on a critical value from the same distribution. */
	assert_true(row.low <= row.theta && row.theta <= row.high);
	assert_int_equal(stats_family(d, 1, 1, 0.05, 7, &row), -EINVAL);
}

/* Family-wise error over correlated metrics without effect, and coverage of the band. */
static void test_family_keeps_its_level(void **state)
{
	enum { N = 12, M = 5, ROUNDS = 400 };
	struct rng rng;
	int alarms = 0, misses = 0;

	(void)state;
	rng_init(&rng, 9, 0);
	for (int i = 0; i < ROUNDS; i++) {
		struct stats_family_row rows[M];
		double d[N * M];
		int alarm = 0, miss = 0;

		for (int b = 0; b < N; b++) {
			double shared = stats_normal_quantile(fmin(rng_unit(&rng), 1 - 1e-12));

			for (int q = 0; q < M; q++)
				d[b * M + q] = shared + stats_normal_quantile(
								fmin(rng_unit(&rng), 1 - 1e-12));
		}
		assert_int_equal(stats_family(d, N, M, 0.05, (uint64_t)i, rows), 0);
		for (int q = 0; q < M; q++) {
			alarm |= rows[q].p_adjusted <= 0.05;
			miss |= rows[q].low > 0 || rows[q].high < 0;
			assert_true(rows[q].p_adjusted >= rows[q].p_raw - 1e-12);
		}
		alarms += alarm;
		misses += miss;
	}
	assert_in_range(alarms, 4, 36); /* 5 % of 400 is 20; 99.9 % of binomials lie inside */
	assert_in_range(misses, 2, 36);
}

static void test_family_is_repeatable(void **state)
{
	enum { N = 20, M = 3 };
	struct stats_family_row a[M], b[M];
	struct rng rng;
	double d[N * M];

	(void)state;
	rng_init(&rng, 5, 0);
	for (int i = 0; i < N * M; i++)
		d[i] = rng_unit(&rng) - 0.3;
	assert_int_equal(stats_family(d, N, M, 0.05, 11, a), 0);
	assert_int_equal(stats_family(d, N, M, 0.05, 11, b), 0);
	for (int q = 0; q < M; q++) {
		assert_float_equal(a[q].p_adjusted, b[q].p_adjusted, 0);
		assert_float_equal(a[q].low, b[q].low, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_median_and_spread),
		cmocka_unit_test(test_quantiles_of_distributions),
		cmocka_unit_test(test_signed_rank_distribution_is_exact),
		cmocka_unit_test(test_signed_rank_known_answer),
		cmocka_unit_test(test_too_few_pairs_claim_nothing),
		cmocka_unit_test(test_equal_pairs_show_nothing),
		cmocka_unit_test(test_detectable_effect_table),
		cmocka_unit_test(test_detectable_effect_is_detected_as_often_as_promised),
		cmocka_unit_test(test_detectable_effect_agrees_with_the_interval),
		cmocka_unit_test(test_stated_effect_is_true_of_heavy_tails),
		cmocka_unit_test(test_spread_of_little),
		cmocka_unit_test(test_pairs_needed_is_the_fewest),
		cmocka_unit_test(test_family_of_one_is_the_signed_rank_test),
		cmocka_unit_test(test_family_keeps_its_level),
		cmocka_unit_test(test_family_is_repeatable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
