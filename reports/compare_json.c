#include "reports/compare_json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/hist.h"
#include "daemon/base/json_out.h"
#include "reports/judge/judge.h"
#include "reports/judge/metric.h"
#include "reports/judge/rule.h"
#include "reports/judge/target.h"
#include "reports/lib/envelope.h"
#include "reports/lib/quantiles.h"
#include "reports/section/repeats.h"
#include "reports/section/section.h"

static void put_run(struct json_out *j, const char *key, const struct view *v)
{
	char *run = json_dumps(v->dir.run, JSON_COMPACT | JSON_SORT_KEYS);

	json_object_open(j, key);
	json_str(j, "label", v->label);
	json_str(j, "path", v->dir.path);
	if (run)
		json_raw(j, "run", span_str(run));
	free(run);
	json_array_open(j, "missing");
	for (size_t i = 0; i < v->missing_count; i++)
		json_str(j, NULL, v->missing[i]);
	json_close(j);
	json_close(j);
}

static void put_spread(struct json_out *j, const char *key, const struct metric *m,
		       const struct view *v, struct spread *out, bool *is_known)
{
	*is_known = metric_spread(m, v, out);
	if (!*is_known)
		return;
	json_object_open(j, key);
	json_u64(j, "intervals_count", out->count);
	json_f64(j, "sd_ln", out->sd_ln);
	json_f64(j, "lag1_correlation", out->rho);
	json_f64(j, "effective_count", out->count_effective);
	json_close(j);
}

static const char *better_name(int better)
{
	return better > 0 ? "more" : better < 0 ? "less" : "neither";
}

static void put_metric(struct json_out *j, const struct pair *p, const struct metric *m)
{
	static const char *const units[] = { "ns", "bytes", "per_s", "count" };
	double a = metric_read(m, p->a), b = p->b ? metric_read(m, p->b) : NAN;
	struct spread sa, sb;
	bool has_a, has_b = false;

	if (isnan(a) && isnan(b))
		return;
	json_object_open(j, m->key);
	json_str(j, "title", m->title);
	json_str(j, "unit", units[m->unit]);
	json_str(j, "better", better_name(m->better));
	json_f64(j, p->b ? "baseline" : "value", a);
	if (p->b) {
		json_f64(j, "optimized", b);
		json_f64(j, "ratio", a != 0 ? b / a : NAN);
	}
	put_spread(j, p->b ? "baseline_spread" : "spread", m, p->a, &sa, &has_a);
	if (p->b)
		put_spread(j, "optimized_spread", m, p->b, &sb, &has_b);
	if (has_a && has_b) {
		double seen = spread_detectable_pct(&sa, &sb);

		json_f64(j, "detectable_pct", seen);
		json_bool(j, "stands_out_of_spread", fabs(log(b / a)) >= log1p(seen / 100));
	}
	json_close(j);
}

static void put_series(struct json_out *j, const char *key, const double *values, size_t count)
{
	json_array_open(j, key);
	for (size_t i = 0; i < count; i++)
		json_f64(j, NULL, values[i]);
	json_close(j);
}

static void put_intervals(struct json_out *j, const char *key, const struct view *v)
{
	const struct view_intervals *in = &v->intervals;

	json_object_open(j, key);
	put_series(j, "start_s", in->time_s, in->count);
	put_series(j, "throughput_per_s", in->throughput_per_s, in->count);
	put_series(j, "p50_ns", in->p50_ns, in->count);
	put_series(j, "p99_ns", in->p99_ns, in->count);
	json_close(j);
}

static void put_quantiles(struct json_out *j, const char *key, const struct hist *h)
{
	char name[32];

	if (!h)
		return;
	json_object_open(j, key);
	json_u64(j, "count", h->total);
	for (size_t i = 0; i < QUANTILES_COUNT && h->total; i++) {
		snprintf(name, sizeof(name), "%s_ns", quantiles[i].key);
		json_u64(j, name, hist_quantile_ns(h, quantiles[i].q));
	}
	json_close(j);
}

static void put_operations(struct json_out *j, const char *key, const struct view *v)
{
	json_object_open(j, key);
	for (size_t i = 0; i < v->tags_count; i++) {
		json_object_open(j, v->tags[i].name);
		put_quantiles(j, "response_time", v->tags[i].response);
		put_quantiles(j, "service_time", v->tags[i].service);
		json_close(j);
	}
	json_close(j);
}

static void put_targets(struct json_out *j, const struct pair *p, const struct targets *t)
{
	json_array_open(j, "targets");
	for (size_t i = 0; i < t->count; i++) {
		const struct target *one = &t->list[i];
		struct judged have = { .value = NAN }, other = { .value = NAN };

		j->sb->failed |= pair_judge(p, one, p->b != NULL, &have) < 0;
		json_object_open(j, NULL);
		json_str(j, "title", one->title);
		json_str(j, "metric", one->key);
		if (one->relation != TARGET_SHOWN)
			json_f64(j, one->relation == TARGET_BELOW ? "below" : "above", one->limit);
		json_f64(j, "v14_claim", one->v14_claim);
		if (p->b) {
			j->sb->failed |= pair_judge(p, one, false, &other) < 0;
			json_f64(j, "baseline", other.value);
		}
		json_f64(j, p->b ? "optimized" : "value", have.value);
		if (p->views) {
			json_f64(j, "low", have.low);
			json_f64(j, "high", isinf(have.high) ? NAN : have.high);
		}
		json_str(j, "verdict", verdict_name(have.verdict));
		json_close(j);
	}
	json_close(j);
}

static void put_rule(struct json_out *j, const struct pair *p)
{
	struct rule rule;

	rule_judge(p->a, p->b, &rule);
	json_object_open(j, "success_rule");
	json_str(j, "verdict", rule_verdict_name(rule.verdict));
	json_str(j, "measured_verdict", rule_verdict_name(rule.measured));
	json_array_open(j, "clauses");
	for (size_t i = 0; i < RULE_CLAUSES; i++) {
		const struct rule_clause *c = &rule.clauses[i];

		json_object_open(j, NULL);
		json_str(j, "name", c->key);
		json_str(j, "asked", c->title);
		json_str(j, "verdict", rule_verdict_name(c->verdict));
		json_f64(j, "change_pct", c->change_pct);
		json_f64(j, "detectable_pct", c->detectable_pct);
		json_str(j, "measured", c->why);
		json_close(j);
	}
	json_close(j);
	json_close(j);
}

/* Copies a part of a run as its tool wrote it, so that nothing is lost. */
static void put_part(struct json_out *j, const char *key, const json_t *part, const char *inner)
{
	const json_t *value = inner ? json_object_get(part, inner) : part;
	char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	if (text)
		json_raw(j, key, span_str(text));
	else
		json_put_null(j, key);
	free(text);
}

static void put_parts(struct json_out *j, const char *key, const struct view *v)
{
	json_object_open(j, key);
	put_part(j, "startup_phases", v->startup, "phases");
	put_part(j, "stages", v->stages, "stages");
	put_part(j, "events", v->counters, "events");
	put_part(j, "syscalls", v->counters, "syscalls");
	put_part(j, "alloc_totals", v->allocs, "totals");
	put_part(j, "alloc_sources", v->allocs, "sources");
	json_object_open(j, "memory");
	put_series(j, "time_s", v->memory.time_s, v->memory.count);
	put_series(j, "rss_bytes", v->memory.rss_bytes, v->memory.count);
	json_close(j);
	json_close(j);
}

static void put_runs(struct json_out *j, const struct pair *p,
		     void (*put)(struct json_out *, const char *, const struct view *),
		     const char *key)
{
	json_object_open(j, key);
	put(j, p->b ? "baseline" : "run", p->a);
	if (p->b)
		put(j, "optimized", p->b);
	json_close(j);
}

static void put_response(struct json_out *j, const char *key, const struct view *v)
{
	put_quantiles(j, key, v->response);
}

static void put_repeats(struct json_out *j, const struct repeats *r)
{
	json_object_open(j, "pairs");
	json_u64(j, "count", r->pairs_count);
	json_object_open(j, "metrics");
	for (size_t i = 0; i < r->rows_count; i++) {
		const struct repeats_row *row = &r->rows[i];

		json_object_open(j, row->metric->key);
		json_bool(j, "judged", row->is_judged);
		json_f64(j, "effect_pct", row->effect_pct);
		json_f64(j, "low_pct", row->low_pct);
		json_f64(j, "high_pct", row->high_pct);
		json_f64(j, "p", row->p_raw);
		json_f64(j, "p_adjusted", row->p_adjusted);
		json_f64(j, "detectable_pct", row->detectable_pct);
		put_series(j, "ln_ratio", row->d_ln, r->pairs_count);
		json_close(j);
	}
	json_close(j);
	json_close(j);
}

static int write_all(const struct pair *p, const struct targets *t, const struct repeats *repeats,
		     struct strbuf *out)
{
	struct json_out j = { .sb = out, .indent = 2 };

	json_object_open(&j, NULL);
	envelope_write(&j, &(struct envelope){ .schema = p->b ? "goxel-compare/1" : "goxel-show/1",
					       .tool = "goxel-report" });
	put_runs(&j, p, put_run, "runs");
	json_object_open(&j, "metrics");
	for (const struct metric *m = metrics; m->key; m++)
		put_metric(&j, p, m);
	json_close(&j);
	if (repeats)
		put_repeats(&j, repeats);
	put_targets(&j, p, t);
	if (p->b) {
		put_rule(&j, p);
		json_u64(&j, "conditions_differing_count", section_differences(NULL, p));
	}
	put_runs(&j, p, put_response, "response_time");
	put_runs(&j, p, put_operations, "operations");
	put_runs(&j, p, put_intervals, "intervals");
	put_runs(&j, p, put_parts, "parts");
	json_close(&j);
	strbuf_add_char(out, '\n');
	return out->failed ? -ENOMEM : 0;
}

int compare_json(const struct pair *p, const struct targets *t, const struct repeats *repeats,
		 struct strbuf *out)
{
	return write_all(p, t, repeats, out);
}

int show_json(const struct pair *p, const struct targets *t, struct strbuf *out)
{
	return write_all(p, t, NULL, out);
}
