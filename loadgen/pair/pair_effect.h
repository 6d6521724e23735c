/* pair_effect.h - the effects over the valid blocks: changes in percent with their intervals. */
#ifndef LOADGEN_PAIR_PAIR_EFFECT_H
#define LOADGEN_PAIR_PAIR_EFFECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loadgen/pair/pair_metric.h"
#include "loadgen/pair/pair_schedule.h"

struct err;

/* The effect on one metric of an arm compared with the base; percentages are of the base. */
struct pair_effect {
	uint32_t arm; /* compared with arm 0 */
	const struct pair_metric *metric;
	size_t pairs_count;
	double base_median, arm_median;
	double change_pct;
	double low_pct, high_pct; /* 95 %, for the whole family if the metric is judged */
	double p_adjusted;        /* NaN when the metric is not judged */
	double detectable_pct;    /* smallest detectable change, power 80 %; NaN unknown */
	double spread_pct;        /* robust SD of the log ratios */
	double half_alone;        /* half of the metric's own interval, as a log ratio */
	double *differences;      /* owned; ln arm - ln base, by block */
};

struct pair_effects {
	struct pair_effect *rows; /* owned */
	size_t count;
};

/* The values of a sitting. */
struct pair_values {
	/* Returns a metric's value in block i for an arm; NaN if unknown. */
	double (*of)(const void *arg, size_t block, uint32_t arm, size_t metric);
	const void *arg;
	size_t blocks_count;
	uint32_t arms_count;
};

/*
 * With fewer than two pairs there are no rows. Metrics that are unknown in a block are left out.
 * -ENOMEM. Owns: out; pair_effects_deinit, also after failure.
 */
int pair_effects_compute(const struct pair_values *v, uint64_t seed, struct pair_effects *out,
			 struct err *err);
void pair_effects_deinit(struct pair_effects *e);

#endif
