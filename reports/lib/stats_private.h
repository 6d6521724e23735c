/* stats_private.h - what the files of the statistics share: Walsh averages and the signed rank. */
#ifndef REPORTS_LIB_STATS_PRIVATE_H
#define REPORTS_LIB_STATS_PRIVATE_H

#include <stddef.h>

/* For qsort; no NaN. */
int stats_by_value(const void *a, const void *b);

/* n (n + 1) / 2 averages (d[i] + d[k]) / 2, i <= k, sorted. walsh has room for them. */
void stats_walsh(const double *d, size_t n, double *walsh);
static inline size_t stats_walsh_count(size_t n)
{
	return n * (n + 1) / 2;
}

/*
 * Largest k with P(W < k) <= tail: the k-th Walsh average from either end bounds theta at 1 - tail.
 * 0 when n is too small for the tail.
 */
size_t stats_signed_rank_k(size_t n, double tail);

/* The k-th from the low or the high end of sorted Walsh averages; k = 0: -infinity, infinity. */
double stats_walsh_low(const double *walsh, size_t n, size_t k);
double stats_walsh_high(const double *walsh, size_t n, size_t k);

#endif
