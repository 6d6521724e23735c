/*
 * hgrm.c - writes the percentile distribution text read by HdrHistogram's plotter and wrk2's tools.
 *
 * Levels get closer as they approach 100 %: each halving of the distance has five ticks. Source:
 * HdrHistogram's percentile iterator. Values keep nanosecond digits (ms with six places), since a
 * three-digit text would hide everything under a microsecond.
 */
#include <errno.h>
#include <math.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/hist.h"
#include "daemon/base/strbuf.h"
#include "reports/lib/hlog.h"

enum { TICKS_PER_HALF = 5 };

static double next_level(double level)
{
	double halvings = floor(log2(100.0 / (100.0 - level))) + 1;

	return level + 100.0 / (TICKS_PER_HALF * exp2(halvings));
}

static void put_row(struct strbuf *sb, uint64_t value_ns, double level, uint64_t count)
{
	strbuf_addf(sb, "%14.6f %2.12f %10llu", (double)value_ns / 1e6, level / 100.0,
		    (unsigned long long)count);
	if (level < 100.0)
		strbuf_addf(sb, " %14.2f", 1.0 / (1.0 - level / 100.0));
	strbuf_add_char(sb, '\n');
}

static void put_rows(struct strbuf *sb, const struct hist *h)
{
	uint32_t last = hist_index(h->max_ns);
	uint64_t seen = 0;
	double level = 0;

	for (uint32_t i = 0; i <= last; i++) {
		uint64_t high = hist_high_ns(i);

		if (!h->counts[i])
			continue;
		seen += h->counts[i];
		if (high > h->max_ns)
			high = h->max_ns;
		while (100.0 * (double)seen / (double)h->total >= level) {
			put_row(sb, high, level, seen);
			level = next_level(level);
			if (seen == h->total)
				break;
		}
	}
	put_row(sb, h->max_ns, 100.0, h->total);
}

int hgrm_write(const char *path, const struct hist *h, struct err *err)
{
	struct strbuf sb = { 0 };
	int rc;

	strbuf_addf(&sb, "%14s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
		    "1/(1-Percentile)");
	if (h->total)
		put_rows(&sb, h);
	strbuf_addf(&sb, "#[Mean    = %14.6f, StdDeviation   = %14.6f]\n", hist_mean_ns(h) / 1e6,
		    hist_stddev_ns(h) / 1e6);
	strbuf_addf(&sb, "#[Max     = %14.6f, Total count    = %14llu]\n",
		    h->total ? (double)h->max_ns / 1e6 : 0.0, (unsigned long long)h->total);
	strbuf_addf(&sb, "#[Buckets = %14d, SubBuckets     = %14d]\n", HIST_BUCKETS,
		    2 * HIST_SUB_HALF);
	if (sb.failed)
		rc = err_set(err, -ENOMEM, "write %s: out of memory", path);
	else
		rc = file_write_atomic(path, strbuf_span(&sb), err);
	strbuf_deinit(&sb);
	return rc;
}
