/*
 * mde_choice.c - the experiment that chose stats_spread: which spread makes the stated detectable
 * effect true? Not a test; build/release/test/mde_choice [ROUNDS [LEVEL]] prints the
 * table.
 *
 * One round: a sitting of N pairs without effect states what it could have seen, at a one-sided
 * level with power 90 %. A second sitting of N pairs from the same source gets exactly that effect
 * added. The share of second sittings that reject is the realized power. A spread is honest when
 * that lies in 80..95 % for every source and every N.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/rng.h"
#include "reports/lib/stats.h"
#include "reports/lib/stats_private.h"
#include "reports/test/blocks.h"
#include "reports/test/noise.h"

enum { N_MAX = 40, SPREADS = 5, WALSH_MAX = N_MAX * (N_MAX + 1) / 2 };
static const double POWER = 0.90;
static const char *const spread_names[SPREADS] = { "MAD", "SD", "max(MAD, w20)", "interval",
						   "stats_spread" };

/* Where pairs come from: a kind of noise, or recorded blocks with random signs. */
struct source {
	const char *name;
	enum noise_kind kind;
	size_t recorded_count;
	double recorded[BLOCKS_MAX];
};

static void draw(struct rng *rng, const struct source *s, size_t n, double *d)
{
	for (size_t i = 0; i < n; i++)
		if (s->recorded_count)
			d[i] = s->recorded[rng_below(rng, s->recorded_count)] *
			       (rng_below(rng, 2) ? 1 : -1);
		else
			d[i] = noise_value(rng, s->kind);
}

static double mad(const double *d, size_t n)
{
	double copy[N_MAX];

	for (size_t i = 0; i < n; i++)
		copy[i] = d[i];
	return stats_robust_sd(copy, n);
}

/* A fifth at either end pulled in; over .642, what that leaves of a normal deviation. */
static double winsorized_sd(const double *d, size_t n)
{
	double copy[N_MAX] = { 0 };
	size_t g = n / 5;

	for (size_t i = 0; i < n; i++)
		copy[i] = d[i];
	qsort(copy, n, sizeof(*copy), stats_by_value);
	for (size_t i = 0; i < g; i++) {
		copy[i] = copy[g];
		copy[n - 1 - i] = copy[n - 1 - g];
	}
	return stats_sd(copy, n) / 0.642;
}

/* The deviation at which the t interval would be as wide as the signed-rank one at this tail. */
static double from_half_width(const double *walsh, size_t n, double tail)
{
	size_t k = stats_signed_rank_k(n, tail);
	double pairs = (double)n * 3 / M_PI;
	double half = (stats_walsh_high(walsh, n, k) - stats_walsh_low(walsh, n, k)) / 2;

	return half * sqrt(pairs) / stats_t_quantile(1 - tail, pairs - 1);
}

static void spreads_of(const double *d, size_t n, double level, double *out)
{
	double walsh[WALSH_MAX];

	stats_walsh(d, n, walsh);
	out[0] = mad(d, n);
	out[1] = stats_sd(d, n);
	out[2] = fmax(out[0], winsorized_sd(d, n));
	out[3] = from_half_width(walsh, n, 0.01);
	assert_int_equal(stats_spread(d, n, level, &out[4]), 0);
}

/* Rejecting means that the lower bound is above 0, so one sorting serves every stated effect. */
static void measure(const struct source *s, size_t n, double level, size_t rounds)
{
	size_t hits[SPREADS] = { 0 }, k = stats_signed_rank_k(n, level);
	double unit = stats_mde(1, n, level, POWER), d[N_MAX], walsh[WALSH_MAX], spread[SPREADS];
	struct rng rng;

	rng_init(&rng, 1, n);
	for (size_t round = 0; round < rounds; round++) {
		draw(&rng, s, n, d);
		spreads_of(d, n, level, spread);
		draw(&rng, s, n, d);
		stats_walsh(d, n, walsh);
		for (size_t i = 0; i < SPREADS; i++)
			hits[i] += stats_walsh_low(walsh, n, k) + spread[i] * unit > 0;
	}
	printf("%-12s %3zu", s->name, n);
	for (size_t i = 0; i < SPREADS; i++)
		printf(" %*.0f", (int)strlen(spread_names[i]),
		       100 * (double)hits[i] / (double)rounds);
	printf("\n");
	fflush(stdout);
}

static void measure_all(const struct source *s, double level, size_t rounds)
{
	static const size_t n[] = { 9, 12, 20, 40 };

	for (size_t i = 0; i < sizeof(n) / sizeof(n[0]); i++)
		if (exp2(-(double)n[i]) <= level)
			measure(s, n[i], level, rounds);
}

static void measure_recorded(const char *file, const char *label, double level, size_t rounds)
{
	static const struct {
		size_t metric;
		const char *name;
	} which[] = { { BLOCKS_P50, "p50" }, { BLOCKS_P99, "p99" }, { BLOCKS_CPU, "cpu" } };
	struct blocks b;
	char name[64];

	if ((file ? blocks_read_slices(file, &b) : blocks_read_runs("A", "A2", &b)) < 0)
		return;
	for (size_t i = 0; i < (file ? 3 : 2); i++) {
		struct source s = { .name = name, .recorded_count = b.n };

		snprintf(name, sizeof(name), "%s %s", label, which[i].name);
		blocks_column(&b, which[i].metric, s.recorded);
		measure_all(&s, level, rounds);
	}
}

int main(int argc, char **argv)
{
	size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
	double level = argc > 2 ? strtod(argv[2], NULL) : 0.01;

	printf("realized power in %% at the effect stated for level %g, power .90\n%-12s %3s",
	       level, "source", "N");
	for (size_t i = 0; i < SPREADS; i++)
		printf(" %s", spread_names[i]);
	printf("\n");
	for (enum noise_kind kind = 0; kind < NOISE_KINDS; kind++) {
		struct source s = { .name = noise_names[kind], .kind = kind };

		measure_all(&s, level, rounds);
	}
	measure_recorded("blocks/one-second-runs-same.csv", "1 s", level, rounds);
	measure_recorded("blocks/slices-50ms-same.csv", "50 ms", level, rounds);
	measure_recorded("blocks/slices-10ms-same.csv", "10 ms", level, rounds);
	measure_recorded(NULL, "runs", level, rounds);
	return 0;
}
