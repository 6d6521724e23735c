/* section_latency.c - response times: quantiles, operations, curves, intervals. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/hist.h"
#include "reports/doc/fmt.h"
#include "reports/doc/plot.h"
#include "reports/judge/metric.h"
#include "reports/judge/target.h"
#include "reports/lib/quantiles.h"
#include "reports/lib/stats.h"
#include "reports/section/section.h"

enum { CURVE_POINTS = 160 };

/* For the table by operation, which has up to three columns for each. */
static const size_t operation_quantiles[] = { QUANTILE_p50, QUANTILE_p99, QUANTILE_p99_9 };
enum { OPERATION_QUANTILES = sizeof(operation_quantiles) / sizeof(operation_quantiles[0]) };

static double hist_at(const struct hist *h, double q)
{
	return h && h->total ? (double)hist_quantile_ns(h, q) : NAN;
}

/* A quantile with fewer than ten values above it is not meaningful. */
static bool is_populated(const struct hist *h, double q)
{
	return h && (q >= 1 || (double)h->total * (1 - q) >= 10);
}

/* From the spread of the quantile between the intervals of the runs, for all operations. */
static double detectable_at(const struct pair *p, double q)
{
	const struct metric *m = metric_of_quantile(q);

	return m ? pair_detectable_pct(p, m) : NAN;
}

static void put_quantiles(struct doc *d, const struct pair *p)
{
	const struct view *views[] = { p->a, p->b };

	pair_table(d, p, "Quantile",
		   p->b ? ">Service time, baseline|>… optimized" : ">Service time");
	for (size_t i = 0; i < QUANTILES_COUNT; i++) {
		double q = quantiles[i].q, a, b;

		if (!is_populated(p->a->response, q) && !(p->b && is_populated(p->b->response, q)))
			continue;
		a = hist_at(p->a->response, q);
		b = p->b ? hist_at(p->b->response, q) : NAN;
		doc_cell(d, TONE_NONE, "%s", quantiles[i].name);
		pair_cells(d, p, MEASURE_NS, a, b, detectable_at(p, q));
		for (int k = 0; k < 2 && views[k]; k++) {
			double service = hist_at(views[k]->service, q);

			doc_cell(d, isnan(service) ? TONE_DIM : TONE_NONE, "%s", fmt_ns(service).s);
		}
	}
}

/* Points from 0 to the quantile with one value above it, evenly by nines. */
static size_t curve(const struct hist *h, double *q, double *ns)
{
	double end;

	if (!h || h->total < 2)
		return 0;
	end = fmin(log10((double)h->total), 5);
	for (size_t i = 0; i < CURVE_POINTS; i++) {
		q[i] = 1 - pow(10, -end * (double)i / (CURVE_POINTS - 1));
		ns[i] = (double)hist_quantile_ns(h, q[i]);
	}
	return CURVE_POINTS;
}

static char *percentile_plot(const struct pair *p, const struct targets *t)
{
	double q[2][CURVE_POINTS], ns[2][CURVE_POINTS];
	size_t count_a = curve(p->a->response, q[0], ns[0]);
	size_t count_b = p->b ? curve(p->b->response, q[1], ns[1]) : 0;
	char name[64];
	double target = t ? targets_limit(t, "response_p50_ns") : NAN;

	snprintf(name, sizeof(name), "target %s", fmt_ns(target).s);
	return plot_lines(&(struct plot){
		.alt = "Response time by percentile, both axes logarithmic",
		.series = { { p->name_a, 'a', q[0], ns[0], count_a },
			    { p->b ? p->name_b : NULL, 'b', q[1], ns[1], count_b } },
		.y_unit = PLOT_NS,
		.is_y_log = true,
		.is_percentile = true,
		.target = target,
		.target_name = name });
}

/* One column of the intervals over time. */
static char *interval_plot(const struct pair *p, const char *alt, size_t column,
			   enum plot_unit unit, bool is_log)
{
	const struct view_intervals *a = &p->a->intervals, *b = p->b ? &p->b->intervals : NULL;
	const double *ya[] = { a->throughput_per_s, a->p50_ns, a->p99_ns };

	return plot_lines(
		&(struct plot){ .alt = alt,
				.series = { { p->name_a, 'a', a->time_s, ya[column], a->count },
					    { b ? p->name_b : NULL, 'b', b ? b->time_s : NULL,
					      b ? (const double *[]){ b->throughput_per_s,
								      b->p50_ns, b->p99_ns }[column]
						: NULL,
					      b ? b->count : 0 } },
				.y_unit = unit,
				.is_y_log = is_log,
				.target = NAN });
}

static const struct view_tag *find_tag(const struct view *v, const char *name)
{
	for (size_t i = 0; v && i < v->tags_count; i++)
		if (strcmp(v->tags[i].name, name) == 0)
			return &v->tags[i];
	return NULL;
}

static void put_operation(struct doc *d, const struct pair *p, const char *name)
{
	const struct view_tag *a = find_tag(p->a, name), *b = find_tag(p->b, name);
	const struct hist *ha = a ? a->response : NULL, *hb = b ? b->response : NULL;

	doc_cell(d, TONE_NONE, "%s", name);
	for (size_t i = 0; i < OPERATION_QUANTILES; i++) {
		double q = quantiles[operation_quantiles[i]].q;
		bool is_known = is_populated(ha, q) || is_populated(hb, q);
		double from = is_known ? hist_at(ha, q) : NAN;
		double to = is_known ? hist_at(hb, q) : NAN;

		/* Operations of a run are affected by the same disturbances. */
		pair_cells(d, p, MEASURE_NS, from, to, detectable_at(p, q));
	}
}

static void put_operations(struct doc *d, const struct pair *p)
{
	struct strbuf head = { 0 };

	if (p->a->tags_count < 2 && (!p->b || p->b->tags_count < 2))
		return;
	doc_heading(d, 2, "By operation");
	strbuf_add_str(&head, "Operation");
	for (size_t i = 0; i < OPERATION_QUANTILES; i++)
		strbuf_addf(&head, p->b ? "|>%s, baseline|>optimized|>Change" : "|>%s",
			    quantiles[operation_quantiles[i]].name);
	doc_table(d, strbuf_span(&head).ptr);
	d->failed |= head.failed;
	strbuf_deinit(&head);
	for (size_t i = 0; i < p->a->tags_count; i++)
		put_operation(d, p, p->a->tags[i].name);
	for (size_t i = 0; p->b && i < p->b->tags_count; i++)
		if (!find_tag(p->a, p->b->tags[i].name))
			put_operation(d, p, p->b->tags[i].name);
}

void section_latency(struct doc *d, const struct pair *p, const struct targets *t)
{
	doc_heading(d, 1, "Response times");
	if (!p->a->response && !(p->b && p->b->response)) {
		doc_para(d, "No histograms: see what is missing below.");
		return;
	}
	doc_figure(d, "Response time by percentile", percentile_plot(p, t), false,
		   "From the HDR histograms; each step to the right adds a nine.");
	doc_figure(d, "p50 over time",
		   interval_plot(p, "p50 of each interval over time", 1, PLOT_NS, true), false,
		   "One point per interval of the load generator, from the end of the warm-up.");
	doc_figure(d, "p99 over time",
		   interval_plot(p, "p99 of each interval over time", 2, PLOT_NS, true), false,
		   NULL);
	doc_figure(d, "Throughput over time",
		   interval_plot(p, "Requests per second of each interval over time", 0, PLOT_RATE,
				 false),
		   false, NULL);
	put_quantiles(d, p);
	doc_para(d, "Response time starts when a request was due, service time when it "
		    "was sent. Quantiles with fewer than ten values above them are omitted.");
	put_operations(d, p);
}

static void put_spread(struct doc *d, const char *name, const struct view *v, const char *key)
{
	const struct metric *m = metric_get(key);
	struct spread s;

	if (!metric_spread(m, v, &s))
		return;
	doc_cell(d, TONE_NONE, "%s, %s", m->title, name);
	doc_cell(d, TONE_NONE, "%zu", s.count);
	doc_cell(d, TONE_NONE, "%s", fmt_pct(100 * (exp(s.sd_ln) - 1)).s);
	doc_cell(d, TONE_NONE, "%s%.2f", s.rho <= -0.005 ? "−" : "", fabs(s.rho));
	doc_cell(d, TONE_NONE, "%.1f", s.count_effective);
}

void section_intervals(struct doc *d, const struct pair *p)
{
	static const char *const keys[] = { "throughput_per_s", "response_p50_ns",
					    "response_p90_ns", "response_p99_ns",
					    "response_p99_9_ns" };

	if (p->a->intervals.count < 3 && p->a->spread.count < 3)
		return;
	doc_heading(d, 1, p->b ? "Spread inside the runs" : "Spread inside the run");
	doc_para(d, "Variation between the intervals of one run. Neighbouring intervals are "
		    "correlated, so they count as fewer independent values than there are; "
		    "requests inside an interval are never counted as independent.");
	doc_table(d, "Figure|>Intervals|>Std dev|>Autocorrelation|>Effective");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		put_spread(d, p->name_a, p->a, keys[i]);
		if (p->b)
			put_spread(d, p->name_b, p->b, keys[i]);
	}
}
