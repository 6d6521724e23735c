#include "reports/judge/rule.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reports/doc/fmt.h"
#include "reports/judge/metric.h"
#include "reports/read/view.h"

enum { ALLOCS, THROUGHPUT, LATENCY, CPU, TESTS };

/* A rise of CPU time below this counts as none. */
static const double CPU_SLACK_PCT = 1.0;

static double change_pct(const char *key, const struct view *a, const struct view *b)
{
	const struct metric *m = metric_get(key);
	double va = metric_read(m, a), vb = metric_read(m, b);

	if (va == 0 && vb == 0)
		return 0;
	return va > 0 ? 100 * (vb / va - 1) : NAN;
}

static double detectable_pct(const char *key, const struct view *a, const struct view *b)
{
	const struct metric *m = metric_get(key);
	struct spread sa, sb;

	if (!metric_spread(m, a, &sa) || !metric_spread(m, b, &sb))
		return NAN;
	return spread_detectable_pct(&sa, &sb);
}

/* at_least: the change must be this much or more (negative: this much less). */
static void judge(struct rule_clause *c, double at_least)
{
	if (isnan(c->change_pct)) {
		snprintf(c->why, sizeof(c->why), "not measured in both runs");
		return;
	}
	c->verdict = at_least < 0 ? (c->change_pct <= at_least ? RULE_HOLDS : RULE_FAILS)
				  : (c->change_pct >= at_least ? RULE_HOLDS : RULE_FAILS);
	snprintf(c->why, sizeof(c->why), "%s", fmt_signed_pct(c->change_pct).s);
	/* Too close to the limit to decide, given the spread of the intervals. */
	if (fabs(c->change_pct - at_least) < c->detectable_pct) {
		c->verdict = RULE_UNKNOWN;
		snprintf(c->why, sizeof(c->why),
			 "%s; the spread of the intervals allows an error of %s",
			 fmt_signed_pct(c->change_pct).s, fmt_pct(c->detectable_pct).s);
	}
}

/* run.json may contain the test result of that source tree. */
static void judge_tests(struct rule_clause *c, const struct view *b)
{
	const json_t *passed = view_at(b->dir.run, "tests.passed");

	if (!json_is_boolean(passed)) {
		snprintf(c->why, sizeof(c->why), "not recorded in the run: see make test");
		return;
	}
	c->verdict = json_is_true(passed) ? RULE_HOLDS : RULE_FAILS;
	snprintf(c->why, sizeof(c->why), "%s", json_is_true(passed) ? "passed" : "failed");
}

static enum rule_verdict any_of(enum rule_verdict x, enum rule_verdict y)
{
	if (x == RULE_HOLDS || y == RULE_HOLDS)
		return RULE_HOLDS;
	return x == RULE_UNKNOWN || y == RULE_UNKNOWN ? RULE_UNKNOWN : RULE_FAILS;
}

static enum rule_verdict all_of(enum rule_verdict x, enum rule_verdict y)
{
	if (x == RULE_FAILS || y == RULE_FAILS)
		return RULE_FAILS;
	return x == RULE_UNKNOWN || y == RULE_UNKNOWN ? RULE_UNKNOWN : RULE_HOLDS;
}

void rule_judge(const struct view *a, const struct view *b, struct rule *out)
{
	static const struct {
		const char *key, *title, *metric;
	} asked[RULE_CLAUSES] = {
		{ "allocations", "at least 20 % fewer allocations per request",
		  "allocs_per_request" },
		{ "throughput", "at least 10 % more throughput, or", "throughput_per_s" },
		{ "latency", "… at least 5 % less latency (p50)", "response_p50_ns" },
		{ "cpu", "no more CPU time per request", "cpu_ns_per_request" },
		{ "tests", "tests pass", NULL },
	};
	struct rule_clause *c;

	*out = (struct rule){ 0 };
	c = out->clauses;
	for (size_t i = 0; i < RULE_CLAUSES; i++) {
		c[i] = (struct rule_clause){ .key = asked[i].key,
					     .title = asked[i].title,
					     .change_pct = NAN,
					     .detectable_pct = NAN };
		if (asked[i].metric) {
			c[i].change_pct = change_pct(asked[i].metric, a, b);
			c[i].detectable_pct = detectable_pct(asked[i].metric, a, b);
		}
	}
	judge(&c[ALLOCS], -20);
	judge(&c[THROUGHPUT], 10);
	judge(&c[LATENCY], -5);
	judge(&c[CPU], 0);
	if (c[CPU].verdict != RULE_UNKNOWN)
		c[CPU].verdict = c[CPU].change_pct <= CPU_SLACK_PCT ? RULE_HOLDS : RULE_FAILS;
	judge_tests(&c[TESTS], b);
	out->measured =
		all_of(all_of(c[ALLOCS].verdict, any_of(c[THROUGHPUT].verdict, c[LATENCY].verdict)),
		       c[CPU].verdict);
	out->verdict = all_of(out->measured, c[TESTS].verdict);
}

const char *rule_verdict_name(enum rule_verdict verdict)
{
	static const char *const names[] = { "not known", "holds", "fails" };

	return names[verdict];
}
