/* bench_hist.c - the HDR histogram: record, merge, quantile. */
#include <errno.h>

#include "bench/suite/suite.h"
#include "daemon/base/hist.h"
#include "daemon/base/rng.h"

enum { VALUES = 4096 };

/* Typical latencies: around 100 us, with a tail. */
static uint64_t values[VALUES];

static void make_values(void)
{
	struct rng rng;

	rng_init(&rng, 1, 0);
	for (size_t i = 0; i < VALUES; i++) {
		values[i] = 50000 + rng_below(&rng, 100000);
		if (rng_below(&rng, 100) == 0)
			values[i] *= 1 + rng_below(&rng, 50);
	}
}

static int check(struct bench_state *s, const struct hist *h)
{
	uint64_t max = 0;

	for (size_t i = 0; i < VALUES; i++)
		max = values[i] > max ? values[i] : max;
	if (h->total != VALUES || h->max_ns != max || hist_quantile_ns(h, 1) != max)
		return suite_wrong(s, "%llu values of %d, largest %llu of %llu",
				   (unsigned long long)h->total, VALUES,
				   (unsigned long long)h->max_ns, (unsigned long long)max);
	return 0;
}

static int set_up(struct bench_state *s, void **out)
{
	struct hist *h = hist_new();
	int rc;

	if (!h)
		return -ENOMEM;
	for (size_t i = 0; i < VALUES; i++)
		hist_record(h, values[i]);
	rc = check(s, h);
	if (rc < 0)
		hist_free(h);
	else
		*out = h;
	return rc;
}

static void tear_down(struct bench_state *s, void *shared)
{
	(void)s;
	hist_free(shared);
}

static void record(struct bench_state *s)
{
	struct hist *h = bench_shared(s);
	size_t i = 0;

	BENCH_LOOP(s)
		hist_record(h, values[i++ % VALUES]);
	BENCH_KEEP(h->total);
}

static void merge(struct bench_state *s)
{
	struct hist *from = bench_shared(s), *into = hist_new();

	if (!into) {
		suite_fail(s, -ENOMEM, "out of memory");
		return;
	}
	BENCH_LOOP(s)
		hist_add(into, from);
	if (into->total != from->total * bench_iterations_done(s))
		suite_wrong(s, "values were lost in merging");
	hist_free(into);
}

static void quantile(struct bench_state *s)
{
	const struct hist *h = bench_shared(s);

	BENCH_LOOP(s)
		BENCH_KEEP(hist_quantile_ns(h, 0.99));
}

static void add(void)
{
	static const struct bench_fixture fixture = { .setup = set_up, .teardown = tear_down };

	make_values();
	suite_add(record, &fixture, NULL, "hdr/record");
	suite_add(merge, &fixture, NULL, "hdr/merge");
	suite_add(quantile, &fixture, NULL, "hdr/quantile");
}

const struct suite suite_hist = {
	.name = "hist",
	.summary = "HDR histogram: record, merge, quantile",
	.add = add,
};
