/*
 * stats_dist.h - distributions that the tests and bounds need: normal, Student's t, beta, binomial.
 *
 * Quantiles are found by bisection of the distribution function: slow, and right to 1e-12 relative.
 * Sources: Abramowitz & Stegun 26.5 (incomplete beta function, continued fraction by Lentz's
 * method); Clopper & Pearson 1934 (exact bounds of a rate).
 * Threads: no state. Nothing allocates.
 */
#ifndef REPORTS_LIB_STATS_DIST_H
#define REPORTS_LIB_STATS_DIST_H

#include <stdint.h>

double stats_normal_cdf(double z);
double stats_normal_quantile(double p); /* p in 0..1 */
double stats_t_quantile(double p, double df);

/* Regularized incomplete beta function I_x(a, b); x in 0..1, a and b > 0. */
double stats_beta_cdf(double x, double a, double b);
double stats_beta_quantile(double p, double a, double b);

/* P(X <= k) of n fair coins. */
double stats_coin_cdf(uint64_t n, uint64_t k);

/*
 * Exact interval of a rate after `hits` of n trials, by Clopper and Pearson: each end errs with
 * probability at most alpha / 2, so that one end alone is a bound at level 1 - alpha / 2.
 * n = 0 gives 0..1. Returns 0, or -EINVAL (hits > n, alpha not in 0..1).
 */
int stats_clopper_pearson(uint64_t hits, uint64_t n, double alpha, double *low, double *high);

/*
 * Fewest trials, `hits` of them with a hit, after which the one-sided upper bound at level 1 -
 * alpha is at most `rate`: what a certificate needs to claim that rate. 0 when rate or alpha is not
 * between 0 and 1, or rate is below 1e-12.
 */
uint64_t stats_trials_needed(uint64_t hits, double rate, double alpha);

#endif
