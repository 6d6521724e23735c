/*
 * stats_multiple.h - p-values corrected for their number.
 *
 * Holm keeps the probability of any false alarm, whatever the dependence: for a family whose rows
 * cannot share sign flips. Benjamini-Hochberg keeps the expected share of false ones among the rows
 * that are named: for long lists that explain and never block. A corrected p-value at or below the
 * level means rejected.
 * p[n] in 0..1; NaN means not tested: it stays NaN and is not counted. adjusted may be p itself.
 * Returns 0, -EINVAL (a p-value outside 0..1) or -ENOMEM. Threads: no state.
 * Sources: Holm 1979; Benjamini & Hochberg 1995.
 */
#ifndef REPORTS_LIB_STATS_MULTIPLE_H
#define REPORTS_LIB_STATS_MULTIPLE_H

#include <stddef.h>

int stats_holm(const double *p, size_t n, double *adjusted);
int stats_benjamini_hochberg(const double *p, size_t n, double *adjusted);

#endif
