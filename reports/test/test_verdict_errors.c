/*
 * test_verdict_errors.c - how often the whole verdict is wrong, and how often it sees what is
 * there, over seeded simulated sittings with drift, slow neighbours and bursts. A short
 * version of what build/release/test/verdict_certify measures at length.
 *
 * At alpha 5 %, where a few hundred rounds tell: 100 draws of a 5 % event are at most 13 in 99.9 %
 * of cases.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "reports/test/gate.h"

enum { ROUNDS = 100, FALSE_MAX = 13 };

struct tally {
	size_t joint[VERDICT_JOINTS];
	size_t false_regressed, false_not_worse, uncovered, blocks;
};

static struct tally run(const struct gate *g, uint64_t seed)
{
	struct tally t = { 0 };
	struct rng rng;

	rng_init(&rng, seed, 0);
	for (int i = 0; i < ROUNDS; i++) {
		struct gate_end end = gate_run(g, &rng);

		t.joint[end.joint]++;
		t.false_regressed += end.has_false_regressed;
		t.false_not_worse += end.has_false_not_worse;
		t.uncovered += end.has_uncovered;
		t.blocks += end.blocks_count;
	}
	for (int k = 0; k < VERDICT_JOINTS; k++)
		if (t.joint[k])
			print_message("%s %zu  ", verdict_joint_name((enum verdict_joint)k),
				      t.joint[k]);
	print_message("| false regressed %zu, false not worse %zu, uncovered %zu of %d, %.1f "
		      "blocks\n",
		      t.false_regressed, t.false_not_worse, t.uncovered, ROUNDS,
		      (double)t.blocks / ROUNDS);
	return t;
}

static void quick(struct gate *g)
{
	gate_init(g, 0.05);
	g->flips_count = 999;
}

/* Nobody is at the margin, so alarms are far rarer than alpha. */
static void test_identical_arms_do_not_block(void **state)
{
	struct gate g;
	struct tally t;

	(void)state;
	quick(&g);
	g.counts_count = 1;
	t = run(&g, 1);
	assert_in_range(t.false_regressed, 0, 3);
	assert_int_equal(t.joint[VERDICT_EQUIVALENT] + t.joint[VERDICT_INCONCLUSIVE] +
				 t.false_regressed,
			 ROUNDS);
	assert_in_range(t.uncovered, 1, FALSE_MAX);
}

static void test_identical_arms_are_equivalent_on_a_quiet_machine(void **state)
{
	struct gate g;
	struct tally t;

	(void)state;
	quick(&g);
	for (size_t q = 0; q < GATE_METRICS; q++)
		g.scale[q] /= 4;
	t = run(&g, 8);
	assert_in_range(t.joint[VERDICT_EQUIVALENT], ROUNDS * 95 / 100, ROUNDS);
}

/* With no margin, identical arms are the least favourable case of REGRESSED. */
static void test_false_regressed_without_margins(void **state)
{
	struct gate g;
	struct tally t;

	(void)state;
	quick(&g);
	for (size_t q = 0; q < GATE_METRICS; q++)
		g.metrics[q].margin_ratio = 0;
	t = run(&g, 2);
	assert_in_range(t.false_regressed, 1, FALSE_MAX);
}

/* Every metric worse by just its margin: neither REGRESSED nor NOT_WORSE may be said. */
static void test_both_errors_at_the_margin(void **state)
{
	struct gate g;
	struct tally t;

	(void)state;
	quick(&g);
	for (size_t q = 0; q < GATE_METRICS; q++)
		g.shift[q] = log1p(g.metrics[q].margin_ratio);
	t = run(&g, 3);
	assert_in_range(t.false_regressed, 1, FALSE_MAX);
	assert_in_range(t.false_not_worse, 1, FALSE_MAX);
}

static void test_five_percent_more_cpu_time_is_found(void **state)
{
	struct gate g;
	struct tally t;

	(void)state;
	quick(&g);
	g.shift[0] = log(1.05);
	g.counts_count = 1;
	g.counts[0].b *= 1.05;
	t = run(&g, 4);
	assert_in_range(t.joint[VERDICT_HIDDEN] + t.joint[VERDICT_REGRESSED], ROUNDS * 95 / 100,
			ROUNDS);
	assert_true(t.blocks < (size_t)35 * ROUNDS);
	/* The same without counts, and the same with counts that did not move. */
	g.counts_count = 0;
	t = run(&g, 5);
	assert_in_range(t.joint[VERDICT_HIDDEN] + t.joint[VERDICT_REGRESSED], ROUNDS * 95 / 100,
			ROUNDS);
	g.counts_count = 1;
	g.counts[0].b = g.counts[0].a;
	t = run(&g, 6);
	assert_in_range(t.joint[VERDICT_LAYOUT], ROUNDS * 95 / 100, ROUNDS);
}

static void test_improvement_is_found(void **state)
{
	struct gate g;
	struct tally t;

	(void)state;
	quick(&g);
	g.shift[0] = log(0.9);
	g.shift[2] = log(0.93);
	g.shift[3] = log(0.93);
	t = run(&g, 7);
	assert_in_range(t.joint[VERDICT_IMPROVED], ROUNDS * 95 / 100, ROUNDS);
	assert_in_range(t.false_regressed, 0, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identical_arms_do_not_block),
		cmocka_unit_test(test_identical_arms_are_equivalent_on_a_quiet_machine),
		cmocka_unit_test(test_false_regressed_without_margins),
		cmocka_unit_test(test_both_errors_at_the_margin),
		cmocka_unit_test(test_five_percent_more_cpu_time_is_found),
		cmocka_unit_test(test_improvement_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
