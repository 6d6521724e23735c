/* summary.c - prints the summary of a run. */
#include "loadgen/report/summary.h"

#include <string.h>

#include "daemon/base/hist.h"
#include "loadgen/report/outcome.h"
#include "loadgen/report/progress.h"
#include "reports/lib/quantiles.h"

static void print_count(FILE *out, const char *label, uint64_t n)
{
	char text[32];

	fprintf(out, "%-22s %15s\n", label, format_count(n, text, sizeof(text)));
}

static void print_head(const struct outcome *o, FILE *out)
{
	const struct plan *p = o->plan;
	const struct options *opt = p->options;
	char endpoint[128];

	sock_format(&opt->addr, endpoint, sizeof(endpoint));
	fprintf(out, "%s on %s: ", p->workload->name, endpoint);
	if (p->is_open)
		fprintf(out, "open loop, %.6g/s %s, ", opt->rate_per_s,
			arrival_names[opt->arrival]);
	else
		fprintf(out, "closed loop, ");
	fprintf(out, "%lld connection%s, depth %lld, %lld thread%s, seed %lld\n\n",
		(long long)opt->connections_count, opt->connections_count == 1 ? "" : "s",
		(long long)opt->depth, (long long)opt->threads_count,
		opt->threads_count == 1 ? "" : "s", (long long)opt->seed);
}

static void print_totals(const struct outcome *o, FILE *out)
{
	const struct recorder *total = &o->run->collect.total;
	char rate[32];
	uint64_t items = 0;

	fprintf(out, "%-22s %13.2f s\n", "Duration", o->elapsed_s);
	print_count(out, "Total operations", o->ops_count);
	print_count(out, "  Writes", o->writes_count);
	print_count(out, "  Reads", o->reads_count);
	print_count(out, "Errors", o->errors_count);
	fprintf(out, "%-22s %15s ops/s\n", "Throughput",
		format_count((uint64_t)(o->throughput_per_s + 0.5), rate, sizeof(rate)));
	for (size_t i = 0; i < total->ops_count; i++)
		items += total->ops[i].items_count;
	if (items > o->ops_count && o->elapsed_s > 0)
		fprintf(out, "%-22s %15s items/s\n", "",
			format_count((uint64_t)((double)items / o->elapsed_s), rate, sizeof(rate)));
	fprintf(out, "%-22s %12.1f MiB sent, %.1f MiB received\n\n", "Transfer",
		(double)total->sent_bytes / (1 << 20), (double)total->received_bytes / (1 << 20));
}

static void print_times(FILE *out, const char *label, const struct hist *h)
{
	char text[16];

	fprintf(out, "%-20s", label);
	fprintf(out, " %9s", format_time((uint64_t)hist_mean_ns(h), text, sizeof(text)));
	for (size_t i = 0; i < QUANTILES_COUNT; i++)
		if (quantiles[i].uses & QUANTILE_SHORT)
			fprintf(out, " %9s",
				format_time(hist_quantile_ns(h, quantiles[i].q), text,
					    sizeof(text)));
	fputc('\n', out);
}

static void print_latencies(const struct outcome *o, FILE *out)
{
	const struct recorder *total = &o->run->collect.total;
	char label[32];

	fprintf(out, "%-20s %9s", "Latency", "average");
	for (size_t i = 0; i < QUANTILES_COUNT; i++)
		if (quantiles[i].uses & QUANTILE_SHORT)
			fprintf(out, " %9s", quantiles[i].name);
	fputc('\n', out);
	print_times(out, "Response time", o->response);
	if (o->plan->is_open)
		print_times(out, "Service time", o->service);
	for (size_t i = 0; i < total->ops_count && total->ops_count > 1; i++) {
		snprintf(label, sizeof(label), "  %.18s", o->plan->workload->ops[i].name);
		print_times(out, label, total->ops[i].response);
	}
}

static void print_errors(const struct outcome *o, FILE *out)
{
	const struct recorder *total = &o->run->collect.total;
	char label[48];

	for (int i = 0; i < ERROR_KINDS; i++) {
		if (!total->errors[i] || i == ERROR_RPC)
			continue;
		snprintf(label, sizeof(label), "Error %s", error_kind_name((enum error_kind)i));
		print_count(out, label, total->errors[i]);
	}
	for (size_t i = 0; i < total->codes_count; i++) {
		snprintf(label, sizeof(label), "Error RPC %lld", (long long)total->codes[i].code);
		print_count(out, label, total->codes[i].count);
	}
	if (total->codes_other)
		print_count(out, "Error RPC, other codes", total->codes_other);
}

static void print_check(const struct outcome *o, FILE *out)
{
	const struct self_check *s = &o->check;
	char p99[16];

	fprintf(out, "\n%s", s->is_valid ? "Valid" : "INVALID");
	fprintf(out, ": generator used %.0f %% of a processor", s->own_cpu_ratio * 100);
	if (o->plan->is_open)
		fprintf(out, ", sent %.2f %% of the plan, p99 lag %s", s->achieved_ratio * 100,
			format_time(s->lag_p99_ns, p99, sizeof(p99)));
	fputc('\n', out);
	for (size_t i = 0; i < s->reasons.count; i++)
		fprintf(out, "  because %s\n", s->reasons.text[i]);
	for (size_t i = 0; i < s->notes.count; i++)
		fprintf(out, "  note: %s\n", s->notes.text[i]);
}

void summary_print(const struct outcome *o, FILE *out)
{
	print_head(o, out);
	print_totals(o, out);
	print_latencies(o, out);
	print_errors(o, out);
	print_check(o, out);
}
