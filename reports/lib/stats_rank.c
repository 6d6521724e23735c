/*
 * stats_rank.c - the signed-rank test of one metric, its estimate and interval, and the sign test.
 *
 * The signed-rank distribution counts, for each sum s, the subsets of {1..n} that add up to s:
 * adding rank k turns every sum s into s or s + k. Divided by 2 at each step it stays a
 * probability, so nothing overflows.
 */
#include "reports/lib/stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/lib/stats_private.h"

enum { SUM_MAX = STATS_EXACT_N_MAX * (STATS_EXACT_N_MAX + 1) / 2 };

int stats_by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void stats_walsh(const double *d, size_t n, double *walsh)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = i; k < n; k++)
			walsh[at++] = (d[i] + d[k]) / 2;
	qsort(walsh, at, sizeof(*walsh), stats_by_value);
}

double stats_walsh_low(const double *walsh, size_t n, size_t k)
{
	(void)n;
	return k ? walsh[k - 1] : -INFINITY;
}

double stats_walsh_high(const double *walsh, size_t n, size_t k)
{
	return k ? walsh[stats_walsh_count(n) - k] : INFINITY;
}

/* The distribution of W for one n: counted once, asked several times. */
struct rank_table {
	size_t n;
	double cdf[SUM_MAX + 1]; /* P(W <= s); not filled above STATS_EXACT_N_MAX */
};

/* t is zeroed. */
static void fill_table(struct rank_table *t, size_t n)
{
	double *p = t->cdf;
	size_t top = 0;

	t->n = n;
	if (n > STATS_EXACT_N_MAX)
		return;
	p[0] = 1;
	for (size_t k = 1; k <= n; k++) {
		top += k;
		for (size_t s = top; s >= k; s--)
			p[s] = 0.5 * (p[s] + p[s - k]);
		for (size_t s = 0; s < k; s++)
			p[s] *= 0.5;
	}
	for (size_t s = 1; s <= top; s++)
		p[s] = fmin(p[s - 1] + p[s], 1.0);
}

static double normal_cdf(size_t n, double w)
{
	double sums = (double)n * (double)(n + 1);

	return stats_normal_cdf((w + 0.5 - sums / 4) / sqrt(sums * (double)(2 * n + 1) / 24));
}

static double table_cdf(const struct rank_table *t, double w)
{
	if (w < 0)
		return 0;
	if (w >= (double)stats_walsh_count(t->n))
		return 1;
	return t->n <= STATS_EXACT_N_MAX ? t->cdf[(size_t)w] : normal_cdf(t->n, w);
}

/* Smallest k with P(W <= k) > tail, which is the largest with P(W < k) <= tail. */
static size_t table_k(const struct rank_table *t, double tail)
{
	size_t low = 0, high = stats_walsh_count(t->n);

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (table_cdf(t, (double)mid) > tail)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

double stats_signed_rank_cdf(size_t n, double w)
{
	struct rank_table table = { 0 };

	fill_table(&table, n);
	return table_cdf(&table, w);
}

size_t stats_signed_rank_k(size_t n, double tail)
{
	struct rank_table table = { 0 };

	fill_table(&table, n);
	return table_k(&table, tail);
}

static void sign_interval(const double *sorted, size_t n, double tail,
			  struct stats_signed_rank *out)
{
	size_t k = 0;

	while (k < n / 2 && stats_coin_cdf(n, k) <= tail)
		k++;
	out->sign_low = k ? sorted[k - 1] : -INFINITY;
	out->sign_high = k ? sorted[n - k] : INFINITY;
}

static void walsh_intervals(const double *walsh, const struct rank_table *table, double alpha,
			    struct stats_signed_rank *out)
{
	size_t n = out->n, m = stats_walsh_count(n);
	size_t two = table_k(table, alpha / 2), one = table_k(table, alpha);

	out->theta = m % 2 ? walsh[m / 2] : (walsh[m / 2 - 1] + walsh[m / 2]) / 2;
	out->low = stats_walsh_low(walsh, n, two);
	out->high = stats_walsh_high(walsh, n, two);
	out->lower = stats_walsh_low(walsh, n, one);
	out->upper = stats_walsh_high(walsh, n, one);
}

/* W = number of positive Walsh averages; a zero average counts half. */
static double walsh_statistic(const double *walsh, size_t m)
{
	double w = 0;

	for (size_t i = 0; i < m; i++)
		w += walsh[i] > 0 ? 1 : walsh[i] < 0 ? 0 : 0.5;
	return w;
}

static void judge(const double *walsh, const double *sorted, double alpha,
		  struct stats_signed_rank *out)
{
	size_t n = out->n, m = stats_walsh_count(n);
	double w = walsh_statistic(walsh, m);
	struct rank_table table = { 0 };

	fill_table(&table, n);
	walsh_intervals(walsh, &table, alpha, out);
	sign_interval(sorted, n, alpha / 2, out);
	/* Half ranks are rounded so that both p-values stay conservative. */
	out->p_greater = table_cdf(&table, (double)m - floor(w));
	out->p_less = table_cdf(&table, ceil(w));
	out->p_two = fmin(1.0, 2 * fmin(out->p_greater, out->p_less));
	out->is_asymmetric =
		(out->low > 0 || out->high < 0) != (out->sign_low > 0 || out->sign_high < 0);
}

static bool all_finite(const double *d, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isfinite(d[i]))
			return false;
	return true;
}

int stats_signed_rank(const double *d, size_t n, double alpha, struct stats_signed_rank *out)
{
	double *walsh, *sorted;

	if (n < 1 || n > STATS_N_MAX || !all_finite(d, n))
		return -EINVAL;
	walsh = malloc(stats_walsh_count(n) * sizeof(*walsh));
	sorted = malloc(n * sizeof(*sorted));
	if (!walsh || !sorted) {
		free(walsh);
		free(sorted);
		return -ENOMEM;
	}
	stats_walsh(d, n, walsh);
	memcpy(sorted, d, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), stats_by_value);
	*out = (struct stats_signed_rank){ .n = n };
	judge(walsh, sorted, alpha, out);
	free(walsh);
	free(sorted);
	return 0;
}
