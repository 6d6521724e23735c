/* section.c - shared by the sections: names of the runs, tables of one or two columns. */
#include "reports/section/section.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/doc/fmt.h"
#include "reports/judge/judge.h"
#include "reports/judge/metric.h"

void pair_init(struct pair *p, const struct view *a, const struct view *b)
{
	*p = (struct pair){ .a = a, .b = b };
	snprintf(p->name_a, sizeof(p->name_a), "%s", a->label);
	if (!b)
		return;
	snprintf(p->name_b, sizeof(p->name_b), "%s", b->label);
	if (strcmp(p->name_a, p->name_b) == 0) {
		snprintf(p->name_a, sizeof(p->name_a), "%s (baseline)", a->label);
		snprintf(p->name_b, sizeof(p->name_b), "%s (optimized)", b->label);
	}
}

/* The axis in which the sides differ; NULL when none or more than one differs. */
static const char *differing_axis(json_t *a, const json_t *b)
{
	const char *name, *found = NULL;
	json_t *value;

	json_object_foreach(a, name, value)
	{
		if (json_equal(value, json_object_get(b, name)))
			continue;
		if (found)
			return NULL;
		found = name;
	}
	return found;
}

void pair_name_sides(struct pair *p)
{
	static const char *const keys[] = { "preset", "target" };
	json_t *axes_a = json_object_get(p->a->dir.run, "axes");
	json_t *axes_b = json_object_get(p->b->dir.run, "axes");
	const char *axis = differing_axis(axes_a, axes_b), *value_a, *value_b;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		value_a = view_text(p->a->dir.run, keys[i]);
		value_b = view_text(p->b->dir.run, keys[i]);
		if (!value_a || !value_b || strcmp(value_a, value_b) == 0)
			continue;
		snprintf(p->name_a, sizeof(p->name_a), "%s", value_a);
		snprintf(p->name_b, sizeof(p->name_b), "%s", value_b);
		return;
	}
	value_a = axis ? view_text(axes_a, axis) : NULL;
	value_b = axis ? view_text(axes_b, axis) : NULL;
	if (!value_a || !value_b)
		return;
	snprintf(p->name_a, sizeof(p->name_a), "%s %s", axis, value_a);
	snprintf(p->name_b, sizeof(p->name_b), "%s %s", axis, value_b);
}

/* A heading must not contain the character that separates headings. */
static void add_name(struct strbuf *sb, const char *name)
{
	for (; *name; name++)
		strbuf_add(sb, *name == '|' ? "/" : name, 1);
}

void pair_table(struct doc *d, const struct pair *p, const char *first, const char *more)
{
	struct strbuf sb = { 0 };

	strbuf_addf(&sb, "%s|>", first);
	add_name(&sb, p->name_a);
	if (p->b) {
		strbuf_add_str(&sb, "|>");
		add_name(&sb, p->name_b);
		strbuf_add_str(&sb, "|>Change");
	}
	if (more)
		strbuf_addf(&sb, "|%s", more);
	doc_table(d, strbuf_span(&sb).ptr);
	d->failed |= sb.failed;
	strbuf_deinit(&sb);
}

enum doc_tone change_tone(double a, double b, int better, double detectable_pct)
{
	if (isnan(detectable_pct) || pair_is_noise(a, b, detectable_pct))
		return TONE_NONE;
	if (isnan(a) || isnan(b) || better == 0 || fabs(b - a) <= 0.01 * fabs(a))
		return TONE_NONE;
	/* Both are shown as "<0.01" or 0, so no change is shown. */
	if (fabs(a) < 0.005 && fabs(b) < 0.005)
		return TONE_NONE;
	return (b > a) == (better > 0) ? TONE_GOOD : TONE_BAD;
}

double pair_detectable_pct(const struct pair *p, const struct metric *m)
{
	struct spread sa, sb;

	if (!p->b || !metric_spread(m, p->a, &sa) || !metric_spread(m, p->b, &sb))
		return NAN;
	return spread_detectable_pct(&sa, &sb);
}

int pair_judge(const struct pair *p, const struct target *t, bool is_b, struct judged *out)
{
	if (p->views)
		return judge_runs(t, p->views + is_b, p->pairs_count, 2, out);
	return judge_runs(t, is_b ? p->b : p->a, 1, 1, out);
}

bool pair_is_noise(double a, double b, double detectable_pct)
{
	return fabs(log(b / a)) < log1p(detectable_pct / 100);
}

void pair_row(struct doc *d, const struct pair *p, struct measure measure, const char *title,
	      double a, double b)
{
	doc_cell(d, TONE_NONE, "%s", title);
	pair_cells(d, p, measure, a, b, NAN);
}

void pair_metric(struct doc *d, const struct pair *p, const struct metric *m, const char *title)
{
	pair_row(d, p, metric_measure(m), title ? title : m->title, metric_read(m, p->a),
		 p->b ? metric_read(m, p->b) : NAN);
}

void pair_cells(struct doc *d, const struct pair *p, struct measure measure, double a, double b,
		double detectable_pct)
{
	bool is_noise = p->b && pair_is_noise(a, b, detectable_pct);

	doc_cell(d, isnan(a) ? TONE_DIM : TONE_NONE, "%s", unit_fmt(measure.unit, a).s);
	if (!p->b)
		return;
	doc_cell(d, isnan(b) ? TONE_DIM : TONE_NONE, "%s", unit_fmt(measure.unit, b).s);
	doc_cell(d, is_noise ? TONE_DIM : change_tone(a, b, measure.better, detectable_pct), "%s",
		 fmt_change(a, b).s);
}
