/*
 * stats_hist.h - quantiles of HDR histograms fine enough to compare two of them.
 *
 * hist_quantile_ns gives the upper end of a bucket, so that two histograms differ by whole buckets
 * (0.05 to 0.1 %) or not at all. Here the values of a bucket are taken as evenly spread over it.
 * An effect smaller than one bucket is still not evidence: stats_hist_resolution says how small.
 * A quantile is supported when at least STATS_TAIL_COUNT values lie beyond it; one that is not says
 * more of single requests than of the server, and comes out as NaN.
 * Threads: no state. Nothing allocates.
 */
#ifndef REPORTS_LIB_STATS_HIST_H
#define REPORTS_LIB_STATS_HIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hist;

enum { STATS_TAIL_COUNT = 20 };

/* n (1 - q) >= 20; below the median n q >= 20. False when q is not between 0 and 1. */
bool stats_quantile_is_supported(uint64_t n, double q);

/* q in 0..1. NaN when empty. Never outside the smallest and largest recorded value. */
double stats_hist_quantile_ns(const struct hist *h, double q);

/*
 * out[i] = quantile q[i], q[m] rising (else -EINVAL), in one pass over the buckets. NaN where the
 * histogram does not support the quantile.
 */
int stats_hist_quantiles_ns(const struct hist *h, const double *q, size_t m, double *out);

/*
 * d[i] = ln b(q[i]) - ln a(q[i]), the paired difference of one block; NaN where one of the two does
 * not support the quantile or is 0 there. q rising, m at most STATS_HIST_QUANTILES_MAX.
 */
enum { STATS_HIST_QUANTILES_MAX = 64 };
int stats_hist_differences(const struct hist *a, const struct hist *b, const double *q, size_t m,
			   double *d);

/* Width of the bucket that holds the value, as a share of the value: the ln that it cannot see. */
double stats_hist_resolution(double value_ns);

#endif
