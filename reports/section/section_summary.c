/* section_summary.c - the top of a report: the main figures, their reliability, the verdicts. */
#include <math.h>
#include <stdio.h>

#include "reports/doc/fmt.h"
#include "reports/judge/judge.h"
#include "reports/judge/metric.h"
#include "reports/judge/rule.h"
#include "reports/judge/target.h"
#include "reports/section/section.h"

static void put_tile(struct doc *d, const struct pair *p, const char *key, const char *title)
{
	const struct metric *m = metric_get(key);
	double a = metric_read(m, p->a), b = p->b ? metric_read(m, p->b) : NAN;

	if (isnan(a) || (p->b && isnan(b)))
		return;
	doc_cell(d, TONE_NONE, "%s", title);
	if (p->b) {
		double seen = pair_detectable_pct(p, m);
		bool is_noise = pair_is_noise(a, b, seen);

		doc_cell(d, change_tone(a, b, m->better, seen), "%s", fmt_change(a, b).s);
		doc_cell(d, TONE_NONE, "%s → %s%s", metric_fmt(m, a).s, metric_fmt(m, b).s,
			 is_noise ? " · within noise" : "");
	} else {
		doc_cell(d, TONE_NONE, "%s", metric_fmt(m, a).s);
		doc_cell(d, TONE_NONE, "%s", "");
	}
}

void section_tiles(struct doc *d, const struct pair *p)
{
	doc_tiles(d);
	put_tile(d, p, "throughput_per_s", "Throughput");
	put_tile(d, p, "response_p50_ns", "Response time, p50");
	put_tile(d, p, "response_p99_ns", "Response time, p99");
	put_tile(d, p, "cpu_ns_per_request", "CPU per request");
	put_tile(d, p, "allocs_per_request", "Allocations per request");
	put_tile(d, p, "syscalls_per_request", "System calls per request");
	put_tile(d, p, "startup_ns", "Start to ready");
	put_tile(d, p, "rss_start_bytes", "Memory after start");
}

static void put_group(struct doc *d, const struct pair *p, enum metric_group group)
{
	for (const struct metric *m = metrics; m->key; m++) {
		double a = metric_read(m, p->a), b = p->b ? metric_read(m, p->b) : NAN;
		double seen = pair_detectable_pct(p, m);
		bool is_noise = pair_is_noise(a, b, seen);

		if (m->group != group || (isnan(a) && isnan(b)))
			continue;
		doc_cell(d, TONE_NONE, "%s", m->title);
		pair_cells(d, p, metric_measure(m), a, b, seen);
		if (p->b && is_noise)
			doc_cell(d, TONE_WARN, "below %s: noise", fmt_effect(seen).s);
		else if (p->b)
			doc_cell(d, isnan(seen) ? TONE_DIM : TONE_NONE, "%s", fmt_effect(seen).s);
	}
}

void section_figures(struct doc *d, const struct pair *p)
{
	doc_heading(d, 1, p->b ? "Side by side" : "Figures");
	pair_table(d, p, "Figure", p->b ? ">Smallest detectable change" : NULL);
	put_group(d, p, GROUP_LOAD);
	put_group(d, p, GROUP_COST);
	put_group(d, p, GROUP_FOOTPRINT);
	put_group(d, p, GROUP_BENCH);
	if (p->b)
		doc_para(
			d,
			"“Smallest detectable change” is the smallest change that stands out from "
			"the spread of the intervals inside the two runs (one-sided 1 %%, power 90 %%, "
			"corrected for autocorrelation). A dash: the figure has one "
			"value per run, so its spread is unknown.");
}

/* The smallest detectable changes, such as "3.1 % in throughput, 2.2 % in p50"; whether any is
 * known. */
static bool list_detectable(const struct pair *p, char *out, size_t cap)
{
	static const char *const keys[] = { "throughput_per_s", "response_p50_ns",
					    "response_p99_ns" };
	static const char *const names[] = { "throughput", "p50", "p99" };
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < 3 && len < cap; i++) {
		double seen = pair_detectable_pct(p, metric_get(keys[i]));

		if (!isnan(seen))
			len += (size_t)snprintf(out + len, cap - len, "%s%s in %s", len ? ", " : "",
						fmt_pct(seen).s, names[i]);
	}
	return len > 0;
}

void section_statement(struct doc *d, const struct pair *p)
{
	char known[160];

	if (!p->b)
		return;
	if (list_detectable(p, known, sizeof(known)))
		doc_note(d, TONE_WARN,
			 "Single pair: treat changes below %s as noise. Larger ones may still come "
			 "from other activity of the machine between the runs. For a verdict with "
			 "error bars run nine pairs or more in alternating order: make profile-ab.",
			 known);
	else
		doc_note(
			d, TONE_WARN,
			"Single pair without intervals: the noise of the figures is unknown. For a "
			"verdict with error bars run nine pairs or more in alternating order: "
			"make profile-ab.");
}

static enum doc_tone verdict_tone(enum verdict verdict)
{
	static const enum doc_tone tones[] = { TONE_DIM, TONE_GOOD, TONE_BAD, TONE_WARN, TONE_DIM };

	return tones[verdict];
}

static void put_value(struct doc *d, const struct target *t, double value)
{
	doc_cell(d, isnan(value) ? TONE_DIM : TONE_NONE, "%s", unit_fmt(t->unit, value).s);
}

static void put_target(struct doc *d, const struct pair *p, const struct target *t,
		       const struct judged *j)
{
	struct judged other;

	doc_cell(d, TONE_NONE, "%s", t->title);
	put_value(d, t, t->v14_claim);
	if (p->b) {
		d->failed |= pair_judge(p, t, false, &other) < 0;
		put_value(d, t, other.value);
	}
	put_value(d, t, j->value);
	if (p->views && isfinite(j->low) && isfinite(j->high))
		doc_cell(d, TONE_NONE, "%s … %s", unit_fmt(t->unit, j->low).s,
			 unit_fmt(t->unit, j->high).s);
	else if (p->views)
		doc_cell(d, TONE_DIM, j->count > 1 ? "too few pairs" : "–");
	doc_cell(d, TONE_NONE, "%s", target_fmt(t).s);
	if (j->verdict == VERDICT_UNMEASURED && t->measured_by)
		doc_cell(d, TONE_DIM, "not measured (%s)", t->measured_by);
	else
		doc_cell(d, verdict_tone(j->verdict), "%s", verdict_name(j->verdict));
}

void section_targets(struct doc *d, const struct pair *p, const struct targets *t)
{
	struct judged rows[TARGETS_MAX] = { 0 };
	size_t counts[VERDICT_SHOWN + 1] = { 0 };
	char heading[64];

	snprintf(heading, sizeof(heading), "Targets of %.40s", t->name);
	doc_heading(d, 1, heading);
	for (size_t i = 0; i < t->count; i++) {
		d->failed |= pair_judge(p, t->list + i, p->b != NULL, &rows[i]) < 0;
		counts[rows[i].verdict]++;
	}
	doc_para(d,
		 "%s meets %zu of the %zu targets that %s; %zu are not measured here. v14's "
		 "claimed figures are read from its source code; nobody measured them.",
		 p->b ? p->name_b : p->name_a, counts[VERDICT_MET],
		 t->count - counts[VERDICT_UNMEASURED],
		 p->views ? "these runs measure" : "this run measures", counts[VERDICT_UNMEASURED]);
	if (counts[VERDICT_UNSETTLED])
		doc_para(d, "Not settled: the limit lies inside the 95 %% interval of the runs.");
	doc_table(d, p->views ? "Target|>v14 claimed|>Baseline|>Optimized|>95 % interval|>Target|"
				"Verdict"
		     : p->b   ? "Target|>v14 claimed|>Baseline|>Optimized|>Target|Verdict"
			      : "Target|>v14 claimed|>This run|>Target|Verdict");
	for (size_t i = 0; i < t->count; i++)
		put_target(d, p, &t->list[i], &rows[i]);
}

static const char *rule_sentence(const struct rule *rule)
{
	if (rule->verdict == RULE_HOLDS)
		return "It is met.";
	if (rule->verdict == RULE_FAILS)
		return "It is not met.";
	if (rule->measured == RULE_HOLDS)
		return "All measured conditions are met; the test result is not recorded in a "
		       "run.";
	return "These two runs cannot decide it.";
}

void section_rule(struct doc *d, const struct pair *p)
{
	static const enum doc_tone tones[] = { TONE_DIM, TONE_GOOD, TONE_BAD };
	static const char *const words[] = { "unknown", "pass", "fail" };
	struct rule rule;

	rule_judge(p->a, p->b, &rule);
	doc_heading(d, 1, "Acceptance rule");
	doc_note(d,
		 rule.verdict == RULE_HOLDS   ? TONE_GOOD
		 : rule.verdict == RULE_FAILS ? TONE_BAD
					      : TONE_WARN,
		 "For one optimization: 20 %% fewer allocations, and 10 %% more throughput or 5 %% "
		 "less latency, tests pass, no more CPU. %s",
		 rule_sentence(&rule));
	doc_table(d, "Condition|Verdict|Measured");
	for (size_t i = 0; i < RULE_CLAUSES; i++) {
		const struct rule_clause *c = &rule.clauses[i];

		doc_cell(d, TONE_NONE, "%s", c->title);
		doc_cell(d, tones[c->verdict], "%s", words[c->verdict]);
		doc_cell(d, c->verdict == RULE_UNKNOWN ? TONE_DIM : TONE_NONE, "%s", c->why);
	}
}
