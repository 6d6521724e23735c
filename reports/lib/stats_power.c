/*
 * stats_power.c - what N pairs can show: the spread, the smallest detectable effect, the pairs
 * needed. reports/test/mde_choice.c is the experiment that the spread was chosen by.
 */
#include "reports/lib/stats.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t stats_reachable_n(double alpha)
{
	assert(alpha > 0);
	return (size_t)ceil(-log2(alpha));
}

/* Lower 25 % point of chi-square over its degrees of freedom (Wilson & Hilferty 1931). */
static double chi_square_share(double df)
{
	double part = 2 / (9 * df);
	double root = 1 - part + stats_normal_quantile(0.25) * sqrt(part);

	return root * root * root;
}

/* The deviation at which a t interval would be as wide as the signed-rank one. */
static double deviation_of_interval(const struct stats_signed_rank *rank, double tail)
{
	double pairs = (double)rank->n * 3 / M_PI;

	return (rank->upper - rank->lower) / 2 * sqrt(pairs) /
	       stats_t_quantile(1 - tail, pairs - 1);
}

/* How much longer the tails are than a normal distribution's: 1 (or less) to 10. */
static double tail_ratio(const double *d, double *scratch, size_t n)
{
	double sd = stats_sd(d, n), mad;

	memcpy(scratch, d, n * sizeof(*scratch));
	mad = stats_robust_sd(scratch, n);
	return sd < 10 * mad ? fmax(1, sd / mad) : sd > 0 ? 10 : 1;
}

int stats_spread(const double *d, size_t n, double level, double *sd)
{
	/* Higher levels would look at the middle of the pairs only; lower ones are out of reach. */
	double tail = fmax(fmin(level, 0.01), exp2(-(double)n));
	struct stats_signed_rank rank;
	double *scratch, bound;
	int rc;

	if (n < 3 || !(level > 0))
		return -EINVAL;
	rc = stats_signed_rank(d, n, tail, &rank);
	if (rc < 0)
		return rc;
	scratch = malloc(n * sizeof(*scratch));
	if (!scratch)
		return -ENOMEM;
	bound = 1 / sqrt(chi_square_share((double)(n - 1)));
	*sd = deviation_of_interval(&rank, tail) * bound *
	      pow(tail_ratio(d, scratch, n), 5 / (double)n);
	free(scratch);
	return 0;
}

double stats_mde(double sd, size_t n, double alpha, double power)
{
	double pairs = (double)n * 3 / M_PI; /* efficiency of the signed rank against the mean */

	if (n < 3)
		return NAN;
	return (stats_t_quantile(1 - alpha, pairs - 1) + stats_t_quantile(power, pairs - 1)) * sd /
	       sqrt(pairs);
}

/* Fewest pairs by the normal distribution, which is never too many; then by t. */
size_t stats_pairs_needed(double sd, double effect, double alpha, double power)
{
	const double most = 1e8;
	double normal = (stats_normal_quantile(1 - alpha) + stats_normal_quantile(power)) * sd;
	size_t low = stats_reachable_n(alpha), high, step;

	if (!(effect > 0))
		return 0;
	normal = fmin(normal * normal / (effect * effect) * M_PI / 3, most);
	low = low < 3 ? 3 : low;
	low = (double)low < normal ? (size_t)normal : low;
	high = low;
	for (step = 1; (double)high < most && stats_mde(sd, high, alpha, power) > effect;
	     step *= 2) {
		low = high + 1;
		high += step;
	}
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (stats_mde(sd, mid, alpha, power) > effect)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}
