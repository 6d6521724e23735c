/* pair_effect.h - the effects of the valid blocks: changes in percent with their intervals. */
#ifndef LOADGEN_PAIR_EFFECT_H
#define LOADGEN_PAIR_EFFECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loadgen/pair_metric.h"
#include "loadgen/pair_schedule.h"

struct err;

/* Of one metric between arm and base; percentages are of base. */
struct pair_effect {
	uint32_t arm; /* against arm 0 */
	const struct pair_metric *metric;
	size_t pairs_count;
	double base_median, arm_median;
	double change_pct;
	double low_pct, high_pct; /* at 95 %, over the family when the metric is judged */
	double p_adjusted;        /* NaN when the metric is not judged */
	double detectable_pct;    /* smallest change seen with power 80 %; NaN unknown */
	double spread_pct;        /* robust SD of the log ratios */
	double half_alone;        /* half of the metric's own interval, as a log ratio */
	double *differences;      /* owned; ln arm - ln base, by block */
};

struct pair_effects {
	struct pair_effect *rows; /* owned */
	size_t count;
};

/* The metric's values: of block i, arm and metric; NaN unknown. */
typedef double(pair_value)(const void *arg, size_t block, uint32_t arm, size_t metric);

/*
 * Fewer than two pairs give no rows. Metrics that some block does not know are left out.
 * -ENOMEM. Owns: out; pair_effects_deinit, also after failure.
 */
int pair_effects_compute(pair_value *value, const void *arg, size_t blocks_count,
			 uint32_t arms_count, uint64_t seed, struct pair_effects *out,
			 struct err *err);
void pair_effects_deinit(struct pair_effects *e);

#endif
