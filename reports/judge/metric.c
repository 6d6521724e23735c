#include "reports/judge/metric.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/lib/quantiles.h"
#include "reports/lib/stats.h"
#include "reports/read/bench_json.h"
#include "reports/read/view.h"

static double read_load(const struct view *v, const struct metric *m)
{
	return view_number(v->load, m->path);
}

static double read_quantile(const struct view *v, const struct metric *m)
{
	return view_quantile_ns(v, m->quantile);
}

static double read_service(const struct view *v, const struct metric *m)
{
	return view_service_quantile_ns(v, m->quantile);
}

/* User and kernel time in the profiled window, per request. */
static double read_cpu(const struct view *v, const struct metric *m)
{
	(void)m;
	return (view_number(v->counters, "cpu.user_s") + view_number(v->counters, "cpu.system_s")) *
	       1e9 / view_profiled_requests(v);
}

static double read_per_request(const struct view *v, const struct metric *m)
{
	return view_number(v->counters, m->path) / view_profiled_requests(v);
}

static double read_event(const struct view *v, const struct metric *m)
{
	const json_t *list = json_object_get(v->counters, "events"), *event;
	size_t i;

	json_array_foreach(list, i, event)
	{
		const char *name = view_text(event, "name");

		if (name && strcmp(name, m->path) == 0)
			return view_number(event, "value") / view_profiled_requests(v);
	}
	return NAN;
}

static double read_allocs(const struct view *v, const struct metric *m)
{
	double requests = view_number(v->allocs, "requests_count");

	if (!(requests > 0))
		requests = view_profiled_requests(v);
	return view_number(v->allocs, m->path) / requests;
}

static double read_startup(const struct view *v, const struct metric *m)
{
	return view_number(v->startup, m->path);
}

static double read_rss_start(const struct view *v, const struct metric *m)
{
	double rss = view_number(v->startup, "rss_bytes");

	(void)m;
	return isnan(rss) && v->memory.count ? v->memory.rss_bytes[0] : rss;
}

static double read_rss_peak(const struct view *v, const struct metric *m)
{
	double peak = NAN;

	(void)m;
	for (size_t i = 0; i < v->memory.count; i++)
		peak = fmax(peak, v->memory.rss_bytes[i]); /* fmax passes NaN over */
	return peak;
}

/* For the implementations that this run used. */
static double read_bench(const struct view *v, const struct metric *m)
{
	struct bench_arch arch = { view_text(v->dir.run, "preset"),
				   json_object_get(v->dir.run, "axes") };

	return bench_pattern_ns(v->bench, &arch, m->benchmark);
}

/* What the writing operations wrote; a request may hold many items. */
static double read_item_rate(const struct view *v, const struct metric *m)
{
	json_t *all = json_object_get(v->load, "operations"), *one;
	double items = 0;
	const char *name;

	(void)m;
	json_object_foreach(all, name, one)
	{
		const char *kind = view_text(one, "kind");

		if (kind && strcmp(kind, "write") == 0)
			items += view_number(one, "items_count");
	}
	return items > 0 ? items / view_number(v->load, "totals.elapsed_s") : NAN;
}

/* If the first request was not timed separately: from connected to answered. */
static double read_first_request(const struct view *v, const struct metric *m)
{
	double own = view_number(v->startup, m->path);

	return isnan(own) ? view_number(v->startup, "first_reply_ns") -
				    view_number(v->startup, "first_connect_ns")
			  : own;
}

/* clang-format off */
const struct metric metrics[] = {
	{ .key = "throughput_per_s", .title = "Throughput", .group = GROUP_LOAD,
	  .unit = UNIT_RATE, .better = 1, .read = read_load, .path = "totals.throughput_per_s" },
	{ .key = "response_mean_ns", .title = "Response time, mean", .group = GROUP_LOAD,
	  .unit = UNIT_NS, .better = -1, .read = read_load, .path = "response_time_ns.mean" },
#define QUANTILE(key, q, name, uses)
#define QUANTILE_METRIC(k, at, name, uses)                                                       \
	{ .key = "response_" #k "_ns", .title = "Response time, " name, .group = GROUP_LOAD,      \
	  .unit = UNIT_NS, .better = -1, .read = read_quantile, .quantile = (at) },
#include "reports/lib/quantiles.def"
	{ .key = "service_p50_ns", .title = "Service time, p50", .group = GROUP_LOAD,
	  .unit = UNIT_NS, .better = -1, .read = read_service, .quantile = 0.5 },
	{ .key = "service_p99_ns", .title = "Service time, p99", .group = GROUP_LOAD,
	  .unit = UNIT_NS, .better = -1, .read = read_service, .quantile = 0.99 },
	{ .key = "errors_count", .title = "Errors", .group = GROUP_LOAD,
	  .unit = UNIT_COUNT, .better = -1, .read = read_load, .path = "totals.errors_count" },
	{ .key = "clients_count", .title = "Clients", .group = GROUP_LOAD,
	  .unit = UNIT_COUNT, .read = read_load, .path = "load.connections_count" },
	{ .key = "voxels_per_s", .title = "Voxels written", .group = GROUP_LOAD,
	  .unit = UNIT_RATE, .better = 1, .read = read_item_rate },
	{ .key = "cpu_ns_per_request", .title = "CPU time per request", .group = GROUP_COST,
	  .unit = UNIT_NS, .better = -1, .read = read_cpu },
	{ .key = "instructions_per_request", .title = "Instructions per request",
	  .group = GROUP_COST,
	  .unit = UNIT_COUNT, .better = -1, .read = read_event, .path = "instructions" },
	{ .key = "syscalls_per_request", .title = "System calls per request", .group = GROUP_COST,
	  .unit = UNIT_COUNT, .better = -1, .read = read_per_request,
	  .path = "syscalls.total_count" },
	{ .key = "context_switches_per_request", .title = "Context switches per request",
	  .group = GROUP_COST,
	  .unit = UNIT_COUNT, .better = -1, .read = read_event, .path = "context-switches" },
	{ .key = "page_faults_per_request", .title = "Page faults per request", .group = GROUP_COST,
	  .unit = UNIT_COUNT, .better = -1, .read = read_event, .path = "page-faults" },
	{ .key = "allocs_per_request", .title = "Allocations per request", .group = GROUP_COST,
	  .unit = UNIT_COUNT, .better = -1, .read = read_allocs, .path = "totals.allocs_count" },
	{ .key = "allocated_bytes_per_request", .title = "Allocated bytes per request",
	  .group = GROUP_COST,
	  .unit = UNIT_BYTES, .better = -1, .read = read_allocs, .path = "totals.allocated_bytes" },
	{ .key = "startup_ns", .title = "Start to ready", .group = GROUP_FOOTPRINT,
	  .unit = UNIT_NS, .better = -1, .read = read_startup, .path = "ready_ns",
	  .benchmark = "startup_time/{preset}" },
	{ .key = "first_reply_ns", .title = "Start to first reply", .group = GROUP_FOOTPRINT,
	  .unit = UNIT_NS, .better = -1, .read = read_startup, .path = "first_reply_ns" },
	{ .key = "first_request_ns", .title = "Connected to first reply", .group = GROUP_FOOTPRINT,
	  .unit = UNIT_NS, .better = -1, .read = read_first_request, .path = "first_request_ns",
	  .benchmark = "first_request/{preset}" },
	{ .key = "rss_start_bytes", .title = "Memory after start (RSS)", .group = GROUP_FOOTPRINT,
	  .unit = UNIT_BYTES, .better = -1, .read = read_rss_start },
	{ .key = "rss_peak_bytes", .title = "Memory at the peak (RSS)", .group = GROUP_FOOTPRINT,
	  .unit = UNIT_BYTES, .better = -1, .read = read_rss_peak },
	{ .key = "bench_json_parse_1k_ns", .title = "Parse 1 KB of JSON", .group = GROUP_BENCH,
	  .unit = UNIT_NS, .better = -1, .read = read_bench,
	  .benchmark = "json_parse_1k/{parser}" },
	{ .key = "bench_method_dispatch_ns", .title = "Dispatch of a method", .group = GROUP_BENCH,
	  .unit = UNIT_NS, .better = -1, .read = read_bench,
	  .benchmark = "method_dispatch/{dispatch}" },
	{ .key = "bench_queue_operations_ns", .title = "Queue: push and pop", .group = GROUP_BENCH,
	  .unit = UNIT_NS, .better = -1, .read = read_bench,
	  .benchmark = "queue_operations/{queue}" },
	{ .key = "bench_queue_hop_ns", .title = "Queue: to a thread and back", .group = GROUP_BENCH,
	  .unit = UNIT_NS, .better = -1, .read = read_bench, .benchmark = "queue_hop/{queue}" },
	{ .key = "bench_memory_allocate_ns", .title = "Buffer of 4 KiB: get and put",
	  .group = GROUP_BENCH,
	  .unit = UNIT_NS, .better = -1, .read = read_bench,
	  .benchmark = "memory_allocate/{buffers}/4096" },
	{ .key = "bench_context_enter_ns", .title = "Context: enter and leave",
	  .group = GROUP_BENCH,
	  .unit = UNIT_NS, .better = -1, .read = read_bench,
	  .benchmark = "context_enter/{context}" },
	{ .key = "bench_context_snapshot_ns", .title = "Context: snapshot", .group = GROUP_BENCH,
	  .unit = UNIT_NS, .better = -1, .read = read_bench,
	  .benchmark = "context_snapshot/{context}" },
	{ 0 },
};
/* clang-format on */

const struct metric *metric_find(const char *key)
{
	for (const struct metric *m = metrics; m->key; m++)
		if (strcmp(m->key, key) == 0)
			return m;
	return NULL;
}

const struct metric *metric_get(const char *key)
{
	const struct metric *m = metric_find(key);

	assert(m);
	return m;
}

const struct metric *metric_of_quantile(double q)
{
	for (const struct metric *m = metrics; m->key; m++)
		if (m->read == read_quantile && fabs(m->quantile - q) < 1e-9)
			return m;
	return NULL;
}

double metric_read(const struct metric *m, const struct view *v)
{
	return m->read(v, m);
}

struct fmt metric_fmt(const struct metric *m, double value)
{
	return unit_fmt(m->unit, value);
}

struct measure metric_measure(const struct metric *m)
{
	return (struct measure){ m->unit, m->better };
}

/* Writes the logarithms of a metric's values per interval to ln[]; returns their number. */
static size_t interval_values(const struct metric *m, const struct view *v, double *ln, size_t cap)
{
	const struct quantile *known;
	size_t count = 0;

	if (strcmp(m->key, "throughput_per_s") == 0) {
		for (size_t i = 0; i < v->intervals.count && count < cap; i++)
			if (v->intervals.throughput_per_s[i] > 0)
				ln[count++] = log(v->intervals.throughput_per_s[i]);
		return count;
	}
	known = m->read == read_quantile ? quantile_find(m->quantile) : NULL;
	for (size_t i = 0; known && i < v->spread.count && count < cap; i++) {
		double ns = v->spread.rows_ns[i * QUANTILES_COUNT + (size_t)(known - quantiles)];

		if (ns > 0)
			ln[count++] = log(ns);
	}
	return count;
}

static double lag1_correlation(const double *v, size_t n)
{
	double mean = stats_mean(v, n), over = 0, under = 0;

	for (size_t i = 0; i < n; i++) {
		under += (v[i] - mean) * (v[i] - mean);
		if (i)
			over += (v[i] - mean) * (v[i - 1] - mean);
	}
	return under > 0 ? over / under : 0;
}

bool metric_spread(const struct metric *m, const struct view *v, struct spread *out)
{
	size_t cap = v->intervals.count > v->spread.count ? v->intervals.count : v->spread.count;
	double *ln = calloc(cap + 1, sizeof(*ln));
	size_t n = ln ? interval_values(m, v, ln, cap) : 0;

	if (n < 3) {
		free(ln);
		return false;
	}
	*out = (struct spread){ .count = n, .rho = lag1_correlation(ln, n) };
	/* Negative correlations would make the intervals count as more values than there are. */
	out->count_effective = (double)n * (1 - fmax(out->rho, 0)) / (1 + fmax(out->rho, 0));
	out->sd_ln = stats_robust_sd(ln, n);
	free(ln);
	return true;
}

double spread_detectable_pct(const struct spread *a, const struct spread *b)
{
	double na = fmax(a->count_effective, 2), nb = fmax(b->count_effective, 2);
	double se = sqrt(a->sd_ln * a->sd_ln / na + b->sd_ln * b->sd_ln / nb);
	double df = na + nb - 2;

	return 100 * (exp((stats_t_quantile(0.99, df) + stats_t_quantile(0.90, df)) * se) - 1);
}
