/* metric.c - see metric.h. */
#include "reports/metric.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/bench_json.h"
#include "reports/lib/stats.h"
#include "reports/view.h"

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

/* User and kernel time of the profiled stretch, by request. */
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

/* The word in braces stands for an axis: the benchmark of the implementation that this run used. */
static double read_bench(const struct view *v, const struct metric *m)
{
	size_t before = strcspn(m->path, "{"), inside;
	char axis[64], name[128];
	const char *used;

	if (!m->path[before])
		return bench_ns(v->bench, m->path);
	inside = strcspn(m->path + before + 1, "}");
	snprintf(axis, sizeof(axis), "axes.%.*s", (int)inside, m->path + before + 1);
	used = view_text(v->dir.run, axis);
	if (!used)
		return NAN;
	snprintf(name, sizeof(name), "%.*s%s%s", (int)before, m->path, used,
		 m->path + before + 1 + inside + 1);
	return bench_ns(v->bench, name);
}

/* What the writing operations wrote: a request may carry many. */
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

/* Where the first request was not timed alone: connected to answered. */
static double read_first_request(const struct view *v, const struct metric *m)
{
	double own = view_number(v->startup, m->path);

	return isnan(own) ? view_number(v->startup, "first_reply_ns") -
				    view_number(v->startup, "first_connect_ns")
			  : own;
}

const struct metric metrics[] = {
	{ "throughput_per_s", "Throughput", GROUP_LOAD, UNIT_RATE, 1, read_load,
	  "totals.throughput_per_s", 0 },
	{ "response_mean_ns", "Response time, mean", GROUP_LOAD, UNIT_NS, -1, read_load,
	  "response_time_ns.mean", 0 },
	{ "response_p50_ns", "Response time, p50", GROUP_LOAD, UNIT_NS, -1, read_quantile, NULL,
	  0.5 },
	{ "response_p90_ns", "Response time, p90", GROUP_LOAD, UNIT_NS, -1, read_quantile, NULL,
	  0.9 },
	{ "response_p95_ns", "Response time, p95", GROUP_LOAD, UNIT_NS, -1, read_quantile, NULL,
	  0.95 },
	{ "response_p99_ns", "Response time, p99", GROUP_LOAD, UNIT_NS, -1, read_quantile, NULL,
	  0.99 },
	{ "response_p99_9_ns", "Response time, p99.9", GROUP_LOAD, UNIT_NS, -1, read_quantile, NULL,
	  0.999 },
	{ "response_p99_99_ns", "Response time, p99.99", GROUP_LOAD, UNIT_NS, -1, read_quantile,
	  NULL, 0.9999 },
	{ "response_max_ns", "Response time, max", GROUP_LOAD, UNIT_NS, -1, read_quantile, NULL,
	  1 },
	{ "service_p50_ns", "Service time, p50", GROUP_LOAD, UNIT_NS, -1, read_service, NULL, 0.5 },
	{ "service_p99_ns", "Service time, p99", GROUP_LOAD, UNIT_NS, -1, read_service, NULL,
	  0.99 },
	{ "errors_count", "Errors", GROUP_LOAD, UNIT_COUNT, -1, read_load, "totals.errors_count",
	  0 },
	{ "clients_count", "Clients", GROUP_LOAD, UNIT_COUNT, 0, read_load,
	  "load.connections_count", 0 },
	{ "voxels_per_s", "Items written (voxels)", GROUP_LOAD, UNIT_RATE, 1, read_item_rate, NULL,
	  0 },
	{ "cpu_ns_per_request", "CPU time per request", GROUP_COST, UNIT_NS, -1, read_cpu, NULL,
	  0 },
	{ "instructions_per_request", "Instructions per request", GROUP_COST, UNIT_COUNT, -1,
	  read_event, "instructions", 0 },
	{ "syscalls_per_request", "System calls per request", GROUP_COST, UNIT_COUNT, -1,
	  read_per_request, "syscalls.total_count", 0 },
	{ "context_switches_per_request", "Context switches per request", GROUP_COST, UNIT_COUNT,
	  -1, read_event, "context-switches", 0 },
	{ "page_faults_per_request", "Page faults per request", GROUP_COST, UNIT_COUNT, -1,
	  read_event, "page-faults", 0 },
	{ "allocs_per_request", "Allocations per request", GROUP_COST, UNIT_COUNT, -1, read_allocs,
	  "totals.allocs_count", 0 },
	{ "allocated_bytes_per_request", "Allocated bytes per request", GROUP_COST, UNIT_BYTES, -1,
	  read_allocs, "totals.allocated_bytes", 0 },
	{ "startup_ns", "Start to ready", GROUP_FOOTPRINT, UNIT_NS, -1, read_startup, "ready_ns",
	  0 },
	{ "first_reply_ns", "Start to first reply", GROUP_FOOTPRINT, UNIT_NS, -1, read_startup,
	  "first_reply_ns", 0 },
	{ "first_request_ns", "Connected to first reply", GROUP_FOOTPRINT, UNIT_NS, -1,
	  read_first_request, "first_request_ns", 0 },
	{ "rss_start_bytes", "Memory after start (RSS)", GROUP_FOOTPRINT, UNIT_BYTES, -1,
	  read_rss_start, NULL, 0 },
	{ "rss_peak_bytes", "Memory at the peak (RSS)", GROUP_FOOTPRINT, UNIT_BYTES, -1,
	  read_rss_peak, NULL, 0 },
	{ "bench_json_parse_1k_ns", "Parse 1 KB of JSON", GROUP_BENCH, UNIT_NS, -1, read_bench,
	  "json_parse_1k/{parser}", 0 },
	{ "bench_method_dispatch_ns", "Dispatch of a method", GROUP_BENCH, UNIT_NS, -1, read_bench,
	  "method_dispatch/{dispatch}", 0 },
	{ "bench_protocol_detect_ns", "Protocol detection", GROUP_BENCH, UNIT_NS, -1, read_bench,
	  "protocol_detect/both", 0 },
	{ "bench_queue_operations_ns", "Queue: push and pop", GROUP_BENCH, UNIT_NS, -1, read_bench,
	  "queue_operations/{queue}", 0 },
	{ "bench_queue_hop_ns", "Queue: to a thread and back", GROUP_BENCH, UNIT_NS, -1, read_bench,
	  "queue_hop/{queue}/real_time", 0 },
	{ "bench_memory_allocate_ns", "Buffer of 4 KiB: get and put", GROUP_BENCH, UNIT_NS, -1,
	  read_bench, "memory_allocate/{buffers}/4096", 0 },
	{ "bench_context_enter_ns", "Context: enter and leave", GROUP_BENCH, UNIT_NS, -1,
	  read_bench, "context_enter/{context}", 0 },
	{ "bench_context_snapshot_ns", "Context: snapshot", GROUP_BENCH, UNIT_NS, -1, read_bench,
	  "context_snapshot/{context}", 0 },
	{ 0 },
};

const struct metric *metric_find(const char *key)
{
	for (const struct metric *m = metrics; m->key; m++)
		if (strcmp(m->key, key) == 0)
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

struct fmt unit_fmt(enum metric_unit unit, double value)
{
	switch (unit) {
	case UNIT_NS:
		return fmt_ns(value);
	case UNIT_BYTES:
		return fmt_bytes(value);
	case UNIT_RATE:
		return fmt_rate(value);
	case UNIT_COUNT:
		break;
	}
	return fmt_count(value);
}

/* Values of a metric per interval into ln[]; how many. */
static size_t interval_values(const struct metric *m, const struct view *v, double *ln, size_t cap)
{
	size_t count = 0;

	if (strcmp(m->key, "throughput_per_s") == 0) {
		for (size_t i = 0; i < v->intervals.count && count < cap; i++)
			if (v->intervals.throughput_per_s[i] > 0)
				ln[count++] = log(v->intervals.throughput_per_s[i]);
		return count;
	}
	if (m->read != read_quantile)
		return 0;
	for (size_t q = 0; q < VIEW_QUANTILES; q++) {
		if (fabs(view_quantiles[q] - m->quantile) > 1e-9)
			continue;
		for (size_t i = 0; i < v->spread.count && count < cap; i++)
			if (v->spread.rows_ns[i * VIEW_QUANTILES + q] > 0)
				ln[count++] = log(v->spread.rows_ns[i * VIEW_QUANTILES + q]);
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
	/* Falling correlations would make intervals worth more than they are. */
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
