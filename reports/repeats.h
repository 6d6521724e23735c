/*
 * repeats.h - several pairs of runs judged together: effect, simultaneous interval,
 * p-value corrected for the number of metrics, and the smallest effect that so many pairs can show.
 * The pair is the unit; the order inside a pair must alternate or be drawn by lot.
 */
#ifndef REPORTS_REPEATS_H
#define REPORTS_REPEATS_H

#include <stddef.h>

struct metric;
struct view;

enum { REPEATS_MAX = 100, REPEATS_METRICS_MAX = 32 };

struct repeats_row {
	const struct metric *metric;
	double effect_pct;        /* Hodges-Lehmann */
	double low_pct, high_pct; /* simultaneous over all rows at 95 %; infinite: too few pairs */
	double p_raw, p_adjusted; /* two-sided */
	double detectable_pct; /* with power 90 % at the one-sided 1 % level; NaN below 3 pairs */
	double d_ln[REPEATS_MAX]; /* ln optimized - ln baseline of each pair */
};

struct repeats {
	size_t pairs_count;
	struct repeats_row rows[REPEATS_METRICS_MAX];
	size_t rows_count; /* metrics that every run has, above 0 */
};

/* views: baseline, optimized, baseline, optimized... [2 * pairs_count]. 0, -EINVAL or -ENOMEM. */
int repeats_judge(const struct view *views, size_t pairs_count, struct repeats *out);

#endif
