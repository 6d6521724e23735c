/* pair_json.c - a sitting as JSON (pair_sitting.h says its keys). */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/hist.h"
#include "loadgen/pair/pair_json.h"
#include "reports/lib/envelope.h"
#include "reports/lib/hdr_codec.h"

static int write_hist(struct json_out *j, const char *key, const struct hist *h, struct err *err)
{
	struct strbuf text = { 0 };
	int rc = hdr_encode(h, &text, err);

	if (!rc)
		json_span(j, key, strbuf_span(&text));
	strbuf_deinit(&text);
	return rc;
}

static void write_metrics(struct json_out *j, const struct pair_figures *f)
{
	json_object_open(j, "metrics");
	for (const struct pair_metric *m = pair_metrics; m->key; m++)
		json_f64(j, m->key, m->of(f));
	json_close(j);
}

static int write_arm(struct json_out *j, char name, const struct pair_figures *f, struct err *err)
{
	const char text[2] = { name, '\0' };
	int rc;

	json_object_open(j, NULL);
	json_str(j, "name", text);
	json_u64(j, "requests_count", f->requests_count);
	json_u64(j, "errors_count", f->errors_count);
	json_u64(j, "planned_count", f->planned_count);
	json_u64(j, "unsent_count", f->unsent_count);
	json_u64(j, "blocked_count", f->blocked_count);
	json_u64(j, "cpu_ns", f->usage.cpu_ns);
	json_u64(j, "runqueue_ns", f->usage.runqueue_ns);
	json_u64(j, "switches_voluntary", f->usage.switches_voluntary);
	json_u64(j, "switches_involuntary", f->usage.switches_involuntary);
	json_u64(j, "load_ns", f->load_ns);
	json_u64(j, "overrun_ns", f->overrun_ns);
	json_u64(j, "idle_cpu_ns", f->idle_cpu_ns);
	json_u64(j, "idle_ns", f->idle_ns);
	json_u64(j, "first_reply_ns", f->first_reply_ns);
	json_u64(j, "rss_bytes", f->rss_bytes);
	json_u64(j, "rss_peak_bytes", f->rss_peak_bytes);
	json_u64(j, "lag_p50_ns", hist_quantile_ns(f->lag, 0.50));
	json_u64(j, "lag_p90_ns", hist_quantile_ns(f->lag, 0.90));
	json_u64(j, "lag_p99_ns", hist_quantile_ns(f->lag, 0.99));
	write_metrics(j, f);
	rc = write_hist(j, "response", f->response, err);
	if (!rc)
		rc = write_hist(j, "service", f->service, err);
	json_close(j);
	return rc;
}

int pair_block_json(const struct pair_setup *setup, const struct pair_block *b, struct strbuf *out,
		    struct err *err)
{
	struct json_out j = { .sb = out };
	int rc = 0;

	json_object_open(&j, NULL);
	json_u64(&j, "index", b->index);
	json_u64(&j, "start_wall_ns", b->start_wall_ns);
	json_u64(&j, "length_ns", b->length_ns);
	json_bool(&j, "is_valid", !b->reasons_count);
	json_bool(&j, "has_failed", b->has_failed);
	json_array_open(&j, "reasons");
	for (size_t i = 0; i < b->reasons_count; i++)
		json_str(&j, NULL, b->reasons[i]);
	json_close(&j);
	json_f64(&j, "steal_pct", b->steal_pct);
	json_str(&j, "start_order", b->order);
	json_array_open(&j, "arms");
	for (uint32_t i = 0; i < setup->design.arms_count && !rc; i++)
		rc = write_arm(&j, setup->arms[i].name, &b->arms[i], err);
	json_close(&j);
	json_close(&j);
	if (!rc && out->failed)
		rc = err_set(err, -ENOMEM, "out of memory for a block's results");
	return rc;
}

static void write_design(struct json_out *j, const struct pair_sitting *s)
{
	const struct pair_design *d = &s->setup->design;

	json_object_open(j, "design");
	json_u64(j, "seed", d->seed);
	json_u64(j, "arms_count", d->arms_count);
	json_u64(j, "slice_ns_min", d->slice_ns_min);
	json_u64(j, "slice_ns_max", d->slice_ns_max);
	json_u64(j, "block_ns", d->block_ns);
	json_u64(j, "warmup_ns", s->setup->warmup_ns);
	json_u64(j, "blocks_count", s->blocks_planned);
	json_bool(j, "is_realtime", s->setup->is_realtime);
	json_bool(j, "has_all_rules", s->setup->has_all_rules);
	json_f64(j, "lag_limit_pct", s->setup->lag_limit_pct);
	json_close(j);
}

static void write_load(struct json_out *j, const struct pair_setup *setup)
{
	const struct options *o = &setup->load;

	json_object_open(j, "load");
	json_str(j, "workload", setup->workload->name);
	json_f64(j, "rate_per_s", o->rate_per_s);
	json_str(j, "arrival", arrival_names[o->arrival]);
	json_i64(j, "connections_count", o->connections_count);
	json_i64(j, "depth", o->depth);
	json_u64(j, "timeout_ns", o->timeout_ns);
	json_str(j, "check", verify_names[o->check]);
	json_close(j);
}

static void write_arms(struct json_out *j, const struct pair_setup *setup)
{
	json_array_open(j, "arms");
	for (uint32_t i = 0; i < setup->design.arms_count; i++) {
		const struct pair_arm *a = &setup->arms[i];
		const char name[2] = { a->name, '\0' };

		json_object_open(j, NULL);
		json_str(j, "name", name);
		json_str(j, "spec", a->spec);
		json_str(j, "target", a->target.name);
		json_str(j, "programs", a->bin);
		json_str(j, "command", a->target.command);
		json_close(j);
	}
	json_close(j);
}

static void write_effects(struct json_out *j, const struct pair_sitting *s)
{
	json_array_open(j, "effects");
	for (size_t i = 0; i < s->effects.count; i++) {
		const struct pair_effect *e = &s->effects.rows[i];
		const char arm[2] = { s->setup->arms[e->arm].name, '\0' };
		const char base[2] = { s->setup->arms[0].name, '\0' };

		json_object_open(j, NULL);
		json_str(j, "arm", arm);
		json_str(j, "base", base);
		json_str(j, "metric", e->metric->key);
		json_bool(j, "is_judged", e->metric->is_judged);
		json_u64(j, "pairs_count", e->pairs_count);
		json_f64(j, "base_median", e->base_median);
		json_f64(j, "arm_median", e->arm_median);
		json_f64(j, "change_pct", e->change_pct);
		json_f64(j, "low_pct", e->low_pct);
		json_f64(j, "high_pct", e->high_pct);
		json_f64(j, "p_adjusted", e->p_adjusted);
		json_f64(j, "detectable_pct", e->detectable_pct);
		json_f64(j, "spread_pct", e->spread_pct);
		json_array_open(j, "differences");
		for (size_t k = 0; k < e->pairs_count; k++)
			json_f64(j, NULL, e->differences[k]);
		json_close(j);
		json_close(j);
	}
	json_close(j);
}

int pair_sitting_json(const struct pair_sitting *s, struct strbuf *out, struct err *err)
{
	struct json_out j = { .sb = out };

	json_object_open(&j, NULL);
	envelope_write(&j, &(struct envelope){
				   .schema = "goxel-pairs/1",
				   .tool = "goxel-pair",
				   .start_wall_ns = s->start_wall_ns,
			   });
	json_str(&j, "state", pair_state_name(s->state));
	json_str(&j, "message", s->message[0] ? s->message : NULL);
	write_design(&j, s);
	write_load(&j, s->setup);
	pair_fitness_write(&j, "fitness", &s->fitness);
	write_arms(&j, s->setup);
	json_u64(&j, "blocks_valid_count", s->valid_count);
	json_array_open(&j, "blocks");
	for (size_t i = 0; i < s->records_count; i++)
		json_raw(&j, NULL, span_str(s->records[i].text));
	json_close(&j);
	write_effects(&j, s);
	json_close(&j);
	strbuf_add_char(out, '\n');
	return out->failed ? err_set(err, -ENOMEM, "out of memory for the results") : 0;
}

int pair_sitting_write(const struct pair_sitting *s, const char *path, struct err *err)
{
	struct strbuf text = { 0 };
	int rc = pair_sitting_json(s, &text, err);

	if (!rc)
		rc = file_write_atomic(path, strbuf_span(&text), err);
	strbuf_deinit(&text);
	return rc;
}
