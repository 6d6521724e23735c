/* gate_report.c - what a gate found: Markdown, JUnit XML, JSON. */
#include <math.h>
#include <string.h>

#include "loadgen/gate/gate.h"
#include "reports/lib/envelope.h"

static double percent(double log_ratio)
{
	return 100 * expm1(log_ratio);
}

/* "+1.23 %", "-" when it is not known or has no bound. */
static void put_percent(struct strbuf *out, double log_ratio)
{
	if (isfinite(log_ratio))
		strbuf_addf(out, "%+.2f %%", percent(log_ratio));
	else
		strbuf_add_str(out, "-");
}

/* Of pairs: "CPU time per request". */
static const char *label_of(const char *key)
{
	for (const struct pair_metric *m = pair_metrics; m->key; m++)
		if (!strcmp(m->key, key))
			return m->label;
	return key;
}

/* ---- Markdown ------------------------------------------------------------------------ */

static void put_row(struct strbuf *out, const struct gate *g, const struct verdict_row *r)
{
	const struct gate_accept *accept = gate_accepts_find(&g->accepts, r->metric->key);

	strbuf_addf(out, "| %s | ", label_of(r->metric->key));
	put_percent(out, r->theta);
	strbuf_add_str(out, " | ");
	put_percent(out, r->low);
	strbuf_add_str(out, " .. ");
	put_percent(out, r->high);
	strbuf_addf(out, " | %.2f %%%s | ", percent(r->margin_ln), accept ? " (accepted)" : "");
	put_percent(out, r->detectable_ln);
	strbuf_addf(out, " | %s |\n", verdict_answer_name(r->answer));
}

static void put_sitting(struct strbuf *out, const struct gate_sitting *s, const char *name)
{
	strbuf_addf(out,
		    "%s: %zu blocks of fresh servers, %zu refused, %.0f requests/s, seed %llu.\n",
		    name, s->blocks_count, s->refused_count, s->rate_per_s,
		    (unsigned long long)s->seed);
}

void gate_markdown(const struct gate *g, struct strbuf *out)
{
	const struct verdict *v = &g->first.verdict;
	const struct pair_options *o = &g->options->pair;

	strbuf_addf(out, "### goxel-gate: %s\n\n%s\n\n", gate_answer_name(gate_answer_of(g)),
		    v->sentence);
	strbuf_addf(out, "base `%s`, head `%s`\n\n", o->arms[0], o->arms[1]);
	strbuf_add_str(out, "| metric (less is better) | change | 95 % | margin | detectable | |\n"
			    "|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < v->rows_count; i++)
		put_row(out, g, &v->rows[i]);
	strbuf_add_char(out, '\n');
	put_sitting(out, &g->first, "First sitting");
	if (g->has_second) {
		put_sitting(out, &g->second, "Second sitting");
		strbuf_addf(out, "It says: %s\n", g->second.verdict.sentence);
	}
	strbuf_addf(out, "Again: `goxel-gate --base '%s' --head '%s' --rate %.6g --seed %lld`\n",
		    o->arms[0], o->arms[1], g->first.rate_per_s, (long long)o->seed);
}

/* ---- JUnit --------------------------------------------------------------------------- */

static void put_xml(struct strbuf *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '<':
			strbuf_add_str(out, "&lt;");
			break;
		case '&':
			strbuf_add_str(out, "&amp;");
			break;
		case '"':
			strbuf_add_str(out, "&quot;");
			break;
		default:
			strbuf_add_char(out, *text);
		}
}

static bool is_failure(const struct gate *g, const struct verdict_row *r)
{
	return r->answer == VERDICT_ROW_REGRESSED && gate_answer_of(g) == GATE_REGRESSED;
}

static bool is_skipped(const struct gate *g, const struct verdict_row *r)
{
	return !is_failure(g, r) &&
	       (r->answer == VERDICT_ROW_INCONCLUSIVE || r->answer == VERDICT_ROW_REGRESSED);
}

static void put_case(struct strbuf *out, const struct gate *g, const struct verdict_row *r)
{
	strbuf_addf(out, "  <testcase classname=\"goxel-gate\" name=\"%s\">", r->metric->key);
	if (is_failure(g, r)) {
		strbuf_add_str(out, "<failure message=\"");
		put_percent(out, r->theta);
		strbuf_add_str(out, ", at least ");
		put_percent(out, r->lower);
		strbuf_addf(out, "; the margin is %.2f %%\"/>", percent(r->margin_ln));
	} else if (is_skipped(g, r)) {
		strbuf_add_str(out, "<skipped message=\"");
		put_xml(out, r->answer == VERDICT_ROW_REGRESSED ? "not confirmed" : r->reason);
		strbuf_add_str(out, "\"/>");
	}
	strbuf_add_str(out, "</testcase>\n");
}

void gate_junit(const struct gate *g, struct strbuf *out)
{
	const struct verdict *v = &g->first.verdict;
	size_t failures = 0, skipped = 0;

	for (size_t i = 0; i < v->rows_count; i++) {
		failures += is_failure(g, &v->rows[i]);
		skipped += is_skipped(g, &v->rows[i]);
	}
	strbuf_addf(
		out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<testsuite name=\"goxel-gate\" tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\">\n",
		v->rows_count, failures, skipped);
	for (size_t i = 0; i < v->rows_count; i++)
		put_case(out, g, &v->rows[i]);
	strbuf_add_str(out, "</testsuite>\n");
}

/* ---- JSON ------------------------------------------------------------------------------- */

static void write_row(struct json_out *j, const struct verdict_row *r)
{
	json_object_open(j, NULL);
	json_str(j, "metric", r->metric->key);
	json_str(j, "answer", verdict_answer_name(r->answer));
	json_str(j, "reason", r->reason);
	json_u64(j, "pairs_count", r->n);
	json_f64(j, "change_pct", percent(r->theta));
	json_f64(j, "low_pct", percent(r->low));
	json_f64(j, "high_pct", percent(r->high));
	json_f64(j, "lower_pct", percent(r->lower));
	json_f64(j, "upper_pct", percent(r->upper));
	json_f64(j, "margin_pct", percent(r->margin_ln));
	json_f64(j, "p_worse", r->p_worse);
	json_f64(j, "detectable_pct", percent(r->detectable_ln));
	json_close(j);
}

static void write_sitting(struct json_out *j, const char *key, const struct gate_sitting *s)
{
	if (!s->is_decided) {
		json_put_null(j, key);
		return;
	}
	json_object_open(j, key);
	json_u64(j, "seed", s->seed);
	json_u64(j, "blocks_count", s->blocks_count);
	json_u64(j, "refused_count", s->refused_count);
	json_f64(j, "rate_per_s", s->rate_per_s);
	json_str(j, "verdict", verdict_joint_name(s->verdict.joint));
	json_str(j, "sentence", s->verdict.sentence);
	json_f64(j, "level", s->verdict.level);
	json_array_open(j, "rows");
	for (size_t i = 0; i < s->verdict.rows_count; i++)
		write_row(j, &s->verdict.rows[i]);
	json_close(j);
	json_close(j);
}

void gate_json(const struct gate *g, struct strbuf *out)
{
	struct json_out j = { .sb = out, .indent = 2 };

	json_object_open(&j, NULL);
	envelope_write(&j, &(struct envelope){ .schema = "goxel-gate/1", .tool = "goxel-gate" });
	json_str(&j, "answer", gate_answer_name(gate_answer_of(g)));
	json_str(&j, "base", g->options->pair.arms[0]);
	json_str(&j, "head", g->options->pair.arms[1]);
	json_array_open(&j, "accepted");
	for (size_t i = 0; i < g->accepts.count; i++) {
		const struct gate_accept *a = &g->accepts.rows[i];

		json_object_open(&j, NULL);
		json_str(&j, "metric", a->metric);
		json_str(&j, "until", a->until);
		json_f64(&j, "most_pct", 100 * a->ratio);
		json_str(&j, "reason", a->reason);
		json_bool(&j, "is_expired", a->is_expired);
		json_close(&j);
	}
	json_close(&j);
	write_sitting(&j, "first", &g->first);
	write_sitting(&j, "second", &g->second);
	json_close(&j);
	strbuf_add_char(out, '\n');
}
