/* pair_fitness.c - the calibration loop and the limits. */
#include "loadgen/pair/pair_fitness.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "reports/lib/fingerprint.h"
#include "reports/lib/stats.h"

#define BIAS_ALPHA 0.01
#define TURN_NS    (20 * NSEC_PER_MSEC)

/*
 * The values of a machine that nobody else uses are far below these limits, those of a machine with
 * a busy neighbor above: with one process that wants half of the processor, lost_pct is 30 to 50.
 */
const struct pair_fitness_limits pair_fitness_usual = {
	.spread_pct = 10,
	.lost_pct = 10,
	.steal_pct = 5,
	.pressure_pct = 40,
	.bias_pct = 1,
};

/* Work that the compiler cannot remove. */
static uint64_t churn(uint64_t x, uint64_t rounds)
{
	for (uint64_t i = 0; i < rounds; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	return x;
}

struct turn {
	uint64_t wall_ns, cpu_ns;
};

static struct turn time_turn(uint64_t rounds)
{
	uint64_t wall_ns = clock_ns(), cpu_ns = clock_thread_cpu_ns();
	/* The value is not used, but must be computed. */
	volatile uint64_t sink = churn(wall_ns | 1, rounds);

	(void)sink;
	return (struct turn){
		.wall_ns = clock_ns() - wall_ns,
		.cpu_ns = clock_thread_cpu_ns() - cpu_ns,
	};
}

/* Returns how many rounds need TURN_NS of CPU time. */
static uint64_t calibrate(void)
{
	uint64_t rounds = 10000;

	for (;;) {
		struct turn t = time_turn(rounds);

		if (t.cpu_ns >= TURN_NS / 8)
			return (uint64_t)((double)rounds * (double)TURN_NS / (double)t.cpu_ns);
		rounds *= 2;
	}
}

void pair_fitness_take(const cpu_set_t *cpus, struct pair_fitness *out)
{
	double d[PAIR_FITNESS_BLOCKS], copy[PAIR_FITNESS_BLOCKS];
	struct cpu_ticks before, after;
	struct fingerprint machine;
	struct stats_signed_rank bias;
	struct turn sum = { 0 };
	cpu_set_t kept;
	bool is_moved = sched_getaffinity(0, sizeof(kept), &kept) == 0 &&
			sched_setaffinity(0, sizeof(*cpus), cpus) == 0;
	uint64_t rounds;

	memset(out, 0, sizeof(*out));
	/* Taken before our own work shows in it. */
	fingerprint_take(&machine);
	rounds = calibrate();
	cpu_ticks_read(&before);
	for (int i = 0; i < PAIR_FITNESS_BLOCKS; i++) {
		struct turn a = time_turn(rounds), b = time_turn(rounds);

		d[i] = log((double)b.wall_ns / (double)a.wall_ns);
		sum.wall_ns += a.wall_ns + b.wall_ns;
		sum.cpu_ns += a.cpu_ns + b.cpu_ns;
	}
	cpu_ticks_read(&after);
	if (is_moved)
		sched_setaffinity(0, sizeof(kept), &kept);
	memcpy(copy, d, sizeof(d));
	out->is_taken = true;
	out->spread_pct = 100 * stats_robust_sd(copy, PAIR_FITNESS_BLOCKS);
	if (stats_signed_rank(d, PAIR_FITNESS_BLOCKS, BIAS_ALPHA, &bias) == 0) {
		out->bias_pct = 100 * expm1(bias.theta);
		out->bias_low_pct = 100 * expm1(bias.low);
		out->bias_high_pct = 100 * expm1(bias.high);
	}
	out->lost_pct =
		sum.cpu_ns < sum.wall_ns ? 100 * (1 - (double)sum.cpu_ns / (double)sum.wall_ns) : 0;
	out->steal_pct = fingerprint_steal_pct(&before, &after);
	out->pressure_pct = machine.pressure_cpu_pct;
	out->load_1m = machine.load_1m;
}

/* The estimate where its interval does not hold 0. */
static double shown_bias(const struct pair_fitness *f)
{
	return f->bias_low_pct > 0 || f->bias_high_pct < 0 ? fabs(f->bias_pct) : 0;
}

void pair_fitness_judge(struct pair_fitness *f, const struct pair_fitness_limits *limits)
{
	const struct {
		double value, limit;
		const char *says;
	} rules[] = {
		{ f->steal_pct, limits->steal_pct, "the hypervisor takes processor time away" },
		{ f->lost_pct, limits->lost_pct, "other processes use the servers' processor" },
		{ f->spread_pct, limits->spread_pct,
		  "a fixed loop differs from itself (robust SD)" },
		{ shown_bias(f), limits->bias_pct,
		  "a fixed loop takes longer or shorter the second time" },
		{ f->pressure_pct, limits->pressure_pct,
		  "processes waited for a processor in the last 10 s" },
	};

	f->is_fit = true;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]) && f->is_fit; i++) {
		/* An unknown value (NaN) is no reason. */
		if (!(rules[i].value > rules[i].limit))
			continue;
		f->is_fit = false;
		snprintf(f->why, sizeof(f->why), "%s: %.1f %%, the limit is %.0f %%", rules[i].says,
			 rules[i].value, rules[i].limit);
	}
}

void pair_fitness_write(struct json_out *j, const char *key, const struct pair_fitness *f)
{
	if (!f->is_taken) {
		json_put_null(j, key);
		return;
	}
	json_object_open(j, key);
	json_bool(j, "is_fit", f->is_fit);
	json_str(j, "why", f->is_fit ? NULL : f->why);
	json_i64(j, "blocks_count", PAIR_FITNESS_BLOCKS);
	json_f64(j, "spread_pct", f->spread_pct);
	json_f64(j, "bias_pct", f->bias_pct);
	json_f64(j, "bias_low_pct", f->bias_low_pct);
	json_f64(j, "bias_high_pct", f->bias_high_pct);
	json_f64(j, "lost_pct", f->lost_pct);
	json_f64(j, "steal_pct", f->steal_pct);
	json_f64(j, "pressure_cpu_pct", f->pressure_pct);
	json_f64(j, "load_1m", f->load_1m);
	json_close(j);
}
