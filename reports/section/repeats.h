/*
 * repeats.h - several pairs of runs judged together: effect, simultaneous interval,
 * p-value corrected for the number of metrics, and the smallest effect that this many pairs can
 * detect. The pair is the unit; the order inside a pair must alternate or be random.
 *
 * The family that is judged consists of a few metrics, fixed beforehand; correcting for all metrics
 * would hide every effect. The others are shown with their own interval and not judged.
 */
#ifndef REPORTS_SECTION_REPEATS_H
#define REPORTS_SECTION_REPEATS_H

#include <stdbool.h>
#include <stddef.h>

struct metric;
struct view;

enum { REPEATS_MAX = 100, REPEATS_METRICS_MAX = 32 };

struct repeats_row {
	const struct metric *metric;
	bool is_judged;           /* belongs to the family */
	double effect_pct;        /* Hodges-Lehmann */
	double low_pct, high_pct; /* at 95 %, of the family simultaneous; infinite: too few pairs */
	double p_raw, p_adjusted; /* two-sided; adjusted is NaN if not judged */
	double detectable_pct; /* with power 90 % at the one-sided 1 % level; NaN below 7 pairs */
	double d_ln[REPEATS_MAX]; /* ln optimized - ln baseline of each pair */
};

struct repeats {
	size_t pairs_count;
	struct repeats_row rows[REPEATS_METRICS_MAX];
	size_t rows_count; /* metrics that every run has, above 0; the family first */
	size_t judged_count;
	char lacking[256]; /* titles of the family's metrics that are missing in some run */
};

/* The fewest pairs with which this many metrics can each reach a two-sided level of 5 %. */
size_t repeats_reachable(size_t judged_count);

/* views: baseline, optimized, baseline, optimized... [2 * pairs_count]. 0, -EINVAL or -ENOMEM. */
int repeats_judge(const struct view *views, size_t pairs_count, struct repeats *out);

#endif
