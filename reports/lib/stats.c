/*
 * stats.c - one metric at a time: medians, signed rank, sign test, detectable effect.
 *
 * The signed-rank distribution counts, for each sum s, the subsets of {1..n} that add up to s:
 * adding rank k turns every sum s into s or s + k. Divided by 2 at each step it stays a
 * probability, so nothing overflows.
 */
#include "reports/lib/stats.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double stats_median(double *v, size_t n)
{
	if (n == 0)
		return NAN;
	qsort(v, n, sizeof(*v), compare_doubles);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

double stats_robust_sd(double *v, size_t n)
{
	double median = stats_median(v, n);

	for (size_t i = 0; i < n; i++)
		v[i] = fabs(v[i] - median);
	return 1.4826 * stats_median(v, n);
}

double stats_mean(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return n ? sum / (double)n : NAN;
}

double stats_normal_cdf(double z)
{
	return 0.5 * erfc(-z / M_SQRT2);
}

/* Finds the root of an increasing function by bisection: slow, but exact enough here. */
static double bisect(double (*cdf)(double, double), double arg, double p)
{
	double low = -1, high = 1;

	while (cdf(low, arg) > p && low > -1e12)
		low *= 2;
	while (cdf(high, arg) < p && high < 1e12)
		high *= 2;
	for (int i = 0; i < 200 && high - low > 1e-13 * (1 + fabs(low)); i++) {
		double mid = (low + high) / 2;

		if (cdf(mid, arg) < p)
			low = mid;
		else
			high = mid;
	}
	return (low + high) / 2;
}

static double normal_cdf_of(double z, double unused)
{
	(void)unused;
	return stats_normal_cdf(z);
}

double stats_normal_quantile(double p)
{
	return bisect(normal_cdf_of, 0, p);
}

/* lgamma writes to a global variable. */
static double log_gamma(double x)
{
	int sign;

	return lgamma_r(x, &sign);
}

/* Continued fraction of the incomplete beta function (Lentz's method; Abramowitz 26.5.8). */
static double beta_fraction(double a, double b, double x)
{
	const double tiny = 1e-300;
	double c = 1, d = 1 - (a + b) * x / (a + 1), f;

	d = 1 / (fabs(d) < tiny ? tiny : d);
	f = d;
	for (int m = 1; m < 500; m++) {
		double odd = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double even = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		double step;

		d = 1 + odd * d;
		c = 1 + odd / c;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		f *= d * (fabs(c) < tiny ? tiny : c);
		d = 1 + even * d;
		c = 1 + even / c;
		d = 1 / (fabs(d) < tiny ? tiny : d);
		step = d * (fabs(c) < tiny ? tiny : c);
		f *= step;
		if (fabs(step - 1) < 1e-15)
			break;
	}
	return f;
}

static double incomplete_beta(double a, double b, double x)
{
	double front =
		exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x));

	if (x <= 0 || x >= 1)
		return x <= 0 ? 0 : 1;
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(a, b, x) / a;
	return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

static double t_cdf(double t, double df)
{
	double tail = 0.5 * incomplete_beta(df / 2, 0.5, df / (df + t * t));

	return t > 0 ? 1 - tail : tail;
}

double stats_t_quantile(double p, double df)
{
	return bisect(t_cdf, df, p);
}

/* P(W <= w) by counting; w whole. */
static double exact_cdf(size_t n, double w)
{
	enum { SUM_MAX = STATS_EXACT_N_MAX * (STATS_EXACT_N_MAX + 1) / 2 };
	double p[SUM_MAX + 1] = { 1.0 };
	size_t top = 0;
	double cdf = 0;

	for (size_t k = 1; k <= n; k++) {
		top += k;
		for (size_t s = top + 1; s-- > 0;)
			p[s] = 0.5 * (p[s] + (s >= k ? p[s - k] : 0));
	}
	for (size_t s = 0; s <= top && (double)s <= w; s++)
		cdf += p[s];
	return fmin(cdf, 1.0);
}

double stats_signed_rank_cdf(size_t n, double w)
{
	double sums = (double)n * (double)(n + 1);

	if (w < 0)
		return 0;
	if (w >= sums / 2)
		return 1;
	if (n <= STATS_EXACT_N_MAX)
		return exact_cdf(n, floor(w));
	return stats_normal_cdf((w + 0.5 - sums / 4) / sqrt(sums * (double)(2 * n + 1) / 24));
}

/* Largest k with P(W < k) <= tail; 0 when even k = 1 is too likely. */
static size_t signed_rank_k(size_t n, double tail)
{
	size_t k = 0, top = n * (n + 1) / 2;

	while (k < top && stats_signed_rank_cdf(n, (double)k) <= tail)
		k++;
	return k;
}

/* P(X <= k), X of n fair coins; through logarithms, so that n may be large. */
static double coin_cdf(size_t n, size_t k)
{
	double p = 0, dn = (double)n;

	for (size_t i = 0; i <= k && i <= n; i++)
		p += exp(log_gamma(dn + 1) - log_gamma((double)i + 1) -
			 log_gamma(dn - (double)i + 1) - dn * M_LN2);
	return fmin(p, 1.0);
}

static void sign_interval(const double *sorted, size_t n, double tail,
			  struct stats_signed_rank *out)
{
	size_t k = 0;

	while (k < n / 2 && coin_cdf(n, k) <= tail)
		k++;
	out->sign_low = k ? sorted[k - 1] : -INFINITY;
	out->sign_high = k ? sorted[n - k] : INFINITY;
}

static void walsh_interval(double *walsh, size_t n, double tail, struct stats_signed_rank *out)
{
	size_t m = n * (n + 1) / 2;
	size_t k = signed_rank_k(n, tail);

	out->theta = stats_median(walsh, m); /* sorts */
	out->low = k ? walsh[k - 1] : -INFINITY;
	out->high = k ? walsh[m - k] : INFINITY;
}

/* W = number of positive Walsh averages; a zero average counts half. */
static double walsh_statistic(const double *walsh, size_t m)
{
	double w = 0;

	for (size_t i = 0; i < m; i++)
		w += walsh[i] > 0 ? 1 : walsh[i] < 0 ? 0 : 0.5;
	return w;
}

int stats_signed_rank(const double *d, size_t n, double alpha, struct stats_signed_rank *out)
{
	size_t m = n * (n + 1) / 2, at = 0;
	double *walsh, *sorted;
	double w;

	if (n < 1 || n > STATS_N_MAX)
		return -EINVAL;
	walsh = malloc(m * sizeof(*walsh));
	sorted = malloc(n * sizeof(*sorted));
	if (!walsh || !sorted) {
		free(walsh);
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = i; k < n; k++)
			walsh[at++] = (d[i] + d[k]) / 2;
	w = walsh_statistic(walsh, m);
	*out = (struct stats_signed_rank){ .n = n };
	walsh_interval(walsh, n, alpha / 2, out);
	memcpy(sorted, d, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare_doubles);
	sign_interval(sorted, n, alpha / 2, out);
	/* Half ranks are rounded so that both p-values stay conservative. */
	out->p_greater = stats_signed_rank_cdf(n, (double)m - floor(w));
	out->p_less = stats_signed_rank_cdf(n, ceil(w));
	out->p_two = fmin(1.0, 2 * fmin(out->p_greater, out->p_less));
	out->is_asymmetric =
		(out->low > 0 || out->high < 0) != (out->sign_low > 0 || out->sign_high < 0);
	free(walsh);
	free(sorted);
	return 0;
}

size_t stats_reachable_n(double alpha)
{
	assert(alpha > 0);
	return (size_t)ceil(-log2(alpha));
}

double stats_mde(double sd, size_t n, double alpha, double power)
{
	double pairs = (double)n * 3 / M_PI; /* efficiency of the signed rank against the mean */

	if (n < 3)
		return NAN;
	return (stats_t_quantile(1 - alpha, pairs - 1) + stats_t_quantile(power, pairs - 1)) * sd /
	       sqrt(pairs);
}
