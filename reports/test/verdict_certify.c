/*
 * verdict_certify.c - error rates and power of the verdict at length, over simulated sittings. Not
 * a test; build/release/test/verdict_certify [GATES] [ALPHA] [SEED] prints a table for the docs.
 *
 * 300 gates a row at alpha 1 %, seed 1 (2 minutes of CPU time in all); % of gates [95 % bounds]:
 *	                          false REGRESSED  false NOT_WORSE  blocks  verdicts
 *	A/A, counts equal         0.0 [0.0 1.2]    0.0 [0.0 1.2]    39.2    INCONCL. 80, EQUIV. 20
 *	A/A, margins 0            1.0 [0.2 2.9]    0.0 [0.0 1.2]    40.0    INCONCL. 99, REGRESSED 1
 *	all at their margins      1.0 [0.2 2.9]    1.0 [0.2 2.9]    40.0    INCONCL. 99, REGRESSED 1
 *	+2 % CPU                  0.0              0.0              38.6    HIDDEN 22, INCONCL. 78
 *	+3 % CPU                  0.0              0.0              31.8    HIDDEN 85, INCONCL. 15
 *	+5 % CPU                  0.0              0.0              22.3    HIDDEN 100
 *	+5 % CPU, instr. equal    0.0              0.0              22.3    LAYOUT 100
 *	+1 % instructions         0.0              0.0              39.2    WORK_UP 100
 *	+5 % p50                  0.0              0.0              39.4    ENVIRONMENT 100
 *	+10 % CPU p99 only        0.0              0.0              24.2    LAYOUT 97, EQUIV. 2
 *	-5 % CPU and p50          0.0              0.0              20.9    IMPROVED 98, EQUIV. 2
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "reports/lib/stats_dist.h"
#include "reports/test/gate.h"

struct scene {
	const char *name;
	double shift[GATE_METRICS]; /* cpu, cpu p99, throughput, p50, p90, p99, RSS; ratio, worse up
				     */
	double instructions;        /* ratio; NaN: not counted */
	bool is_at_margin;          /* every shift is the metric's own margin */
	bool has_no_margin;
};

static const struct scene scenes[] = {
	{ .name = "A/A, counts equal" },
	{ .name = "A/A, no counts", .instructions = NAN },
	{ .name = "A/A, margins 0", .instructions = NAN, .has_no_margin = true },
	{ .name = "all at their margins", .instructions = NAN, .is_at_margin = true },
	{ .name = "+2 % CPU", .shift = { 0.02 }, .instructions = NAN },
	{ .name = "+3 % CPU", .shift = { 0.03 }, .instructions = NAN },
	{ .name = "+5 % CPU", .shift = { 0.05 }, .instructions = NAN },
	{ .name = "+5 % CPU, +5 % instr.", .shift = { 0.05 }, .instructions = 0.05 },
	{ .name = "+5 % CPU, instr. equal", .shift = { 0.05 } },
	{ .name = "+1 % instructions", .instructions = 0.01 },
	{ .name = "+5 % p50", .shift = { 0, 0, 0, 0.05 } },
	{ .name = "+10 % CPU p99 only", .shift = { 0, 0.10 } },
	{ .name = "-5 % CPU and p50", .shift = { -0.05, 0, -0.05, -0.05 }, .instructions = -0.05 },
};

static void set_up(const struct scene *s, double alpha, struct gate *g)
{
	gate_init(g, alpha);
	g->flips_count = 9999;
	for (size_t q = 0; q < GATE_METRICS; q++) {
		if (s->has_no_margin)
			g->metrics[q].margin_ratio = 0;
		g->shift[q] = log1p(s->is_at_margin ? g->metrics[q].margin_ratio : s->shift[q]);
	}
	g->counts_count = isnan(s->instructions) ? 0u : 1u;
	g->counts[0].b = g->counts[0].a * (1 + (isnan(s->instructions) ? 0 : s->instructions));
}

static void print_rate(size_t hits, size_t n)
{
	double low, high;

	if (stats_clopper_pearson(hits, n, 0.05, &low, &high) == 0)
		printf(" %5.1f [%4.1f %5.1f]", 100 * (double)hits / (double)n, 100 * low,
		       100 * high);
}

static void measure(const struct scene *s, size_t gates, double alpha, uint64_t seed)
{
	size_t joint[VERDICT_JOINTS] = { 0 }, regressed = 0, not_worse = 0, blocks = 0;
	struct rng rng;
	struct gate g;

	set_up(s, alpha, &g);
	rng_init(&rng, seed, 0);
	for (size_t i = 0; i < gates; i++) {
		struct gate_end end = gate_run(&g, &rng);

		joint[end.joint]++;
		regressed += end.has_false_regressed;
		not_worse += end.has_false_not_worse;
		blocks += end.blocks_count;
	}
	printf("%-23s", s->name);
	print_rate(regressed, gates);
	print_rate(not_worse, gates);
	printf(" %6.1f ", (double)blocks / (double)gates);
	for (int k = 0; k < VERDICT_JOINTS; k++)
		if (joint[k])
			printf(" %s %.1f", verdict_joint_name((enum verdict_joint)k),
			       100 * (double)joint[k] / (double)gates);
	printf("\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	size_t gates = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	double alpha = argc > 2 ? strtod(argv[2], NULL) : 0.01;
	uint64_t seed = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;

	if (gates < 1 || !(alpha > 0 && alpha < 0.5)) {
		fprintf(stderr, "usage: verdict_certify [GATES] [ALPHA] [SEED]\n");
		return 2;
	}
	printf("%zu gates, alpha %g, looks at 12 20 28 40 blocks; %% of gates [95 %% bounds]\n"
	       "%-23s %-19s %-19s %-7s verdicts\n",
	       gates, alpha, "", "false regressed", "false not worse", "blocks");
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		measure(&scenes[i], gates, alpha, seed);
	return 0;
}
