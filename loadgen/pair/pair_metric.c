/* pair_metric.c - the metrics, all of the kind "less is better". */
#include "loadgen/pair/pair_metric.h"

#include <math.h>

#include "daemon/base/hist.h"
#include "loadgen/pair/pair_block.h"

/* A quantile needs at least so many values above it in each block (comparing-runs.md, 5.3). */
enum { BEYOND_MIN = 20 };

static double per_request(double value, const struct pair_figures *f)
{
	return f->requests_count ? value / (double)f->requests_count : NAN;
}

/*
 * The quantile, interpolated inside its bucket as if values were spread evenly; otherwise equal
 * arms would differ either not at all or by a whole bucket.
 */
static double quantile(const struct hist *h, double q)
{
	double rank = q * (double)h->total, below = 0;

	if ((1 - q) * (double)h->total < BEYOND_MIN)
		return NAN;
	for (uint32_t i = 0; i < HIST_COUNTS; i++) {
		double n = (double)h->counts[i];

		if (n > 0 && below + n >= rank) {
			double low = (double)hist_low_ns(i), high = (double)hist_high_ns(i) + 1;

			return low + (high - low) * (rank - below) / n;
		}
		below += n;
	}
	return NAN;
}

static double cpu(const struct pair_figures *f)
{
	return per_request((double)f->usage.cpu_ns, f);
}

static double p50(const struct pair_figures *f)
{
	return quantile(f->response, 0.50);
}

static double p90(const struct pair_figures *f)
{
	return quantile(f->response, 0.90);
}

static double p99(const struct pair_figures *f)
{
	return quantile(f->response, 0.99);
}

static double p999(const struct pair_figures *f)
{
	return quantile(f->response, 0.999);
}

static double service_p50(const struct pair_figures *f)
{
	return quantile(f->service, 0.50);
}

static double rss(const struct pair_figures *f)
{
	return f->rss_bytes ? (double)f->rss_bytes : NAN;
}

static double rss_peak(const struct pair_figures *f)
{
	return f->rss_peak_bytes ? (double)f->rss_peak_bytes : NAN;
}

static double first_reply(const struct pair_figures *f)
{
	return f->first_reply_ns ? (double)f->first_reply_ns : NAN;
}

static double runqueue(const struct pair_figures *f)
{
	return per_request((double)f->usage.runqueue_ns, f);
}

static double switches(const struct pair_figures *f)
{
	return per_request((double)(f->usage.switches_voluntary + f->usage.switches_involuntary),
			   f);
}

static double switches_involuntary(const struct pair_figures *f)
{
	return per_request((double)f->usage.switches_involuntary, f);
}

const struct pair_metric pair_metrics[] = {
	{ "cpu_ns_per_request", "CPU time per request", PAIR_NS, true, cpu },
	{ "response_p50_ns", "response time p50", PAIR_NS, true, p50 },
	{ "response_p90_ns", "response time p90", PAIR_NS, true, p90 },
	{ "response_p99_ns", "response time p99", PAIR_NS, true, p99 },
	{ "rss_peak_bytes", "resident memory, peak", PAIR_BYTES, true, rss_peak },
	{ "rss_bytes", "resident memory, at the end", PAIR_BYTES, false, rss },
	{ "response_p99_9_ns", "response time p99.9", PAIR_NS, false, p999 },
	{ "service_p50_ns", "service time p50", PAIR_NS, false, service_p50 },
	{ "first_reply_ns", "start to first reply", PAIR_NS, false, first_reply },
	{ "context_switches_per_request", "context switches per request", PAIR_COUNT, false,
	  switches },
	{ "switches_involuntary_per_request", "involuntary ones", PAIR_COUNT, false,
	  switches_involuntary },
	{ "runqueue_ns_per_request", "wait for a processor per request", PAIR_NS, false, runqueue },
	{ 0 },
};

size_t pair_metrics_count(void)
{
	return sizeof(pair_metrics) / sizeof(pair_metrics[0]) - 1;
}
