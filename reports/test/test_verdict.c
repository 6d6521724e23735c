/* test_verdict.c - answers of single metrics, exact counts, the truth table, and bad input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#include "daemon/base/err.h"
#include "reports/lib/stats_looks.h"
#include "reports/lib/verdict.h"
#include "reports/test/near.h"

enum { N = 20, M_MAX = 8 };

static const struct verdict_cfg cfg = { .seed = 1, .flips_count = 9999 };

/* Differences around the effect, symmetric and all different: effect +- spread * 0.05 .. 1. */
static void around(double *d, size_t m, size_t metric, double effect, double spread)
{
	for (size_t i = 0; i < N; i++)
		d[i * m + metric] = effect + (i % 2 ? spread : -spread) * (double)(i + 1) / N;
}

/* CPU per request, p50 and RSS around the given effects. */
static struct verdict judge3(double cpu, double p50, double rss, const struct verdict_count *counts,
			     size_t counts_count)
{
	static struct verdict_metric metrics[3];
	struct verdict_input input = { .metrics = metrics,
				       .metrics_count = 3,
				       .blocks_count = N,
				       .counts = counts,
				       .counts_count = counts_count };
	double d[N * 3];
	struct verdict v;

	metrics[0] = *verdict_metric_find("cpu_ns_per_request");
	metrics[1] = *verdict_metric_find("response_p50_ns");
	metrics[2] = *verdict_metric_find("rss_peak_bytes");
	around(d, 3, 0, cpu, 0.005);
	around(d, 3, 1, p50, 0.01);
	around(d, 3, 2, rss, 0.01);
	input.d = d;
	assert_int_equal(verdict_decide(&cfg, &input, &v, NULL), 0);
	print_message("%s\n", v.sentence);
	return v;
}

static struct verdict_count count_of(const char *key, double a, double again, double b)
{
	struct verdict_count c = *verdict_count_find(key);

	c.a = a;
	c.a_again = again;
	c.b = b;
	return c;
}

static enum verdict_joint joint3(double cpu, double p50, double rss,
				 const struct verdict_count *counts, size_t counts_count)
{
	struct verdict v = judge3(cpu, p50, rss, counts, counts_count);
	enum verdict_joint joint = v.joint;

	verdict_deinit(&v);
	return joint;
}

/* The seven rows of comparing-runs 5.8, from measurements. */
static void test_truth_table_from_measurements(void **state)
{
	struct verdict_count flat = count_of("instructions_per_request", 1e5, 1e5, 1.001e5);
	struct verdict_count up = count_of("instructions_per_request", 1e5, 1e5, 1.01e5);
	struct verdict_count down = count_of("instructions_per_request", 1e5, 1e5, 0.9e5);

	(void)state;
	assert_int_equal(joint3(0.05, 0.05, 0, &up, 1), VERDICT_REGRESSED);
	assert_int_equal(joint3(0.05, 0, 0, &up, 1), VERDICT_HIDDEN);
	assert_int_equal(joint3(0, 0, 0, &up, 1), VERDICT_WORK_UP);
	assert_int_equal(joint3(0.05, 0.05, 0, &flat, 1), VERDICT_LAYOUT);
	assert_int_equal(joint3(0, 0.05, 0, &flat, 1), VERDICT_ENVIRONMENT);
	assert_int_equal(joint3(0, 0, 0, &flat, 1), VERDICT_EQUIVALENT);
	assert_int_equal(joint3(-0.05, -0.05, 0, &down, 1), VERDICT_IMPROVED);
	/* No counts: CPU time speaks for them. */
	assert_int_equal(joint3(0.05, 0.05, 0, NULL, 0), VERDICT_REGRESSED);
	assert_int_equal(joint3(0.05, 0, 0, NULL, 0), VERDICT_HIDDEN);
	assert_int_equal(joint3(0, 0, 0, NULL, 0), VERDICT_EQUIVALENT);
	/* Memory blocks by itself. */
	assert_int_equal(joint3(0, 0, 0.2, &flat, 1), VERDICT_REGRESSED);
	assert_int_equal(joint3(0, 0, -0.2, &flat, 1), VERDICT_IMPROVED);
}

static void test_truth_table_is_total_and_sane(void **state)
{
	(void)state;
	for (int c = 0; c <= VERDICT_ABSENT; c++)
		for (int p = 0; p <= VERDICT_ABSENT; p++)
			for (int w = 0; w <= VERDICT_ABSENT; w++) {
				enum verdict_joint joint =
					verdict_join((enum verdict_signal)c, (enum verdict_signal)p,
						     (enum verdict_signal)w);
				bool is_up = c == VERDICT_UP || p == VERDICT_UP || w == VERDICT_UP;

				assert_true(joint < VERDICT_JOINTS);
				/* What is shown to be worse never passes in silence. */
				if (is_up)
					assert_int_not_equal(verdict_joint_action(joint),
							     VERDICT_PASS);
				else
					assert_int_not_equal(verdict_joint_action(joint),
							     VERDICT_BLOCK);
			}
	/* Only one kind measured. */
	assert_int_equal(verdict_join(VERDICT_ABSENT, VERDICT_ABSENT, VERDICT_UP),
			 VERDICT_REGRESSED);
	assert_int_equal(verdict_join(VERDICT_ABSENT, VERDICT_ABSENT, VERDICT_FLAT),
			 VERDICT_EQUIVALENT);
	assert_int_equal(verdict_join(VERDICT_FLAT, VERDICT_ABSENT, VERDICT_ABSENT),
			 VERDICT_EQUIVALENT);
	assert_int_equal(verdict_join(VERDICT_UP, VERDICT_ABSENT, VERDICT_ABSENT), VERDICT_WORK_UP);
	assert_int_equal(verdict_join(VERDICT_ABSENT, VERDICT_ABSENT, VERDICT_ABSENT),
			 VERDICT_INCONCLUSIVE);
}

static void test_answers_of_one_metric(void **state)
{
	struct verdict v = judge3(0.05, -0.05, 0, NULL, 0);

	(void)state;
	assert_int_equal(v.rows[0].answer, VERDICT_ROW_REGRESSED);
	assert_int_equal(v.rows[1].answer, VERDICT_ROW_IMPROVED);
	assert_int_equal(v.rows[2].answer, VERDICT_ROW_EQUIVALENT);
	assert_true(v.is_mixed);
	assert_near(v.rows[0].theta, 0.05, 0.001);
	assert_true(v.rows[0].lower > v.rows[0].margin_ln);
	assert_true(v.rows[0].lower <= v.rows[0].theta && v.rows[0].theta <= v.rows[0].upper);
	assert_true(v.rows[0].p_worse < 0.01 && v.rows[1].p_worse > 0.9);
	assert_true(v.rows[0].detectable_ln > 0 && v.rows[0].detectable_ln < 0.02);
	assert_near(v.rows[0].blockable_ln, v.rows[0].margin_ln + v.rows[0].detectable_ln, 1e-15);
	assert_int_equal(v.rows[0].blocks_needed, 0);
	assert_string_equal(v.rows[0].reason, "");
	verdict_deinit(&v);
}

/* A rate that falls is worse; effects are shown as they are. */
static void test_rates_are_better_when_bigger(void **state)
{
	struct verdict_metric rate = *verdict_metric_find("throughput_per_s");
	struct verdict_input input = { .metrics = &rate, .metrics_count = 1, .blocks_count = N };
	struct verdict v;
	double d[N];

	(void)state;
	around(d, 1, 0, -0.08, 0.01);
	input.d = d;
	assert_int_equal(verdict_decide(&cfg, &input, &v, NULL), 0);
	assert_int_equal(v.rows[0].answer, VERDICT_ROW_REGRESSED);
	assert_near(v.rows[0].theta, -0.08, 0.001);
	assert_true(v.rows[0].upper < -0.02 && v.rows[0].lower < v.rows[0].upper);
	/* 99 % one-sided reaches further than 95 % two-sided. */
	assert_true(v.rows[0].lower <= v.rows[0].low && v.rows[0].upper >= v.rows[0].high);
	assert_int_equal(v.joint, VERDICT_REGRESSED);
	verdict_deinit(&v);
}

static void test_inconclusive_says_how_many_blocks(void **state)
{
	struct verdict_metric cpu = *verdict_metric_find("cpu_ns_per_request");
	struct verdict_input input = { .metrics = &cpu, .metrics_count = 1, .blocks_count = N };
	struct verdict v;
	double d[N];

	(void)state;
	around(d, 1, 0, 0.02, 0.06);
	input.d = d;
	assert_int_equal(verdict_decide(&cfg, &input, &v, NULL), 0);
	print_message("%s\n", v.sentence);
	assert_int_equal(v.joint, VERDICT_INCONCLUSIVE);
	assert_in_range(v.rows[0].blocks_needed, 100, 400);
	assert_int_equal(v.blocks_needed, v.rows[0].blocks_needed);
	assert_string_equal(v.rows[0].reason, "the interval reaches across the margin");
	assert_false(v.wants_more); /* the only look */
	verdict_deinit(&v);
	/* An estimate on the margin itself: no number of blocks tells. */
	for (size_t i = 0; i < N; i += 2) {
		d[i] = log1p(cpu.margin_ratio) - 0.1 * (double)(i + 2);
		d[i + 1] = log1p(cpu.margin_ratio) + 0.1 * (double)(i + 2);
	}
	assert_int_equal(verdict_decide(&cfg, &input, &v, NULL), 0);
	assert_true(v.rows[0].blocks_needed == SIZE_MAX);
	verdict_deinit(&v);
}

static void test_not_worse_is_not_equivalent(void **state)
{
	struct verdict_metric cpu = *verdict_metric_find("cpu_ns_per_request");
	struct verdict_input input = { .metrics = &cpu, .metrics_count = 1, .blocks_count = N };
	struct verdict v;
	double d[N];

	(void)state;
	around(d, 1, 0, -0.02, 0.03);
	input.d = d;
	assert_int_equal(verdict_decide(&cfg, &input, &v, NULL), 0);
	assert_int_equal(v.rows[0].answer, VERDICT_ROW_NOT_WORSE);
	assert_int_equal(v.joint, VERDICT_EQUIVALENT);
	assert_int_equal(v.action, VERDICT_PASS);
	assert_false(v.is_within);
	verdict_deinit(&v);
	around(d, 1, 0, 0, 0.004);
	assert_int_equal(verdict_decide(&cfg, &input, &v, NULL), 0);
	assert_int_equal(v.rows[0].answer, VERDICT_ROW_EQUIVALENT);
	assert_true(v.is_within);
	verdict_deinit(&v);
}

static void check_count(struct verdict_count c, enum verdict_signal want)
{
	struct verdict_input input = { .counts = &c, .counts_count = 1 };
	struct verdict v;

	assert_int_equal(verdict_decide(&cfg, &input, &v, NULL), 0);
	assert_int_equal(v.counts_rows[0].signal, want);
	assert_int_equal(v.counts, want);
	verdict_deinit(&v);
}

static void test_counts(void **state)
{
	(void)state;
	check_count(count_of("syscalls_per_request", 2, 2, 3), VERDICT_UP);
	check_count(count_of("syscalls_per_request", 2, 2, 1), VERDICT_DOWN);
	check_count(count_of("syscalls_per_request", 2, 2, 2), VERDICT_FLAT);
	check_count(count_of("syscalls_per_request", 2, 2, 2.01), VERDICT_FLAT); /* the margin */
	check_count(count_of("syscalls_per_request", 2, 2, 2.0101), VERDICT_UP);
	/* One more allocation where there was none. */
	check_count(count_of("allocs_per_request", 0, 0, 1), VERDICT_UP);
	check_count(count_of("allocs_per_request", 0, 0, 0), VERDICT_FLAT);
	/* Does not repeat: says nothing. A little: its own movement is added to the margin. */
	check_count(count_of("context_switches_per_request", 0.5, 0.7, 0.9), VERDICT_UNKNOWN);
	check_count(count_of("syscalls_per_request", 2, 2.004, 2.013), VERDICT_FLAT);
	check_count(count_of("syscalls_per_request", 2, 2.004, 2.015), VERDICT_UP);
	/* No second run, or nothing. */
	check_count(count_of("syscalls_per_request", 2, NAN, 3), VERDICT_UNKNOWN);
	check_count(count_of("syscalls_per_request", NAN, NAN, 3), VERDICT_ABSENT);
	check_count(count_of("syscalls_per_request", 2, 2, INFINITY), VERDICT_ABSENT);
	check_count(count_of("instructions_per_request", 1e5, 1e5, 1.006e5), VERDICT_UP);
	check_count(count_of("instructions_per_request", 1e5, 1e5, 1.004e5), VERDICT_FLAT);
}

/* Rows that only explain: named when corrected and beyond the margin; they never block. */
static void test_explaining_rows_never_block(void **state)
{
	struct verdict_metric m[5] = {
		*verdict_metric_find("cpu_ns_per_request"),
		{ "f_slow", VERDICT_CPU, VERDICT_EXPLAINING, false, false, 0.05, 0, 0 },
		{ "f_same", VERDICT_CPU, VERDICT_EXPLAINING, false, false, 0.05, 0, 0 },
		{ "q50", VERDICT_WALL, VERDICT_EXPLAINING, false, false, 0.02, 0, 1 },
		{ "q99", VERDICT_WALL, VERDICT_EXPLAINING, false, false, 0.02, 0, 1 },
	};
	struct verdict_input input = { .metrics = m, .metrics_count = 5, .blocks_count = N };
	struct verdict v;
	double d[N * 5];

	(void)state;
	around(d, 5, 0, 0, 0.004);
	around(d, 5, 1, 0.30, 0.1);
	around(d, 5, 2, 0.001, 0.02);
	around(d, 5, 3, 0.001, 0.01);
	around(d, 5, 4, 0.1, 0.02);
	input.d = d;
	assert_int_equal(verdict_decide(&cfg, &input, &v, NULL), 0);
	assert_int_equal(v.joint, VERDICT_EQUIVALENT);
	assert_int_equal(v.rows[1].answer, VERDICT_ROW_REGRESSED);
	assert_int_equal(v.rows[2].answer, VERDICT_ROW_EQUIVALENT);
	assert_int_equal(v.rows[3].answer, VERDICT_ROW_EQUIVALENT);
	assert_int_equal(v.rows[4].answer, VERDICT_ROW_REGRESSED);
	assert_true(v.rows[4].low > 0 && v.rows[4].p_adjusted <= 0.05);
	assert_int_equal(v.wall, VERDICT_ABSENT);
	verdict_deinit(&v);
}

static void test_looks_stop_or_go_on(void **state)
{
	const size_t n[] = { N, 40 };
	struct stats_looks_cfg plan = { .n = n, .count = 2, .n_max = 40 };
	struct verdict_metric cpu = *verdict_metric_find("cpu_ns_per_request");
	struct verdict_input input = { .metrics = &cpu, .metrics_count = 1, .blocks_count = N };
	struct verdict_cfg sequential = cfg;
	struct stats_looks looks;
	struct verdict v;
	struct err err;
	double d[N];

	(void)state;
	assert_int_equal(stats_looks_plan(&plan, &looks), 0);
	sequential.looks = &looks;
	around(d, 1, 0, 0.02, 0.06);
	input.d = d;
	assert_int_equal(verdict_decide(&sequential, &input, &v, NULL), 0);
	assert_near(v.level, 0.0025, 1e-12);
	assert_true(v.wants_more);
	assert_int_equal(v.reachable_n, 9);
	verdict_deinit(&v);
	around(d, 1, 0, 0.08, 0.01);
	assert_int_equal(verdict_decide(&sequential, &input, &v, NULL), 0);
	assert_int_equal(v.joint, VERDICT_HIDDEN);
	assert_false(v.wants_more);
	verdict_deinit(&v);
	sequential.look = 1;
	assert_int_equal(verdict_decide(&sequential, &input, &v, &err), -EINVAL);
	assert_string_equal(err.msg, "verdict: look 2 is at 40 blocks, not at 20");
}

/* None of these is an error: nothing is claimed, and the row says why. */
static void test_too_little_data_claims_nothing(void **state)
{
	struct verdict_metric cpu = *verdict_metric_find("cpu_ns_per_request");
	struct verdict_input input = { .metrics = &cpu, .metrics_count = 1 };
	double d[N];
	struct verdict v;

	(void)state;
	around(d, 1, 0, 5, 0.001);
	input.d = d;
	for (size_t n = 0; n <= 6; n++) {
		input.blocks_count = n;
		assert_int_equal(verdict_decide(&cfg, &input, &v, NULL), 0);
		assert_int_equal(v.joint, VERDICT_INCONCLUSIVE);
		assert_int_equal(v.rows[0].n, n);
		assert_string_equal(v.rows[0].reason,
				    n ? "too few blocks for the level" : "no block has a value");
		assert_true(isinf(v.rows[0].detectable_ln));
		verdict_deinit(&v);
	}
	input.blocks_count = 7;
	assert_int_equal(verdict_decide(&cfg, &input, &v, NULL), 0);
	assert_int_equal(v.rows[0].answer, VERDICT_ROW_REGRESSED);
	verdict_deinit(&v);
	for (size_t i = 0; i < N; i++)
		d[i] = i % 2 ? NAN : -INFINITY;
	input.blocks_count = N;
	assert_int_equal(verdict_decide(&cfg, &input, &v, NULL), 0);
	assert_int_equal(v.joint, VERDICT_INCONCLUSIVE);
	assert_int_equal(v.rows[0].missing_count, N);
	verdict_deinit(&v);
	input.metrics_count = 0;
	assert_int_equal(verdict_decide(&cfg, &input, &v, NULL), 0);
	assert_int_equal(v.joint, VERDICT_INCONCLUSIVE);
	verdict_deinit(&v);
}

static void test_values_that_are_all_equal(void **state)
{
	struct verdict_metric cpu = *verdict_metric_find("cpu_ns_per_request");
	struct verdict_input input = { .metrics = &cpu, .metrics_count = 1, .blocks_count = N };
	double d[N] = { 0 };
	struct verdict v;

	(void)state;
	input.d = d;
	assert_int_equal(verdict_decide(&cfg, &input, &v, NULL), 0);
	assert_int_equal(v.joint, VERDICT_EQUIVALENT);
	verdict_deinit(&v);
	for (size_t i = 0; i < N; i++)
		d[i] = 0.02;
	assert_int_equal(verdict_decide(&cfg, &input, &v, NULL), 0);
	assert_int_equal(v.rows[0].answer, VERDICT_ROW_REGRESSED);
	verdict_deinit(&v);
	/* An instrument that cannot see 5 % has not seen 2 %. */
	cpu.resolution_ln = 0.05;
	assert_int_equal(verdict_decide(&cfg, &input, &v, NULL), 0);
	assert_int_equal(v.rows[0].answer, VERDICT_ROW_EQUIVALENT);
	assert_near(v.rows[0].margin_ln, 0.05, 0);
	verdict_deinit(&v);
}

static void test_bad_configuration_is_refused(void **state)
{
	struct verdict_metric m[VERDICT_BLOCKING_MAX + 1];
	struct verdict_input input = { .metrics = m, .metrics_count = 1, .blocks_count = 0 };
	struct verdict_cfg bad = cfg;
	struct err err;
	struct verdict v;

	(void)state;
	for (size_t i = 0; i <= VERDICT_BLOCKING_MAX; i++)
		m[i] = *verdict_metric_find("cpu_ns_per_request");
	m[0].margin_ratio = NAN;
	assert_int_equal(verdict_decide(&cfg, &input, &v, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "cpu_ns_per_request"));
	m[0].margin_ratio = -0.1;
	assert_int_equal(verdict_decide(&cfg, &input, &v, &err), -EINVAL);
	m[0] = m[1];
	bad.alpha = 1.5;
	assert_int_equal(verdict_decide(&bad, &input, &v, &err), -EINVAL);
	input.metrics_count = VERDICT_BLOCKING_MAX + 1;
	assert_int_equal(verdict_decide(&cfg, &input, &v, &err), -EINVAL);
	assert_string_equal(err.msg, "verdict: too many metrics that block");
	assert_null(verdict_metric_find("colour"));
	assert_null(verdict_count_find("colour"));
}

static void test_same_input_and_seed_give_the_same_answer(void **state)
{
	struct verdict a = judge3(0.012, 0.02, 0, NULL, 0), b = judge3(0.012, 0.02, 0, NULL, 0);

	(void)state;
	for (size_t i = 0; i < a.rows_count; i++) {
		const struct verdict_row *x = &a.rows[i], *y = &b.rows[i];

		assert_near(x->theta, y->theta, 0);
		assert_near(x->low, y->low, 0);
		assert_near(x->high, y->high, 0);
		assert_near(x->lower, y->lower, 0);
		assert_near(x->upper, y->upper, 0);
		assert_near(x->p_worse, y->p_worse, 0);
		assert_near(x->p_adjusted, y->p_adjusted, 0);
		assert_near(x->detectable_ln, y->detectable_ln, 0);
		assert_int_equal(x->blocks_needed, y->blocks_needed);
	}
	assert_string_equal(a.sentence, b.sentence);
	verdict_deinit(&a);
	verdict_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_truth_table_from_measurements),
		cmocka_unit_test(test_truth_table_is_total_and_sane),
		cmocka_unit_test(test_answers_of_one_metric),
		cmocka_unit_test(test_rates_are_better_when_bigger),
		cmocka_unit_test(test_inconclusive_says_how_many_blocks),
		cmocka_unit_test(test_not_worse_is_not_equivalent),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_explaining_rows_never_block),
		cmocka_unit_test(test_looks_stop_or_go_on),
		cmocka_unit_test(test_too_little_data_claims_nothing),
		cmocka_unit_test(test_values_that_are_all_equal),
		cmocka_unit_test(test_bad_configuration_is_refused),
		cmocka_unit_test(test_same_input_and_seed_give_the_same_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
