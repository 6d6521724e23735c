/*
 * hist.h - HDR histogram of nanoseconds in one fixed layout.
 *
 * 1 ns .. 1 h with 3 significant digits, so that merging threads, ranks and files is addition.
 * Values above HIST_NS_MAX are counted in `over` and recorded as HIST_NS_MAX; 0 is recorded as 0.
 * min, max and sum are exact, in addition to the buckets.
 * Threads: one writer per histogram; merge with hist_add.
 * Source: G. Tene, HdrHistogram bucket layout (lowest 1, sub-bucket count 2048).
 */
#ifndef DAEMON_BASE_HIST_H
#define DAEMON_BASE_HIST_H

#include <stdint.h>

#define HIST_NS_MAX 3600000000000ull /* one hour */
enum {
	HIST_DIGITS = 3,
	HIST_SUB_BITS = 11, /* 2048 sub-buckets: the power of two above 2 * 10^3 */
	HIST_SUB_HALF = 1 << (HIST_SUB_BITS - 1),
	HIST_BUCKETS = 32, /* 2048 << 31 is the first above HIST_NS_MAX */
	HIST_COUNTS = (HIST_BUCKETS + 1) * HIST_SUB_HALF,
};

struct hist {
	uint64_t total;  /* values recorded, `over` included */
	uint64_t over;   /* of these, values above HIST_NS_MAX */
	uint64_t min_ns; /* UINT64_MAX while empty */
	uint64_t max_ns;
	double sum_ns;
	uint64_t counts[HIST_COUNTS];
};

/* NULL when out of memory; 270 KB each. */
struct hist *hist_new(void);
void hist_free(struct hist *h);
void hist_reset(struct hist *h);

/* Index of the bucket that holds value_ns <= HIST_NS_MAX. */
static inline uint32_t hist_index(uint64_t value_ns)
{
	/* The bucket is the position of the highest bit above the sub-bucket range. */
	uint32_t bucket = 64u - HIST_SUB_BITS -
			  (uint32_t)__builtin_clzll(value_ns | ((1u << HIST_SUB_BITS) - 1));
	uint32_t sub = (uint32_t)(value_ns >> bucket);

	return (bucket << (HIST_SUB_BITS - 1)) + sub;
}

static inline void hist_record_n(struct hist *h, uint64_t value_ns, uint64_t n)
{
	if (__builtin_expect(value_ns > HIST_NS_MAX, 0)) {
		value_ns = HIST_NS_MAX;
		h->over += n;
	}
	h->counts[hist_index(value_ns)] += n;
	h->total += n;
	h->sum_ns += (double)value_ns * (double)n;
	if (value_ns < h->min_ns)
		h->min_ns = value_ns;
	if (value_ns > h->max_ns)
		h->max_ns = value_ns;
}

static inline void hist_record(struct hist *h, uint64_t value_ns)
{
	hist_record_n(h, value_ns, 1);
}

void hist_add(struct hist *into, const struct hist *from);

/* The smallest and the largest value of the bucket of index. */
uint64_t hist_low_ns(uint32_t index);
uint64_t hist_high_ns(uint32_t index);

/*
 * The value at quantile q in 0..1: the highest value equivalent to the bucket in which the
 * ceil(q * total)-th value lies, never above max_ns. 0 when empty.
 */
uint64_t hist_quantile_ns(const struct hist *h, double q);

double hist_mean_ns(const struct hist *h);   /* exact sum / total; 0 when empty */
double hist_stddev_ns(const struct hist *h); /* from bucket middles */

#endif
