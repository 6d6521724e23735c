#include "reports/lib/stats_dist.h"

#include <errno.h>
#include <math.h>

/* A distribution function with up to two parameters. */
typedef double(cdf_of)(double x, double a, double b);

static double bisect_between(cdf_of *cdf, double a, double b, double p, double low, double high)
{
	for (int i = 0; i < 200 && high - low > 1e-13 * (1e-3 + fabs(low)); i++) {
		double mid = (low + high) / 2;

		if (cdf(mid, a, b) < p)
			low = mid;
		else
			high = mid;
	}
	return (low + high) / 2;
}

/* The same on the whole line: the bracket grows until it holds p. */
static double bisect_line(cdf_of *cdf, double a, double p)
{
	double low = -1, high = 1;

	while (cdf(low, a, 0) > p && low > -1e12)
		low *= 2;
	while (cdf(high, a, 0) < p && high < 1e12)
		high *= 2;
	return bisect_between(cdf, a, 0, p, low, high);
}

double stats_normal_cdf(double z)
{
	return 0.5 * erfc(-z / M_SQRT2);
}

static double normal_cdf_of(double z, double unused_a, double unused_b)
{
	(void)unused_a;
	(void)unused_b;
	return stats_normal_cdf(z);
}

double stats_normal_quantile(double p)
{
	return bisect_line(normal_cdf_of, 0, p);
}

/* lgamma writes to a global variable. */
static double log_gamma(double x)
{
	int sign;

	return lgamma_r(x, &sign);
}

static double off_zero(double x)
{
	return fabs(x) < 1e-300 ? 1e-300 : x;
}

/* Continued fraction of the incomplete beta function (Lentz's method; Abramowitz 26.5.8). */
static double beta_fraction(double a, double b, double x)
{
	double c = 1, d = 1 / off_zero(1 - (a + b) * x / (a + 1)), f = d;

	for (int m = 1; m < 10000; m++) {
		double odd = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double even = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double step;

		d = 1 / off_zero(1 + odd * d);
		c = off_zero(1 + odd / c);
		f *= d * c;
		d = 1 / off_zero(1 + even * d);
		c = off_zero(1 + even / c);
		step = d * c;
		f *= step;
		if (fabs(step - 1) < 1e-15)
			break;
	}
	return f;
}

double stats_beta_cdf(double x, double a, double b)
{
	double front;

	if (x <= 0 || x >= 1)
		return x <= 0 ? 0 : 1;
	front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double stats_beta_quantile(double p, double a, double b)
{
	return bisect_between(stats_beta_cdf, a, b, p, 0, 1);
}

static double t_cdf(double t, double df, double unused)
{
	double tail = 0.5 * stats_beta_cdf(df / (df + t * t), df / 2, 0.5);

	(void)unused;
	return t > 0 ? 1 - tail : tail;
}

double stats_t_quantile(double p, double df)
{
	return bisect_line(t_cdf, df, p);
}

/* Through logarithms, so that n may be large. */
double stats_coin_cdf(uint64_t n, uint64_t k)
{
	double p = 0, dn = (double)n;

	for (uint64_t i = 0; i <= k && i <= n; i++) {
		double di = (double)i;

		p += exp(log_gamma(dn + 1) - log_gamma(di + 1) - log_gamma(dn - di + 1) -
			 dn * M_LN2);
	}
	return fmin(p, 1.0);
}

int stats_clopper_pearson(uint64_t hits, uint64_t n, double alpha, double *low, double *high)
{
	double k = (double)hits, misses = (double)(n - hits);

	if (hits > n || !(alpha > 0 && alpha < 1))
		return -EINVAL;
	*low = hits == 0 ? 0 : stats_beta_quantile(alpha / 2, k, misses + 1);
	*high = hits == n ? 1 : stats_beta_quantile(1 - alpha / 2, k + 1, misses);
	return 0;
}

uint64_t stats_trials_needed(uint64_t hits, double rate, double alpha)
{
	uint64_t low = hits + 1, high = low;

	if (!(rate > 1e-12 && rate < 1) || !(alpha > 0 && alpha < 1))
		return 0;
	/* The bound is at most rate exactly when P(X <= hits | n, rate) <= alpha. */
	while (1 - stats_beta_cdf(rate, (double)hits + 1, (double)(high - hits)) > alpha)
		high *= 2;
	while (low < high) {
		uint64_t mid = low + (high - low) / 2;

		if (1 - stats_beta_cdf(rate, (double)hits + 1, (double)(mid - hits)) > alpha)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}
