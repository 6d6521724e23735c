/* results.c - the run as one JSON document, and the files of --out. */
#include "loadgen/report/results.h"

#include <stdio.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/hist.h"
#include "daemon/base/json_out.h"
#include "loadgen/report/outcome.h"
#include "reports/lib/envelope.h"
#include "reports/lib/hlog.h"
#include "reports/lib/quantiles.h"
#include "reports/lib/runfile.h"

enum { PATH_BYTES_MAX = 4096 };

static void write_times(struct json_out *j, const char *key, const struct hist *h)
{
	json_object_open(j, key);
	json_u64(j, "count", h->total);
	json_f64(j, "mean", hist_mean_ns(h));
	json_u64(j, "min", h->total ? h->min_ns : 0);
	json_u64(j, "max", h->max_ns);
	json_f64(j, "stddev", hist_stddev_ns(h));
	for (size_t i = 0; i < QUANTILES_COUNT; i++)
		if (quantiles[i].uses & QUANTILE_SAVED)
			json_u64(j, quantiles[i].key, hist_quantile_ns(h, quantiles[i].q));
	json_u64(j, "over_range_count", h->over);
	json_close(j);
}

static void write_load(struct json_out *j, const struct plan *p)
{
	const struct options *o = p->options;
	char endpoint[128];

	sock_format(&o->addr, endpoint, sizeof(endpoint));
	json_object_open(j, "load");
	json_str(j, "mode", p->is_open ? "open" : "closed");
	json_str(j, "arrival", p->is_open ? arrival_names[o->arrival] : NULL);
	json_i64(j, "connections_count", o->connections_count);
	json_i64(j, "depth", o->depth);
	json_i64(j, "threads_count", o->threads_count);
	if (p->is_open)
		json_f64(j, "rate_per_s", o->rate_per_s);
	else
		json_put_null(j, "rate_per_s");
	json_f64(j, "duration_s", (double)p->measured_ns / (double)NSEC_PER_SEC);
	json_f64(j, "warmup_s",
		 p->phases[0].is_recorded ? 0 : (double)p->phases[0].end_ns / (double)NSEC_PER_SEC);
	json_i64(j, "seed", o->seed);
	json_str(j, "workload", p->workload->name);
	json_str(j, "endpoint", endpoint);
	json_str(j, "check", verify_names[o->check]);
	json_f64(j, "timeout_s", (double)o->timeout_ns / (double)NSEC_PER_SEC);
	json_f64(j, "spin_us", (double)o->spin_ns / 1e3);
	json_str(j, "affinity", o->affinity);
	json_array_open(j, "phases");
	for (size_t i = 0; i < p->phases_count; i++) {
		const struct plan_phase *phase = &p->phases[i];

		json_object_open(j, NULL);
		json_str(j, "name", phase->name);
		json_f64(j, "start_s", (double)phase->start_ns / (double)NSEC_PER_SEC);
		json_f64(j, "end_s", (double)phase->end_ns / (double)NSEC_PER_SEC);
		json_bool(j, "recorded", phase->is_recorded);
		json_f64(j, "rate_per_s", phase->rate_per_s);
		json_close(j);
	}
	json_close(j);
	json_close(j);
}

static void write_totals(struct json_out *j, const struct outcome *o)
{
	const struct recorder *total = &o->run->collect.total;
	uint64_t items = 0;

	for (size_t i = 0; i < total->ops_count; i++)
		items += total->ops[i].items_count;
	json_object_open(j, "totals");
	json_u64(j, "ops_count", o->ops_count);
	json_u64(j, "writes_count", o->writes_count);
	json_u64(j, "reads_count", o->reads_count);
	json_u64(j, "failed_count", o->failed_count);
	json_u64(j, "errors_count", o->errors_count);
	json_u64(j, "items_count", items);
	json_f64(j, "elapsed_s", o->elapsed_s);
	json_f64(j, "throughput_per_s", o->throughput_per_s);
	json_f64(j, "items_per_s", o->elapsed_s > 0 ? (double)items / o->elapsed_s : 0);
	json_u64(j, "sent_bytes", total->sent_bytes);
	json_u64(j, "received_bytes", total->received_bytes);
	json_u64(j, "full_checks_count", total->full_checks_count);
	json_close(j);
}

static void write_errors(struct json_out *j, const struct recorder *total)
{
	char code[24];

	json_object_open(j, "errors");
	for (int i = 0; i < ERROR_KINDS; i++)
		json_u64(j, error_kind_name((enum error_kind)i), total->errors[i]);
	json_close(j);
	json_object_open(j, "rpc_codes");
	for (size_t i = 0; i < total->codes_count; i++) {
		snprintf(code, sizeof(code), "%lld", (long long)total->codes[i].code);
		json_u64(j, code, total->codes[i].count);
	}
	if (total->codes_other)
		json_u64(j, "other", total->codes_other);
	json_close(j);
}

static void write_operations(struct json_out *j, const struct outcome *o)
{
	const struct recorder *total = &o->run->collect.total;

	json_object_open(j, "operations");
	for (size_t i = 0; i < total->ops_count; i++) {
		const struct record_op *op = &total->ops[i];
		const struct workload_op *from = &o->plan->workload->ops[i];

		json_object_open(j, from->name);
		json_str(j, "kind", from->is_write ? "write" : "read");
		json_str(j, "method", from->method);
		json_u64(j, "ops_count", op->ops_count);
		json_u64(j, "errors_count", op->errors_count);
		json_u64(j, "items_count", op->items_count);
		write_times(j, "response_time_ns", op->response);
		write_times(j, "service_time_ns", op->service ? op->service : op->response);
		json_close(j);
	}
	json_close(j);
}

static void write_intervals(struct json_out *j, const struct collector *c)
{
	json_array_open(j, "intervals");
	for (size_t i = 0; i < c->rows_count; i++) {
		const struct interval_row *row = &c->rows[i];

		json_object_open(j, NULL);
		json_str(j, "phase", row->phase);
		json_bool(j, "recorded", row->is_recorded);
		json_f64(j, "start_s", (double)row->start_ns / (double)NSEC_PER_SEC);
		json_f64(j, "elapsed_s", (double)row->length_ns / (double)NSEC_PER_SEC);
		json_u64(j, "ops_count", row->ops_count);
		json_u64(j, "errors_count", row->errors_count);
		json_u64(j, "unrecorded_count", row->unrecorded_count);
		json_f64(j, "throughput_per_s", row->throughput_per_s);
		json_u64(j, "p50_ns", row->p50_ns);
		json_u64(j, "p99_ns", row->p99_ns);
		json_u64(j, "max_ns", row->max_ns);
		json_close(j);
	}
	json_close(j);
}

static void write_remarks(struct json_out *j, const char *key, const struct remarks *r)
{
	json_array_open(j, key);
	for (size_t i = 0; i < r->count; i++)
		json_str(j, NULL, r->text[i]);
	json_close(j);
}

static void write_self_check(struct json_out *j, const struct outcome *o)
{
	const struct self_check *s = &o->check;

	json_object_open(j, "self_check");
	json_bool(j, "valid", s->is_valid);
	write_remarks(j, "reasons", &s->reasons);
	write_remarks(j, "notes", &s->notes);
	json_u64(j, "send_lag_p50_ns", s->lag_p50_ns);
	json_u64(j, "send_lag_p99_ns", s->lag_p99_ns);
	json_u64(j, "send_lag_max_ns", s->lag_max_ns);
	json_f64(j, "own_cpu_ratio", s->own_cpu_ratio);
	json_f64(j, "own_cpu_ns_per_op", s->own_cpu_ns_per_op);
	json_u64(j, "switches_involuntary_count", s->switches_involuntary);
	json_f64(j, "steal_pct", o->run->steal_pct);
	json_u64(j, "planned_count", s->planned_count);
	json_u64(j, "unsent_count", s->unsent_count);
	json_u64(j, "blocked_count", s->blocked_count);
	json_f64(j, "achieved_ratio", s->achieved_ratio);
	json_close(j);
}

void results_json(const struct outcome *o, struct strbuf *out)
{
	struct json_out j = { .sb = out, .indent = 2 };
	const struct self_check *s = &o->check;
	const char *warnings[2 * SELF_CHECK_REMARKS_MAX];
	size_t warnings_count = 0;

	for (size_t i = 0; i < s->reasons.count; i++)
		warnings[warnings_count++] = s->reasons.text[i];
	for (size_t i = 0; i < s->notes.count; i++)
		warnings[warnings_count++] = s->notes.text[i];
	json_object_open(&j, NULL);
	envelope_write(&j, &(struct envelope){
				   .schema = "goxel-load/1",
				   .tool = "goxel-load",
				   .start_wall_ns = o->plan->start_wall_ns,
				   .warnings = warnings,
				   .warnings_count = warnings_count,
			   });
	json_str(&j, "state", run_state_name(o->run->state));
	json_str(&j, "message", o->run->message[0] ? o->run->message : NULL);
	write_load(&j, o->plan);
	write_totals(&j, o);
	write_errors(&j, &o->run->collect.total);
	write_times(&j, "response_time_ns", o->response);
	write_times(&j, "service_time_ns", o->service);
	write_operations(&j, o);
	write_intervals(&j, &o->run->collect);
	write_self_check(&j, o);
	json_close(&j);
	strbuf_add_char(out, '\n');
}

int results_write(const struct outcome *o, struct span json, const char *dir, struct err *err)
{
	char path[PATH_BYTES_MAX];
	int rc;

	snprintf(path, sizeof(path), "%s/%s", dir, runfile_name(RUNFILE_LATENCY_PERCENTILES));
	rc = hgrm_write(path, o->response, err);
	if (rc)
		return rc;
	snprintf(path, sizeof(path), "%s/%s", dir, runfile_name(RUNFILE_LOAD_RESULTS));
	return file_write_atomic(path, json, err);
}
