#include "reports/lib/stats_hist.h"

#include <errno.h>
#include <math.h>

#include "daemon/base/hist.h"

bool stats_quantile_is_supported(uint64_t n, double q)
{
	double beyond = (double)n * fmin(q, 1 - q);

	/* 20000 * (1 - .999) must not fail by rounding. */
	return q > 0 && q < 1 && beyond >= STATS_TAIL_COUNT * (1 - 1e-9);
}

static double within(const struct hist *h, double value)
{
	return fmin(fmax(value, (double)h->min_ns), (double)h->max_ns);
}

/* A walk over the buckets, from low to high values. */
struct walk {
	const struct hist *h;
	uint32_t index;
	uint64_t below; /* values in the buckets before index */
};

/* Ranks must not fall from call to call. rank in 0..total; total > 0. */
static double value_at_rank(struct walk *w, double rank)
{
	double low, width, share;

	while (w->index + 1 < HIST_COUNTS && (w->h->counts[w->index] == 0 ||
					      (double)(w->below + w->h->counts[w->index]) < rank)) {
		if ((double)w->below >= (double)w->h->total)
			break;
		w->below += w->h->counts[w->index++];
	}
	if (w->h->counts[w->index] == 0)
		return (double)w->h->max_ns;
	/* A bucket of the whole numbers low..high covers low - 1/2 to high + 1/2. */
	low = (double)hist_low_ns(w->index) - 0.5;
	width = (double)hist_high_ns(w->index) + 0.5 - low;
	share = (rank - (double)w->below) / (double)w->h->counts[w->index];
	return within(w->h, low + fmin(fmax(share, 0), 1) * width);
}

double stats_hist_quantile_ns(const struct hist *h, double q)
{
	struct walk walk = { .h = h };

	if (h->total == 0 || !(q >= 0 && q <= 1))
		return NAN;
	return value_at_rank(&walk, q * (double)h->total);
}

int stats_hist_quantiles_ns(const struct hist *h, const double *q, size_t m, double *out)
{
	struct walk walk = { .h = h };

	for (size_t i = 0; i < m; i++)
		if (!(q[i] >= 0 && q[i] <= 1) || (i > 0 && q[i] < q[i - 1]))
			return -EINVAL;
	for (size_t i = 0; i < m; i++)
		out[i] = stats_quantile_is_supported(h->total, q[i])
				 ? value_at_rank(&walk, q[i] * (double)h->total)
				 : NAN;
	return 0;
}

int stats_hist_differences(const struct hist *a, const struct hist *b, const double *q, size_t m,
			   double *d)
{
	double of_a[STATS_HIST_QUANTILES_MAX] = { 0 }, of_b[STATS_HIST_QUANTILES_MAX] = { 0 };
	int rc = m <= STATS_HIST_QUANTILES_MAX ? 0 : -EINVAL;

	if (rc == 0)
		rc = stats_hist_quantiles_ns(a, q, m, of_a);
	if (rc == 0)
		rc = stats_hist_quantiles_ns(b, q, m, of_b);
	for (size_t i = 0; i < m && rc == 0; i++)
		d[i] = of_a[i] > 0 && of_b[i] > 0 ? log(of_b[i]) - log(of_a[i]) : NAN;
	return rc;
}

double stats_hist_resolution(double value_ns)
{
	uint32_t index;

	if (!(value_ns >= 1))
		return 1;
	index = hist_index((uint64_t)fmin(value_ns, (double)HIST_NS_MAX));
	return (double)(hist_high_ns(index) - hist_low_ns(index) + 1) / value_ns;
}
