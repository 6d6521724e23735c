/* stats_betting.c - see stats_betting.h. In logarithms, so that thousands of blocks fit. */
#include "reports/lib/stats_betting.h"

#include <math.h>

static double lambda_of(size_t i)
{
	return i + 1 < STATS_BETTING_GRID ? 0.1 * (double)(i + 1) : 0.95;
}

void stats_betting_init(struct stats_betting *b)
{
	*b = (struct stats_betting){ 0 };
}

static double log_mean_exp(const double *v, size_t n)
{
	double largest = v[0], sum = 0;

	for (size_t i = 1; i < n; i++)
		largest = fmax(largest, v[i]);
	for (size_t i = 0; i < n; i++)
		sum += exp(v[i] - largest);
	return largest + log(sum / (double)n);
}

void stats_betting_add(struct stats_betting *b, double d)
{
	double sign = d > 0 ? 1 : d < 0 ? -1 : 0;

	if (!isfinite(d))
		return;
	b->n++;
	for (size_t i = 0; i < STATS_BETTING_GRID; i++)
		b->log_wealth[i] += log1p(sign * lambda_of(i));
	b->log_e = log_mean_exp(b->log_wealth, STATS_BETTING_GRID);
	b->log_e_max = fmax(b->log_e_max, b->log_e);
}

double stats_betting_p(const struct stats_betting *b)
{
	return exp(-b->log_e_max);
}
