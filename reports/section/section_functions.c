/* section_functions.c - hot functions, their share of the change, and flame graphs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/doc/flame.h"
#include "reports/doc/fmt.h"
#include "reports/judge/metric.h"
#include "reports/read/folded.h"
#include "reports/section/section.h"

enum { FUNCTIONS_SHOWN = 20 };

struct row {
	const char *name;
	uint64_t samples[2];
	double value[2]; /* CPU ns per request if known, else the share in percent */
};

/* What one sample of a run represents: ns of CPU per request, or percent of the samples. */
static double sample_worth(const struct view *v, bool in_ns)
{
	double total = (double)v->folded->root.total;

	return in_ns ? metric_read(metric_get("cpu_ns_per_request"), v) / total : 100 / total;
}

static int by_change(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	double dx = fabs(x->value[1] - x->value[0]), dy = fabs(y->value[1] - y->value[0]);

	if (dx != dy)
		return dx < dy ? 1 : -1;
	return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->name, ((const struct row *)b)->name);
}

/* Functions of both runs by name; NULL when out of memory. */
static struct row *join_functions(const struct pair *p, bool in_ns, size_t *count)
{
	const struct view *views[] = { p->a, p->b };
	struct row *rows = NULL;
	size_t have = 0, kept = 0;

	for (int k = 0; k < 2; k++) {
		struct folded_function *list;
		size_t n;
		struct row *more;

		if (folded_functions(views[k]->folded, &list, &n) < 0)
			break;
		more = realloc(rows, (have + n + 1) * sizeof(*rows));
		if (!more) {
			free(list);
			break;
		}
		rows = more;
		for (size_t i = 0; i < n; i++) {
			rows[have] = (struct row){ .name = list[i].name };
			rows[have].samples[k] = list[i].self;
			rows[have++].value[k] =
				(double)list[i].self * sample_worth(views[k], in_ns);
		}
		free(list);
	}
	if (!rows)
		return NULL;
	qsort(rows, have, sizeof(*rows), by_name);
	for (size_t i = 0; i < have; i++) {
		if (kept && strcmp(rows[kept - 1].name, rows[i].name) == 0) {
			for (int k = 0; k < 2; k++) {
				rows[kept - 1].samples[k] += rows[i].samples[k];
				rows[kept - 1].value[k] += rows[i].value[k];
			}
		} else {
			rows[kept++] = rows[i];
		}
	}
	qsort(rows, kept, sizeof(*rows), by_change);
	*count = kept;
	return rows;
}

/* Samples vary like counts: a difference within two standard errors means nothing. */
static bool is_scatter(const struct row *r, double worth_a, double worth_b)
{
	double se = sqrt((double)r->samples[0] * worth_a * worth_a +
			 (double)r->samples[1] * worth_b * worth_b);

	return fabs(r->value[1] - r->value[0]) < 2 * se;
}

static void put_change_row(struct doc *d, const struct pair *p, const struct row *r, bool in_ns,
			   double whole)
{
	double change = r->value[1] - r->value[0];
	bool is_noise = is_scatter(r, sample_worth(p->a, in_ns), sample_worth(p->b, in_ns));

	doc_cell(d, TONE_NONE, "%s", r->name);
	for (int k = 0; k < 2; k++)
		doc_cell(d, r->samples[k] ? TONE_NONE : TONE_DIM, "%s",
			 in_ns ? fmt_ns(r->value[k]).s : fmt_pct(r->value[k]).s);
	doc_cell(d,
		 is_noise     ? TONE_DIM
		 : change < 0 ? TONE_GOOD
			      : TONE_BAD,
		 "%s%s", change < 0 ? "−" : "+",
		 in_ns ? fmt_ns(fabs(change)).s : fmt_pct(fabs(change)).s);
	if (in_ns)
		doc_cell(d, TONE_NONE, "%s", fmt_pct(100 * change / whole).s);
	doc_cell(d, is_noise ? TONE_DIM : TONE_NONE, "%s", is_noise ? "within noise" : "");
}

static void put_changes(struct doc *d, const struct pair *p)
{
	const struct metric *cpu = metric_get("cpu_ns_per_request");
	double whole = metric_read(cpu, p->b) - metric_read(cpu, p->a);
	bool in_ns = !isnan(whole);
	size_t count = 0;
	struct row *rows = join_functions(p, in_ns, &count);

	if (!rows) {
		d->failed = true;
		return;
	}
	if (in_ns)
		doc_para(
			d,
			"CPU time per request by function (self), ranked by share of the "
			"whole change of %s%s. Absolute times, not shares: a "
			"function whose time is constant does not seem to grow when others shrink.",
			whole < 0 ? "−" : "+", fmt_ns(fabs(whole)).s);
	else
		doc_para(d,
			 "Share of the samples by function (self), ranked by change. CPU time per "
			 "request is unknown, so only shares can be compared.");
	pair_table(d, p, "Function", in_ns ? ">Share of change|Remark" : "Remark");
	for (size_t i = 0; i < count && i < FUNCTIONS_SHOWN && rows[i].value[0] != rows[i].value[1];
	     i++)
		put_change_row(d, p, &rows[i], in_ns, whole);
	free(rows);
}

static void put_hot(struct doc *d, const struct view *v)
{
	struct folded_function *list;
	double total = (double)v->folded->root.total;
	double cpu = metric_read(metric_get("cpu_ns_per_request"), v);
	size_t count;

	if (folded_functions(v->folded, &list, &count) < 0) {
		d->failed = true;
		return;
	}
	doc_para(d,
		 "%s samples. Self: the function itself; total: including the functions it calls.",
		 fmt_count(total).s);
	doc_table(d, "Function|>Self|>Total|>Per request");
	for (size_t i = 0; i < count && i < FUNCTIONS_SHOWN && list[i].self; i++) {
		doc_cell(d, TONE_NONE, "%s", list[i].name);
		doc_cell(d, TONE_NONE, "%s", fmt_pct(100 * (double)list[i].self / total).s);
		doc_cell(d, TONE_NONE, "%s", fmt_pct(100 * (double)list[i].total / total).s);
		doc_cell(d, TONE_NONE, "%s", fmt_ns(cpu * (double)list[i].self / total).s);
	}
	free(list);
}

void section_functions(struct doc *d, const struct pair *p)
{
	if (!p->a->folded || (p->b && !p->b->folded))
		return;
	doc_heading(d, 1, p->b ? "Functions behind the change" : "Hot functions");
	if (p->b)
		put_changes(d, p);
	else
		put_hot(d, p->a);
}

static void put_flame(struct doc *d, const char *title, const struct folded *samples,
		      const struct folded *against, bool is_before, const char *note)
{
	struct strbuf sb = { 0 };

	flame_svg(&sb, &(struct flame){ .title = title,
					.samples = samples,
					.against = against,
					.is_before = is_before,
					.note = note });
	d->failed |= sb.failed;
	doc_figure(d, "", strbuf_take(&sb), true, NULL); /* the picture has its own title */
}

void section_flames(struct doc *d, const struct pair *p)
{
	char title[400];

	if (!p->a->folded && !(p->b && p->b->folded))
		return;
	doc_heading(d, 1, "Flame graphs");
	if (p->a->folded && p->b && p->b->folded) {
		struct folded *a = folded_without_threads(p->a->folded);
		struct folded *b = folded_without_threads(p->b->folded);

		d->failed |= !a || !b;
		snprintf(title, sizeof(title), "%s against %s", p->name_b, p->name_a);
		if (a && b)
			put_flame(d, title, b, a, false,
				  "Red: a larger share of the time than before. Blue: a smaller "
				  "one. All threads are combined.");
		snprintf(title, sizeof(title), "%s, coloured by the change to %s", p->name_a,
			 p->name_b);
		if (a && b)
			put_flame(
				d, title, a, b, true,
				"The same colours on the old stacks, which also show what disappeared.");
		folded_free(a);
		folded_free(b);
	}
	snprintf(title, sizeof(title), "CPU, %s", p->name_a);
	if (p->a->folded)
		put_flame(d, title, p->a->folded, NULL, false, "Click a frame to zoom.");
	snprintf(title, sizeof(title), "CPU, %s", p->name_b);
	if (p->b && p->b->folded)
		put_flame(d, title, p->b->folded, NULL, false, "Click a frame to zoom.");
}
