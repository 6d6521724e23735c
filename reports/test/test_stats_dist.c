/* test_stats_dist.c - distributions, exact bounds of rates and corrected p-values: known answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>

#include "reports/lib/stats_dist.h"
#include "reports/lib/stats_multiple.h"
#include "reports/test/near.h"

/* I_x(1, b) and I_x(a, 1) have closed forms; whole a and b are binomial tails. */
static void test_beta_function(void **state)
{
	(void)state;
	assert_near(stats_beta_cdf(0.5, 2, 2), 0.5, 1e-14);
	assert_near(stats_beta_cdf(0.3, 1, 5), 1 - pow(0.7, 5), 1e-14);
	assert_near(stats_beta_cdf(0.3, 5, 1), pow(0.3, 5), 1e-14);
	assert_near(stats_beta_cdf(0.2, 3, 4), 0.09888, 1e-12); /* P(Bin(6, .2) >= 3) */
	assert_near(stats_beta_cdf(0, 3, 4), 0, 0);
	assert_near(stats_beta_cdf(1, 3, 4), 1, 0);
	assert_near(stats_beta_quantile(0.09888, 3, 4), 0.2, 1e-12);
	/* Large arguments, where a short continued fraction would not converge. */
	assert_near(stats_beta_cdf(0.5, 20000, 20000), 0.5, 1e-9);
}

static void test_coin(void **state)
{
	(void)state;
	assert_near(stats_coin_cdf(10, 2), 56.0 / 1024, 1e-12);
	assert_near(stats_coin_cdf(10, 10), 1, 1e-12);
	assert_near(stats_coin_cdf(0, 0), 1, 1e-12);
}

/* Published 95 % intervals of 0, 1 and 5 of 10 (Clopper & Pearson 1934, and every table since). */
static void test_clopper_pearson(void **state)
{
	double low, high;

	(void)state;
	assert_int_equal(stats_clopper_pearson(0, 10, 0.05, &low, &high), 0);
	assert_near(low, 0, 0);
	assert_near(high, 0.3085, 5e-5);
	assert_int_equal(stats_clopper_pearson(1, 10, 0.05, &low, &high), 0);
	assert_near(low, 0.0025, 5e-5);
	assert_near(high, 0.4450, 5e-5);
	assert_int_equal(stats_clopper_pearson(5, 10, 0.05, &low, &high), 0);
	assert_near(low, 0.1871, 5e-5);
	assert_near(high, 0.8129, 5e-5);
	assert_int_equal(stats_clopper_pearson(10, 10, 0.05, &low, &high), 0);
	assert_near(low, 0.6915, 5e-5);
	assert_near(high, 1, 0);
	/* No hit in n: the upper bound is 1 - (alpha / 2)^(1 / n). */
	assert_int_equal(stats_clopper_pearson(0, 299, 0.10, &low, &high), 0);
	assert_near(high, 1 - pow(0.05, 1.0 / 299), 1e-12);
}

static void test_clopper_pearson_bad_input(void **state)
{
	double low = 7, high = 7;

	(void)state;
	assert_int_equal(stats_clopper_pearson(0, 0, 0.05, &low, &high), 0);
	assert_near(low, 0, 0);
	assert_near(high, 1, 0);
	assert_int_equal(stats_clopper_pearson(3, 2, 0.05, &low, &high), -EINVAL);
	assert_int_equal(stats_clopper_pearson(1, 2, 0, &low, &high), -EINVAL);
	assert_int_equal(stats_clopper_pearson(1, 2, NAN, &low, &high), -EINVAL);
}

/* Gates needed for a certificate: at most 1 % false with 0, 1, 2, 4 seen, and the others. */
static void test_trials_needed(void **state)
{
	(void)state;
	assert_int_equal(stats_trials_needed(0, 0.01, 0.05), 299);
	assert_int_equal(stats_trials_needed(1, 0.01, 0.05), 473);
	assert_int_equal(stats_trials_needed(2, 0.01, 0.05), 628);
	assert_int_equal(stats_trials_needed(4, 0.01, 0.05), 913);
	assert_int_equal(stats_trials_needed(0, 0.001, 0.05), 2995);
	assert_int_equal(stats_trials_needed(1, 0.10, 0.05), 46);
	assert_int_equal(stats_trials_needed(2, 0.10, 0.05), 61);
	assert_int_equal(stats_trials_needed(0, 0.05, 0.05), 59);
	assert_int_equal(stats_trials_needed(1, 0.05, 0.05), 93);
	assert_int_equal(stats_trials_needed(0, 0, 0.05), 0);
	assert_int_equal(stats_trials_needed(0, 1e-300, 0.05), 0);
	assert_int_equal(stats_trials_needed(0, 0.01, 1), 0);
}

static void test_holm_by_hand(void **state)
{
	const double p[] = { 0.01, 0.04, NAN, 0.03, 0.005 };
	double out[5];

	(void)state;
	assert_int_equal(stats_holm(p, 5, out), 0);
	assert_near(out[4], 0.02, 1e-15);
	assert_near(out[0], 0.03, 1e-15);
	assert_near(out[3], 0.06, 1e-15);
	assert_near(out[1], 0.06, 1e-15); /* never below an earlier one */
	assert_true(isnan(out[2]));
}

/* Example of Benjamini & Hochberg 1995, section 3.2: 4 of 15 at 5 %, Bonferroni and Holm 3. */
static void test_benjamini_hochberg_published(void **state)
{
	const double p[15] = { 0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
			       0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000 };
	double bh[15], holm[15];
	int bh_count = 0, holm_count = 0;

	(void)state;
	assert_int_equal(stats_benjamini_hochberg(p, 15, bh), 0);
	assert_int_equal(stats_holm(p, 15, holm), 0);
	for (int i = 0; i < 15; i++) {
		bh_count += bh[i] <= 0.05;
		holm_count += holm[i] <= 0.05;
		assert_true(bh[i] <= holm[i] && bh[i] >= p[i]);
	}
	assert_int_equal(bh_count, 4);
	assert_int_equal(holm_count, 3);
	assert_near(bh[3], 0.0095 * 15 / 4, 1e-15);
}

static void test_corrections_bad_input(void **state)
{
	double p[] = { 0.5, -0.1 }, nan[] = { NAN, NAN }, out[2];

	(void)state;
	assert_int_equal(stats_holm(p, 2, out), -EINVAL);
	p[1] = 1.5;
	assert_int_equal(stats_benjamini_hochberg(p, 2, out), -EINVAL);
	assert_int_equal(stats_holm(p, 0, out), 0);
	assert_int_equal(stats_benjamini_hochberg(nan, 2, nan), 0);
	assert_true(isnan(nan[0]) && isnan(nan[1]));
	p[1] = 0.5;
	assert_int_equal(stats_holm(p, 2, p), 0); /* in place */
	assert_near(p[0], 1, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beta_function),
		cmocka_unit_test(test_coin),
		cmocka_unit_test(test_clopper_pearson),
		cmocka_unit_test(test_clopper_pearson_bad_input),
		cmocka_unit_test(test_trials_needed),
		cmocka_unit_test(test_holm_by_hand),
		cmocka_unit_test(test_benjamini_hochberg_published),
		cmocka_unit_test(test_corrections_bad_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
