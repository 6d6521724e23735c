/*
 * judge.h - the one rule by which a target is met or missed.
 *
 * A figure that was measured several times (in rounds, in runs) has an interval: that of the signed
 * rank at 95 % (lib/stats.h), of its logarithm where it is positive, so that a ratio and its
 * inverse are judged alike. A target is met or missed when the whole interval lies on one side of
 * the limit, and not settled otherwise; below JUDGE_COUNT_MIN values no interval of 95 % has ends.
 * A figure that was measured once says nothing of how it scatters: it is judged as it is.
 */
#ifndef REPORTS_JUDGE_H
#define REPORTS_JUDGE_H

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

/* What each of the runs views[0], views[step]... measured; those that did not are left out. */
int judge_runs(const struct target *t, const struct view *views, size_t count, size_t step,
	       struct judged *out);

/* The target's figure in one run, NaN = not measured. */
double target_read(const struct target *t, const struct view *v);

/* "met", "missed", "not settled", "not measured", or "shown": it has no limit. */
const char *verdict_name(enum verdict verdict);

#endif
