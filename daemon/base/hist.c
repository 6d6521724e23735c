#include "daemon/base/hist.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static_assert(HIST_COUNTS == 33 * 1024,
	      "the layout is fixed, so that files of other versions can be added");

struct hist *hist_new(void)
{
	struct hist *h = malloc(sizeof(*h));

	if (h)
		hist_reset(h);
	return h;
}

void hist_free(struct hist *h)
{
	free(h);
}

void hist_reset(struct hist *h)
{
	memset(h, 0, sizeof(*h));
	h->min_ns = UINT64_MAX;
}

void hist_add(struct hist *into, const struct hist *from)
{
	for (uint32_t i = 0; i < HIST_COUNTS; i++)
		into->counts[i] += from->counts[i];
	into->total += from->total;
	into->over += from->over;
	into->sum_ns += from->sum_ns;
	if (from->min_ns < into->min_ns)
		into->min_ns = from->min_ns;
	if (from->max_ns > into->max_ns)
		into->max_ns = from->max_ns;
}

/* Width of a bucket as a power of two. The first two half-ranges have width 1. */
static uint32_t width_bits(uint32_t index)
{
	uint32_t half = index >> (HIST_SUB_BITS - 1);

	return half ? half - 1 : 0;
}

uint64_t hist_low_ns(uint32_t index)
{
	uint32_t bits = width_bits(index);

	/* The inverse of hist_index: sub = index - bucket * HIST_SUB_HALF, value = sub << bucket.
	 */
	return (uint64_t)(index - (bits << (HIST_SUB_BITS - 1))) << bits;
}

uint64_t hist_high_ns(uint32_t index)
{
	return hist_low_ns(index) + ((uint64_t)1 << width_bits(index)) - 1;
}

static uint64_t rank_of(const struct hist *h, double q)
{
	double rank;

	if (q >= 1.0)
		return h->total;
	/* The small step back handles products such as 0.99 * 100 that are just above 99. */
	rank = ceil(q * (double)h->total * (1.0 - 1e-15));
	if (!(rank >= 1.0))
		return 1;
	return rank >= (double)h->total ? h->total : (uint64_t)rank;
}

uint64_t hist_quantile_ns(const struct hist *h, double q)
{
	uint64_t rank;
	uint64_t seen = 0;

	if (h->total == 0)
		return 0;
	rank = rank_of(h, q);
	for (uint32_t i = 0; i < HIST_COUNTS; i++) {
		seen += h->counts[i];
		if (seen >= rank) {
			uint64_t high = hist_high_ns(i);

			return high < h->max_ns ? high : h->max_ns;
		}
	}
	return h->max_ns;
}

double hist_mean_ns(const struct hist *h)
{
	return h->total ? h->sum_ns / (double)h->total : 0.0;
}

double hist_stddev_ns(const struct hist *h)
{
	double sum = 0.0;
	double squares = 0.0;
	double mean;

	if (h->total == 0)
		return 0.0;
	/* Two passes: subtracting large squares would cancel the significant digits. */
	for (uint32_t i = 0; i < HIST_COUNTS; i++) {
		if (h->counts[i])
			sum += (double)h->counts[i] *
			       ((double)hist_low_ns(i) + (double)hist_high_ns(i)) / 2.0;
	}
	mean = sum / (double)h->total;
	for (uint32_t i = 0; i < HIST_COUNTS; i++) {
		double middle;

		if (!h->counts[i])
			continue;
		middle = ((double)hist_low_ns(i) + (double)hist_high_ns(i)) / 2.0;
		squares += (double)h->counts[i] * (middle - mean) * (middle - mean);
	}
	return sqrt(squares / (double)h->total);
}
