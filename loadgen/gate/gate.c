/* gate.c - looks, decisions, and the second sitting. */
#include "loadgen/gate/gate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "loadgen/pair/pair_run.h"

#define FIRST_ALPHA  0.01
#define SECOND_ALPHA 0.05
enum { SECOND_BLOCKS = 20 };

/* A sitting under way. */
struct watcher {
	const struct gate *gate;
	struct gate_sitting *out;
	struct stats_looks looks;
	size_t look; /* the next one */
	double alpha;
};

/* ---- one decision --------------------------------------------------------------- */

/* The metrics that block by default and that pairs have, with the margins of what is accepted. */
static void choose_metrics(const struct gate *g, struct gate_sitting *s)
{
	s->metrics_count = 0;
	for (const struct pair_metric *m = pair_metrics; m->key; m++) {
		const struct verdict_metric *known = verdict_metric_find(m->key);
		const struct gate_accept *accept = gate_accepts_find(&g->accepts, m->key);
		struct verdict_metric *out = &s->metrics[s->metrics_count];

		if (!known || s->metrics_count == VERDICT_BLOCKING_MAX)
			continue;
		*out = *known;
		if (accept && accept->ratio > out->margin_ratio)
			out->margin_ratio = accept->ratio;
		s->metrics_count++;
	}
}

/* d[blocks][metrics] of the valid blocks; NaN where a block does not know the metric. */
static double *differences_of(const struct pair_sitting *s, const struct gate_sitting *out)
{
	double *d = calloc(s->valid_count * out->metrics_count + 1, sizeof(*d));
	size_t row = 0;

	for (size_t i = 0; d && i < s->records_count; i++) {
		const struct pair_record *r = &s->records[i];
		size_t k = 0;

		if (!r->is_valid)
			continue;
		for (const struct pair_metric *m = pair_metrics; m->key && k < out->metrics_count;
		     m++)
			if (!strcmp(m->key, out->metrics[k].key)) {
				size_t at = (size_t)(m - pair_metrics);

				d[row * out->metrics_count + k++] =
					log(r->metrics[1][at]) - log(r->metrics[0][at]);
			}
		row++;
	}
	return d;
}

/* n NULL: the usual looks, at 12, 20, 28 and 40 blocks. */
static int plan_looks(struct watcher *w, const size_t *n, size_t count, size_t n_max)
{
	return stats_looks_plan(
		&(struct stats_looks_cfg){
			.n = n,
			.count = count,
			.n_max = n_max,
			.alpha = w->alpha,
			.metrics_count = w->out->metrics_count,
		},
		&w->looks);
}

static int decide(struct watcher *w, const struct pair_sitting *s, size_t look, struct err *err)
{
	struct gate_sitting *out = w->out;
	double *d;
	int rc;

	verdict_deinit(&out->verdict);
	d = differences_of(s, out);
	if (!d)
		return err_set(err, -ENOMEM, "out of memory for a verdict");
	rc = verdict_decide(
		&(struct verdict_cfg){
			.alpha = w->alpha,
			.looks = &w->looks,
			.look = look,
			.seed = s->setup->design.seed,
		},
		&(struct verdict_input){
			.metrics = out->metrics,
			.metrics_count = out->metrics_count,
			.d = d,
			.blocks_count = s->valid_count,
		},
		&out->verdict, err);
	free(d);
	out->is_decided = !rc;
	out->seed = s->setup->design.seed;
	out->rate_per_s = s->setup->load.rate_per_s;
	out->blocks_count = s->valid_count;
	out->refused_count = s->records_count - s->valid_count;
	return rc;
}

/* 1: this look decides. */
static int after_block(void *arg, const struct pair_sitting *s, struct err *err)
{
	struct watcher *w = arg;
	int rc;

	if (w->look == w->looks.count || s->valid_count != w->looks.n[w->look] ||
	    !s->records[s->records_count - 1].is_valid)
		return 0;
	rc = decide(w, s, w->look, err);
	if (rc)
		return rc;
	w->look++;
	return !w->out->verdict.wants_more;
}

/* Refused blocks may have left fewer than the last look wants: the look at hand is one more. */
static int at_end(void *arg, const struct pair_sitting *s)
{
	struct watcher *w = arg;
	struct err err = ERR_INIT;
	size_t last = w->look ? w->looks.n[w->look - 1] : 0;
	int rc = 0;

	if (s->valid_count > last && s->valid_count >= 2 &&
	    !(w->out->is_decided && !w->out->verdict.wants_more)) {
		size_t n[STATS_LOOKS_MAX];

		memcpy(n, w->looks.n, w->look * sizeof(*n));
		n[w->look] = s->valid_count;
		rc = plan_looks(w, n, w->look + 1, w->looks.n_max);
		if (!rc)
			rc = decide(w, s, w->look, &err);
	}
	if (rc || !w->out->is_decided) {
		fprintf(stderr, "goxel-gate: no decision: %s\n",
			err.code ? err.msg : "too few blocks count");
		return rc ? EXIT_FAILED : EXIT_UNFIT;
	}
	return EXIT_OK;
}

/* ---- sittings ------------------------------------------------------------------------ */

static int sit(struct gate *g, struct gate_sitting *out, const char *name, bool is_second)
{
	struct pair_options o = g->options->pair;
	struct watcher w = { .gate = g, .out = out };
	const struct pair_observer observer = {
		.after_block = after_block,
		.at_end = at_end,
		.arg = &w,
	};
	const size_t once[1] = { SECOND_BLOCKS };
	char path[PATH_MAX];
	int rc;

	snprintf(path, sizeof(path), "%.4000s/%s.json", g->options->out, name);
	o.out = path;
	w.alpha = is_second ? SECOND_ALPHA : FIRST_ALPHA;
	choose_metrics(g, out);
	if (is_second) {
		/* The same load, other draws, one look. */
		o.seed++;
		o.rate_per_s = g->first.rate_per_s;
		rc = plan_looks(&w, once, 1, SECOND_BLOCKS);
	} else {
		rc = plan_looks(&w, NULL, 0, 0);
	}
	o.blocks_count = (int64_t)w.looks.n_max;
	return rc ? EXIT_FAILED : pair_run(&o, &observer);
}

static bool would_block(const struct gate_sitting *s)
{
	enum verdict_action action = s->verdict.action;

	return action == VERDICT_BLOCK || action == VERDICT_RELINK || action == VERDICT_CONFIRM;
}

/* The second sitting has to say the same of a metric that the first one blocked for. */
static bool is_confirmed(const struct gate *g)
{
	const struct verdict *first = &g->first.verdict, *second = &g->second.verdict;

	for (size_t i = 0; i < first->rows_count && i < second->rows_count; i++)
		if (first->rows[i].answer == VERDICT_ROW_REGRESSED &&
		    second->rows[i].answer == VERDICT_ROW_REGRESSED)
			return true;
	return false;
}

enum gate_answer gate_answer_of(const struct gate *g)
{
	if (would_block(&g->first)) {
		if (!g->has_second)
			return GATE_REGRESSED;
		return is_confirmed(g) ? GATE_REGRESSED : GATE_UNCONFIRMED;
	}
	return g->first.verdict.joint == VERDICT_INCONCLUSIVE ? GATE_INCONCLUSIVE : GATE_PASS;
}

const char *gate_answer_name(enum gate_answer answer)
{
	static const char *const names[] = { "PASS", "REGRESSED", "NOT CONFIRMED", "INCONCLUSIVE" };

	return names[answer];
}

/* ---- reports --------------------------------------------------------------------------- */

static int write_one(const struct gate *g, const char *name,
		     void (*make)(const struct gate *, struct strbuf *), struct err *err)
{
	struct strbuf text = { 0 };
	char path[PATH_MAX];
	int rc;

	make(g, &text);
	snprintf(path, sizeof(path), "%.4000s/%s", g->options->out, name);
	rc = text.failed ? err_set(err, -ENOMEM, "out of memory for %s", name)
			 : file_write_atomic(path, strbuf_span(&text), err);
	strbuf_deinit(&text);
	return rc;
}

static int write_reports(const struct gate *g, struct err *err)
{
	int rc = write_one(g, "gate.md", gate_markdown, err);

	if (!rc)
		rc = write_one(g, "junit.xml", gate_junit, err);
	return rc ? rc : write_one(g, "gate.json", gate_json, err);
}

/* For GitHub Actions: the page of the step, and a line at the change. */
static void tell_github(const struct gate *g, struct span markdown)
{
	/* NOLINTBEGIN(concurrency-mt-unsafe): one thread */
	const char *summary = getenv("GITHUB_STEP_SUMMARY");
	const char *actions = getenv("GITHUB_ACTIONS");
	/* NOLINTEND(concurrency-mt-unsafe) */
	enum gate_answer answer = gate_answer_of(g);
	FILE *out = summary && *summary ? fopen(summary, "ae") : NULL;

	if (out) {
		fwrite(markdown.ptr, 1, markdown.len, out);
		fclose(out);
	}
	if (actions && answer != GATE_PASS)
		fprintf(g->options->json ? stderr : stdout, "::%s title=goxel-gate::%s: %s\n",
			answer == GATE_REGRESSED ? "error" : "warning", gate_answer_name(answer),
			g->first.verdict.sentence);
}

static int report(const struct gate *g)
{
	struct strbuf markdown = { 0 }, json = { 0 };
	struct err err = ERR_INIT;
	enum gate_answer answer = gate_answer_of(g);

	gate_markdown(g, &markdown);
	fwrite(markdown.ptr, 1, markdown.len, g->options->json ? stderr : stdout);
	if (g->options->json) {
		gate_json(g, &json);
		fwrite(json.ptr, 1, json.len, stdout);
		strbuf_deinit(&json);
	}
	tell_github(g, strbuf_span(&markdown));
	strbuf_deinit(&markdown);
	if (write_reports(g, &err) < 0) {
		fprintf(stderr, "goxel-gate: %s\n", err.msg);
		return EXIT_FAILED;
	}
	if (answer == GATE_REGRESSED)
		return EXIT_NO;
	return answer == GATE_INCONCLUSIVE && g->options->inconclusive == GATE_INCONCLUSIVE_FAIL
		       ? EXIT_NO
		       : EXIT_OK;
}

static int prepare(struct gate *g, struct err *err)
{
	const struct gate_options *o = g->options;
	int rc = file_make_dirs(o->out, err);

	if (!rc && o->accept)
		rc = gate_accepts_read(o->accept, clock_wall_ns(), &g->accepts, err);
	for (size_t i = 0; !rc && i < g->accepts.count; i++) {
		const struct gate_accept *a = &g->accepts.rows[i];

		if (!verdict_metric_find(a->metric))
			rc = err_set(err, -EINVAL, "%s: there is no metric '%s' that can block",
				     o->accept, a->metric);
		else if (a->is_expired)
			fprintf(stderr, "goxel-gate: the acceptance of %s has expired (%s)\n",
				a->metric, a->until);
	}
	return rc;
}

int gate_run(const struct gate_options *o)
{
	struct gate *g = calloc(1, sizeof(*g));
	struct err err = ERR_INIT;
	int code;

	if (!g)
		return EXIT_FAILED;
	g->options = o;
	if (prepare(g, &err) < 0) {
		fprintf(stderr, "goxel-gate: %s\n", err.msg);
		free(g);
		return EXIT_USAGE;
	}
	code = sit(g, &g->first, "first", false);
	if (code == EXIT_OK && would_block(&g->first) && !o->no_confirm) {
		fprintf(stderr, "goxel-gate: %s A second sitting has to confirm it.\n",
			g->first.verdict.sentence);
		code = sit(g, &g->second, "second", true);
		g->has_second = true;
	}
	if (code == EXIT_OK)
		code = report(g);
	verdict_deinit(&g->first.verdict);
	verdict_deinit(&g->second.verdict);
	free(g);
	return code;
}
