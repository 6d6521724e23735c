#include "reports/judge/judged_print.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/json_out.h"
#include "reports/doc/doc.h"
#include "reports/judge/figures.h"
#include "reports/lib/envelope.h"
#include "reports/lib/stats.h"

int judgement_make(const struct figures *f, struct judgement *out)
{
	*out = (struct judgement){ .figures = f };
	for (size_t i = 0; i < f->targets->count; i++) {
		const struct figure *one = &f->list[i];
		int rc = judge_values(&f->targets->list[i], one->values, one->count, &out->rows[i]);

		if (rc < 0)
			return rc;
		if (one->is_spoiled)
			out->rows[i].verdict = VERDICT_MISSED;
		out->counts[out->rows[i].verdict]++;
	}
	return 0;
}

static double v14_value(const struct figure *f)
{
	double *copy = malloc((f->v14_count + 1) * sizeof(*copy)), median = NAN;

	if (copy && f->v14_count) {
		memcpy(copy, f->v14, f->v14_count * sizeof(*copy));
		median = stats_median(copy, f->v14_count);
	}
	free(copy);
	return median;
}

/* Whether there is a value for v14. */
static bool has_v14(const struct judgement *j)
{
	const struct targets *t = j->figures->targets;

	for (size_t i = 0; i < t->count; i++)
		if (j->rows[i].count &&
		    (j->figures->list[i].v14_count || !isnan(t->list[i].v14_claim)))
			return true;
	return false;
}

static void put_interval(struct doc *d, enum unit unit, const struct judged *j)
{
	if (isnan(j->low))
		doc_cell(d, TONE_DIM, "measured once");
	else if (isinf(j->high))
		doc_cell(d, TONE_DIM, "too few values");
	else
		doc_cell(d, TONE_NONE, "%s … %s", unit_fmt(unit, j->low).s,
			 unit_fmt(unit, j->high).s);
}

static enum doc_tone tone_of(enum verdict verdict)
{
	static const enum doc_tone tones[] = { TONE_DIM, TONE_GOOD, TONE_BAD, TONE_WARN, TONE_DIM };

	return tones[verdict];
}

static void put_row(struct doc *d, const struct judgement *j, size_t i, bool is_v14_shown)
{
	const struct target *t = &j->figures->targets->list[i];
	const struct judged *row = &j->rows[i];

	doc_cell(d, TONE_NONE, "%s", t->title);
	if (is_v14_shown) {
		doc_cell(d, TONE_NONE, "%s", unit_fmt(t->unit, t->v14_claim).s);
		doc_cell(d, TONE_NONE, "%s", unit_fmt(t->unit, v14_value(&j->figures->list[i])).s);
	}
	doc_cell(d, TONE_NONE, "%s", unit_fmt(t->unit, row->value).s);
	put_interval(d, t->unit, row);
	doc_cell(d, TONE_NONE, "%zu", row->count);
	doc_cell(d, TONE_NONE, "%s", target_fmt(t).s);
	doc_cell(d, tone_of(row->verdict), "%s",
		 row->verdict == VERDICT_SHOWN ? "" : verdict_name(row->verdict));
}

static bool has_too_few(const struct judgement *j)
{
	for (size_t i = 0; i < j->figures->targets->count; i++)
		if (j->rows[i].count > 1 && isinf(j->rows[i].high))
			return true;
	return false;
}

void judgement_doc(struct doc *d, const struct judgement *j)
{
	const struct targets *t = j->figures->targets;
	bool is_v14_shown = has_v14(j);

	doc_table(d, is_v14_shown ? "Target|>v14 claimed|>v14 here|>Figure|>95 % interval|>Values|"
				    ">Limit|Verdict"
				  : "Target|>Figure|>95 % interval|>Values|>Limit|Verdict");
	for (size_t i = 0; i < t->count; i++)
		if (j->rows[i].count)
			put_row(d, j, i, is_v14_shown);
	doc_para(d, "%zu met, %zu missed, %zu not settled; %zu not measured here.",
		 j->counts[VERDICT_MET], j->counts[VERDICT_MISSED], j->counts[VERDICT_UNSETTLED],
		 j->counts[VERDICT_UNMEASURED]);
	if (has_too_few(j))
		doc_para(d, "An interval of 95 %% needs %d values.", JUDGE_COUNT_MIN);
	else if (j->counts[VERDICT_UNSETTLED])
		doc_para(d, "Not settled: the limit lies inside "
			    "the interval; more values tell more.");
	if (j->figures->lacks_axes)
		doc_para(d, "A result of an older goxel-bench does not tell which implementations "
			    "v15 uses: figures that depend on them are omitted.");
}

static void json_values(struct json_out *o, const double *values, size_t count)
{
	json_array_open(o, "values");
	for (size_t i = 0; i < count; i++)
		json_f64(o, NULL, values[i]);
	json_close(o);
}

static void json_row(struct json_out *o, const struct judgement *j, size_t i)
{
	const struct target *t = &j->figures->targets->list[i];
	const struct figure *f = &j->figures->list[i];
	const struct judged *row = &j->rows[i];

	json_object_open(o, NULL);
	json_str(o, "title", t->title);
	json_str(o, "key", t->key);
	json_str(o, "unit", unit_name(t->unit));
	if (t->relation != TARGET_SHOWN)
		json_f64(o, t->relation == TARGET_BELOW ? "below" : "above", t->limit);
	json_f64(o, "v14_claim", t->v14_claim);
	json_f64(o, "v14", v14_value(f));
	json_f64(o, "value", row->value);
	json_f64(o, "low", row->low);
	json_f64(o, "high", isinf(row->high) ? NAN : row->high);
	json_u64(o, "values_count", row->count);
	json_values(o, f->values, f->count);
	json_str(o, "verdict", verdict_name(row->verdict));
	json_close(o);
}

void judgement_json(struct strbuf *out, const struct judgement *j)
{
	static const char *const keys[] = { "not_measured", "met", "missed", "not_settled",
					    "shown" };
	struct json_out o = { .sb = out, .indent = 2 };

	json_object_open(&o, NULL);
	envelope_write(&o,
		       &(struct envelope){ .schema = "goxel-judged/1", .tool = "goxel-report" });
	json_str(&o, "name", j->figures->targets->name);
	json_array_open(&o, "targets");
	for (size_t i = 0; i < j->figures->targets->count; i++)
		json_row(&o, j, i);
	json_close(&o);
	json_object_open(&o, "counts");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_u64(&o, keys[i], j->counts[i]);
	json_close(&o);
	json_close(&o);
}
