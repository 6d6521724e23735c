/*
 * test_calibration.c - the statistics on real paired measurements of a shared two-core machine:
 * identical arms must not fire, 5 % more work per request must. SKIPs where the
 * measurements are absent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "daemon/base/rng.h"
#include "reports/lib/stats.h"
#include "reports/test/blocks.h"

enum { QUANTILES = BLOCKS_QUANTILES, METRICS = BLOCKS_METRICS, P50 = BLOCKS_P50, CPU = BLOCKS_CPU };

static struct stats_signed_rank judge(const struct blocks *b, size_t metric)
{
	struct stats_signed_rank r;
	double d[BLOCKS_MAX];

	blocks_column(b, metric, d);
	assert_int_equal(stats_signed_rank(d, b->n, 0.05, &r), 0);
	return r;
}

static double spread_pct(const struct blocks *b, size_t metric)
{
	double d[BLOCKS_MAX];

	blocks_column(b, metric, d);
	return 100 * stats_robust_sd(d, b->n);
}

static double pct(double theta)
{
	return 100 * (exp(theta) - 1);
}

static void expect_silence(const struct blocks *b, size_t metrics_count)
{
	struct stats_family_row rows[METRICS];
	double d[BLOCKS_MAX * METRICS];

	for (size_t i = 0; i < b->n; i++)
		memcpy(d + i * metrics_count, b->d + i * METRICS, metrics_count * sizeof(*d));
	assert_int_equal(stats_family(d, b->n, metrics_count, 0.05, 1, rows), 0);
	for (size_t q = 0; q < metrics_count; q++)
		assert_true(rows[q].p_adjusted > 0.01);
}

static void test_identical_arms_do_not_fire(void **state)
{
	static const char *const files[] = { "blocks/one-second-runs-same.csv",
					     "blocks/slices-50ms-same.csv",
					     "blocks/slices-10ms-same.csv" };
	struct blocks b;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		if (blocks_read_slices(files[i], &b) < 0)
			skip();
		assert_int_equal(b.n, 42);
		expect_silence(&b, METRICS);
	}
	if (blocks_read_runs("A", "A2", &b) < 0)
		skip();
	assert_int_equal(b.n, 75);
	expect_silence(&b, QUANTILES);
}

static void test_five_percent_more_work_shows_in_cpu_per_request(void **state)
{
	struct stats_signed_rank cpu, p50;
	struct blocks b;

	(void)state;
	if (blocks_read_slices("blocks/slices-50ms-work+5pct.csv", &b) < 0)
		skip();
	cpu = judge(&b, CPU);
	print_message("CPU per request %+.1f %% [%.1f, %.1f], p %.1g one-sided\n", pct(cpu.theta),
		      pct(cpu.low), pct(cpu.high), cpu.p_greater);
	assert_float_equal(pct(cpu.theta), 4.1, 0.15);
	assert_float_equal(pct(cpu.low), 2.8, 0.2);
	assert_float_equal(pct(cpu.high), 5.3, 0.2);
	assert_true(cpu.p_greater < 1e-5);
	p50 = judge(&b, P50);
	assert_float_equal(pct(p50.theta), 1.0, 0.15);
	assert_float_equal(p50.p_greater, 0.015, 0.002);
}

static void test_slow_tail_shows_in_mean_cpu_and_not_in_wall_p99(void **state)
{
	struct stats_signed_rank cpu;
	struct blocks b;

	(void)state;
	if (blocks_read_slices("blocks/slices-50ms-tail-2pct-x2.csv", &b) < 0)
		skip();
	cpu = judge(&b, CPU);
	assert_float_equal(pct(cpu.theta), 2.2, 0.2);
	assert_float_equal(cpu.p_greater, 0.007, 0.001);
	assert_true(judge(&b, 4).p_two > 0.05);
}

static void test_finer_interleaving_narrows_the_spread(void **state)
{
	static const struct {
		const char *name;
		double p50_pct, cpu_pct;
	} want[] = { { "blocks/one-second-runs-same.csv", 7.7, 14.6 },
		     { "blocks/slices-50ms-same.csv", 2.5, 3.3 },
		     { "blocks/slices-10ms-same.csv", 1.4, 2.3 } };
	struct blocks b;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		if (blocks_read_slices(want[i].name, &b) < 0)
			skip();
		print_message("%s: p50 %.1f %%, CPU %.1f %%\n", want[i].name, spread_pct(&b, P50),
			      spread_pct(&b, CPU));
		assert_float_equal(spread_pct(&b, P50), want[i].p50_pct, 0.25);
		assert_float_equal(spread_pct(&b, CPU), want[i].cpu_pct, 0.25);
	}
}

/*
 * Under exchangeable arms any flip of a block is as likely: subsets of 20 real A/A blocks with
 * random signs must raise the family's alarm at its level, and the band must cover 0 as promised.
 */
static void test_family_level_and_band_hold_on_real_noise(void **state)
{
	enum { N = 20, ROUNDS = 300 };
	struct blocks b;
	struct rng rng;
	int alarms = 0, covered = 0;

	(void)state;
	if (blocks_read_runs("A", "A2", &b) < 0)
		skip();
	rng_init(&rng, 3, 0);
	for (int round = 0; round < ROUNDS; round++) {
		struct stats_family_row rows[QUANTILES];
		double d[N * QUANTILES];
		int alarm = 0, miss = 0;

		for (size_t i = 0; i < N; i++) {
			const double *from = b.d + rng_below(&rng, b.n) * METRICS;
			double sign = rng_below(&rng, 2) ? 1 : -1;

			for (size_t q = 0; q < QUANTILES; q++)
				d[i * QUANTILES + q] = sign * from[q];
		}
		assert_int_equal(stats_family(d, N, QUANTILES, 0.05, (uint64_t)round, rows), 0);
		for (size_t q = 0; q < QUANTILES; q++) {
			alarm |= rows[q].p_adjusted <= 0.05;
			miss |= rows[q].low > 0 || rows[q].high < 0;
		}
		alarms += alarm;
		covered += !miss;
	}
	print_message("family alarms %.1f %%, band covers %.1f %%\n", 100.0 * alarms / ROUNDS,
		      100.0 * covered / ROUNDS);
	/* 300 draws of a 5 % event: 99.9 % of them lie between 4 and 29. */
	assert_in_range(alarms, 2, 29);
	assert_in_range(covered, ROUNDS - 31, ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identical_arms_do_not_fire),
		cmocka_unit_test(test_five_percent_more_work_shows_in_cpu_per_request),
		cmocka_unit_test(test_slow_tail_shows_in_mean_cpu_and_not_in_wall_p99),
		cmocka_unit_test(test_finer_interleaving_narrows_the_spread),
		cmocka_unit_test(test_family_level_and_band_hold_on_real_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
