/* test_stats_looks.c - group-sequential levels against published constants; the betting test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>

#include "daemon/base/rng.h"
#include "reports/lib/stats.h"
#include "reports/lib/stats_betting.h"
#include "reports/lib/stats_looks.h"
#include "reports/test/near.h"
#include "reports/test/noise.h"

static struct stats_looks plan_default(double alpha)
{
	struct stats_looks_cfg cfg = { .alpha = alpha };
	struct stats_looks looks;

	assert_int_equal(stats_looks_plan(&cfg, &looks), 0);
	assert_int_equal(looks.count, 4);
	return looks;
}

static int plan(const size_t *n, size_t count, size_t n_max, double alpha, double rho,
		struct stats_looks *looks)
{
	struct stats_looks_cfg cfg = {
		.n = n, .count = count, .n_max = n_max, .alpha = alpha, .rho = rho
	};

	return stats_looks_plan(&cfg, looks);
}

/* The levels of comparing-runs 5.5, which were simulated: right to 3 in 100,000. */
static void test_levels_of_the_default_looks(void **state)
{
	static const double at_1_pct[] = { 0.00089, 0.00192, 0.00342, 0.00718 };
	static const double at_half_pct[] = { 0.00049, 0.00093, 0.00162, 0.00343 };
	struct stats_looks one = plan_default(0.01), half = plan_default(0.005);

	(void)state;
	for (size_t k = 0; k < 4; k++) {
		assert_near(one.level[k], at_1_pct[k], 5e-5);
		assert_near(half.level[k], at_half_pct[k], 5e-5);
	}
	/* By an independent integration in python: */
	assert_near(one.level[0], 0.0009, 1e-12);
	assert_near(one.level[1], 0.00190927, 2e-8);
	assert_near(one.level[2], 0.00338283, 2e-8);
	assert_near(one.level[3], 0.00715521, 2e-8);
	assert_near(one.spent[3], 0.01, 1e-15);
}

/*
 * Two looks at half and all of the data: what the power family spends first is alpha / 2^rho, so
 * rho can be chosen to meet the first boundary of Pocock (2.178) and of O'Brien & Fleming (2.797)
 * for a two-sided 5 %; the second must then be theirs, 2.178 and 1.977 (Jennison & Turnbull,
 * tables 2.1 and 2.3).
 */
static void test_published_boundaries_of_two_looks(void **state)
{
	static const struct {
		double first, second;
	} want[] = { { 2.178, 2.178 }, { 2.797, 1.977 } };
	const size_t n[] = { 10, 20 };
	struct stats_looks looks;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		double rho = log2(0.025 / stats_normal_cdf(-want[i].first));

		assert_int_equal(plan(n, 2, 20, 0.025, rho, &looks), 0);
		assert_near(-stats_normal_quantile(looks.level[0]), want[i].first, 1e-6);
		assert_near(-stats_normal_quantile(looks.level[1]), want[i].second, 1.5e-3);
	}
}

static void test_one_look_is_the_plain_test(void **state)
{
	const size_t n[] = { 40 };
	struct stats_looks looks;

	(void)state;
	assert_int_equal(plan(n, 1, 40, 0.01, 2, &looks), 0);
	assert_near(looks.level[0], 0.01, 1e-12);
	/* Interrupted at half: a quarter of alpha may be spent. */
	assert_int_equal(plan(n, 1, 80, 0.01, 2, &looks), 0);
	assert_near(looks.level[0], 0.0025, 1e-12);
}

static void test_plans_that_make_no_sense(void **state)
{
	const size_t falling[] = { 12, 12 }, good[] = { 12, 20 };
	struct stats_looks looks;

	(void)state;
	assert_int_equal(plan(falling, 2, 40, 0.01, 2, &looks), -EINVAL);
	assert_int_equal(plan(good, 2, 19, 0.01, 2, &looks), -EINVAL);
	assert_int_equal(plan(good, 0, 40, 0.01, 2, &looks), -EINVAL);
	assert_int_equal(plan(good, 2, 40, -0.1, 2, &looks), -EINVAL);
	assert_int_equal(plan(good, 2, 40, NAN, 2, &looks), -EINVAL);
	assert_int_equal(plan(good, 2, 40, 0.01, NAN, &looks), -EINVAL);
}

static void test_levels_that_cannot_be_reached_are_named(void **state)
{
	const size_t early[] = { 4, 8, 12, 40 };
	struct stats_looks_cfg eight = { .metrics_count = 8 };
	struct stats_looks looks = plan_default(0.01);

	(void)state;
	assert_int_equal(stats_looks_first_reachable(&looks), 0);
	/* Eight metrics need 8 / 2^n: 12 blocks are not enough for .0009. */
	assert_int_equal(stats_looks_plan(&eight, &looks), 0);
	assert_int_equal(stats_looks_first_reachable(&looks), 1);
	assert_int_equal(plan(early, 4, 40, 0.01, 2, &looks), 0);
	assert_int_equal(stats_looks_first_reachable(&looks), 2);
	looks.count = 2;
	assert_int_equal(stats_looks_first_reachable(&looks), 2); /* never */
}

/* By the same independent integration; the first look spends the same whatever the number. */
static void test_levels_of_a_family(void **state)
{
	struct stats_looks_cfg seven = { .metrics_count = 7 };
	struct stats_looks looks;

	(void)state;
	assert_int_equal(stats_looks_plan(&seven, &looks), 0);
	assert_near(looks.level[0], 0.0009, 1e-12);
	assert_near(looks.level[1], 0.00182160, 2e-8);
	assert_near(looks.level[2], 0.00312946, 2e-8);
	assert_near(looks.level[3], 0.00658637, 2e-8);
}

/* Runs a sitting to its end; how it ended. */
static enum stats_looks_answer sit(const struct stats_looks *looks, struct rng *rng, double shift,
				   double margin, size_t *blocks)
{
	struct stats_looks_decision decision = { .answer = STATS_LOOKS_GO_ON };
	double d[40];

	for (size_t i = 0; i < 40; i++)
		d[i] = shift + noise_t3(rng);
	for (size_t k = 0; k < looks->count && decision.answer == STATS_LOOKS_GO_ON; k++) {
		assert_int_equal(stats_looks_decide(looks, k, d, margin, &decision), 0);
		*blocks = looks->n[k];
	}
	return decision.answer;
}

/* Both mirrored tests at their least favourable point; 1000 draws of a 5 % event: 29..75 (99.9 %).
 */
static void test_error_over_all_looks(void **state)
{
	enum { ROUNDS = 1000 };
	struct stats_looks looks = plan_default(0.05);
	size_t above = 0, below = 0, early = 0, blocks;
	struct rng rng;

	(void)state;
	rng_init(&rng, 4, 0);
	for (int i = 0; i < ROUNDS; i++) {
		enum stats_looks_answer answer = sit(&looks, &rng, 0.3, 0.3, &blocks);

		above += answer == STATS_LOOKS_ABOVE;
		below += answer == STATS_LOOKS_BELOW;
		assert_true(answer != STATS_LOOKS_GO_ON);
		answer = sit(&looks, &rng, 1.8, 0.3, &blocks);
		early += answer == STATS_LOOKS_ABOVE && blocks < 40;
	}
	print_message("above %zu, below %zu of %d; early %zu\n", above, below, ROUNDS, early);
	assert_in_range(above, 20, 75);
	assert_in_range(below, 20, 75);
	assert_in_range(early, 900, ROUNDS);
}

static void test_decide_bad_input(void **state)
{
	struct stats_looks looks = plan_default(0.01);
	struct stats_looks_decision got;
	double d[40] = { 0 };

	(void)state;
	assert_int_equal(stats_looks_decide(&looks, 4, d, 0, &got), -EINVAL);
	d[3] = NAN;
	assert_int_equal(stats_looks_decide(&looks, 0, d, 0, &got), -EINVAL);
	d[3] = 0;
	assert_int_equal(stats_looks_decide(&looks, 0, d, 0.01, &got), 0);
	assert_int_equal(got.answer, STATS_LOOKS_BELOW); /* all equal: surely below the margin */
	assert_near(got.p_below, pow(2, -12), 1e-15);
	assert_near(got.p_above, 1, 1e-12);
}

static double e_of(const double *d, size_t n)
{
	struct stats_betting b;

	stats_betting_init(&b);
	for (size_t i = 0; i < n; i++)
		stats_betting_add(&b, d[i]);
	return exp(b.log_e);
}

/* By hand: lambdas sum to 5.45, their squares to 3.7525. */
static void test_betting_by_hand(void **state)
{
	(void)state;
	assert_near(e_of((double[]){ 3 }, 1), 1.545, 1e-12);
	assert_near(e_of((double[]){ -3 }, 1), 0.455, 1e-12);
	assert_near(e_of((double[]){ 1, -2 }, 2), 1 - 0.37525, 1e-12);
	assert_near(e_of((double[]){ 1, 0, NAN, 2 }, 4), 1 + 1.09 + 0.37525, 1e-12);
}

/* All 2^14 sequences of fair signs, looked at after each: at most 1 in 20 ever reaches 20. */
static void test_betting_keeps_its_level_when_always_looked_at(void **state)
{
	enum { N = 14 };
	size_t hits = 0;

	(void)state;
	for (unsigned long signs = 0; signs < 1ul << N; signs++) {
		struct stats_betting b;

		stats_betting_init(&b);
		for (size_t i = 0; i < N; i++)
			stats_betting_add(&b, signs >> i & 1 ? 1 : -1);
		hits += stats_betting_p(&b) <= 0.05;
	}
	print_message("%.2f %% of all sequences\n", 100 * (double)hits / (1 << N));
	assert_true((double)hits <= 0.05 * (1 << N));
	assert_true(hits > 0);
}

/* comparing-runs 5.5: shift of one deviation, nominal 1 %: power .94, about 21 blocks. */
static void test_betting_power(void **state)
{
	enum { ROUNDS = 1000 };
	size_t hits = 0, blocks = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 8, 0);
	for (int i = 0; i < ROUNDS; i++) {
		struct stats_betting b;

		stats_betting_init(&b);
		while (b.n < 40 && stats_betting_p(&b) > 0.01)
			stats_betting_add(&b, 1 + noise_normal(&rng));
		hits += stats_betting_p(&b) <= 0.01;
		blocks += b.n;
	}
	print_message("power %.3f, %.1f blocks\n", (double)hits / ROUNDS, (double)blocks / ROUNDS);
	assert_in_range(hits, 900, 970);
	assert_in_range(blocks, 18 * ROUNDS, 24 * ROUNDS);
}

static void test_betting_survives_thousands_of_blocks(void **state)
{
	struct stats_betting b;

	(void)state;
	stats_betting_init(&b);
	assert_near(stats_betting_p(&b), 1, 0);
	for (int i = 0; i < 5000; i++)
		stats_betting_add(&b, 1);
	assert_true(isfinite(b.log_e) && b.log_e > 3000);
	assert_true(stats_betting_p(&b) >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels_of_the_default_looks),
		cmocka_unit_test(test_published_boundaries_of_two_looks),
		cmocka_unit_test(test_one_look_is_the_plain_test),
		cmocka_unit_test(test_plans_that_make_no_sense),
		cmocka_unit_test(test_levels_that_cannot_be_reached_are_named),
		cmocka_unit_test(test_levels_of_a_family),
		cmocka_unit_test(test_error_over_all_looks),
		cmocka_unit_test(test_decide_bad_input),
		cmocka_unit_test(test_betting_by_hand),
		cmocka_unit_test(test_betting_keeps_its_level_when_always_looked_at),
		cmocka_unit_test(test_betting_power),
		cmocka_unit_test(test_betting_survives_thousands_of_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
