/*
 * judge.h - the single rule by which a target is met or missed.
 *
 * A figure measured several times (in rounds, in runs) has an interval: the 95 % interval of the
 * signed rank (lib/stats.h), of its logarithm if it is positive, so that a ratio and its inverse
 * are judged alike. A target is met or missed when the whole interval lies on one side of the
 * limit, and not settled otherwise; with fewer than JUDGE_COUNT_MIN values a 95 % interval is
 * unbounded. A figure measured once says nothing about its variation: it is compared directly.
 */
#ifndef REPORTS_JUDGE_JUDGE_H
#define REPORTS_JUDGE_JUDGE_H

#include <stddef.h>

struct target;
struct view;

enum { JUDGE_COUNT_MIN = 6 }; /* stats_reachable_n(0.05 / 2) */

enum verdict { VERDICT_UNMEASURED, VERDICT_MET, VERDICT_MISSED, VERDICT_UNSETTLED, VERDICT_SHOWN };

struct judged {
	size_t count;     /* of values */
	double value;     /* Hodges-Lehmann estimate; NaN = not measured */
	double low, high; /* NaN for one value, infinite for too few */
	enum verdict verdict;
};

/* values[count], none of them NaN. -ENOMEM; -EINVAL: more than STATS_N_MAX. */
int judge_values(const struct target *t, const double *values, size_t count, struct judged *out);

/* Judges the measurements of the runs views[0], views[step]...; runs without the figure are
 * skipped. */
int judge_runs(const struct target *t, const struct view *views, size_t count, size_t step,
	       struct judged *out);

/* The target's figure in one run, NaN = not measured. */
double target_read(const struct target *t, const struct view *v);

/* "met", "missed", "not settled", "not measured", or "shown": it has no limit. */
const char *verdict_name(enum verdict verdict);

#endif
