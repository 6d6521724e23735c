/* section_inside.c - inside the daemon: stages of a request, start-up, counters, system calls. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/doc/fmt.h"
#include "reports/doc/plot.h"
#include "reports/judge/metric.h"
#include "reports/section/section.h"

enum { ROWS_MAX = 32 };

static const char *const stage_order[] = { "read",    "parse",     "enqueue", "dequeue",
					   "execute", "serialize", "write",   "total" };
enum { STAGES = sizeof(stage_order) / sizeof(stage_order[0]) };

static void put_stage_table(struct doc *d, const struct pair *p)
{
	static const char *const keys[] = { "p50_ns", "p99_ns" };

	doc_table(d,
		  p->b ? "Stage|>p50, baseline|>optimized|>Change|>p99, baseline|>optimized|>Change"
		       : "Stage|>p50|>p99");
	for (size_t i = 0; i < STAGES; i++) {
		if (isnan(view_stage_ns(p->a, stage_order[i], keys[0])) &&
		    isnan(view_stage_ns(p->b, stage_order[i], keys[0])))
			continue;
		doc_cell(d, TONE_NONE, "%s", stage_order[i]);
		for (size_t k = 0; k < 2; k++)
			pair_cells(d, p, MEASURE_NS, view_stage_ns(p->a, stage_order[i], keys[k]),
				   view_stage_ns(p->b, stage_order[i], keys[k]), NAN);
	}
}

static char *stage_bars(const struct pair *p, const char *key, const char *alt)
{
	struct plot_bar bars[STAGES];
	size_t count = 0;

	for (size_t i = 0; i < STAGES; i++) {
		double a = view_stage_ns(p->a, stage_order[i], key);
		double b = view_stage_ns(p->b, stage_order[i], key);

		if (!isnan(a) || !isnan(b))
			bars[count++] = (struct plot_bar){ stage_order[i], a, b };
	}
	return plot_bars(alt, bars, count, PLOT_NS, p->name_a, p->b ? p->name_b : NULL);
}

void section_stages(struct doc *d, const struct pair *p)
{
	/* A server that does not record stages writes a file without any. */
	if (isnan(view_stage_ns(p->a, "total", "p50_ns")) &&
	    isnan(view_stage_ns(p->b, "total", "p50_ns")))
		return;
	doc_heading(d, 1, "Stages of a request");
	doc_figure(d, "Median time of each stage",
		   stage_bars(p, "p50_ns", "Median time of each stage of a request"), false,
		   "Stages passed by fewer than 1 in 100 requests "
		   "have no bar: the fast path has no queue.");
	doc_figure(d, "p99 of each stage",
		   stage_bars(p, "p99_ns", "99th percentile of the time of each stage"), false,
		   NULL);
	put_stage_table(d, p);
	doc_para(d, "write ends when the transport has accepted the reply: epoll passes it to the "
		    "kernel at once; poll sends it later, after the last mark, so "
		    "its write and total times exclude that system call. Medians of stages "
		    "do not add up to the median of the total.");
}

static size_t read_phases(const struct view *v, struct plot_span *spans, double *end)
{
	const json_t *list = v ? json_object_get(v->startup, "phases") : NULL, *one;
	size_t i, count = 0;

	*end = v ? fmax(view_number(v->startup, "ready_ns"), 0) : 0;
	json_array_foreach(list, i, one)
	{
		struct plot_span span = { view_text(one, "name"), view_number(one, "start_ns"),
					  view_number(one, "duration_ns") };

		if (!span.name || isnan(span.start) || isnan(span.length) || count == ROWS_MAX)
			continue;
		spans[count++] = span;
		*end = fmax(*end, span.start + span.length);
	}
	return count;
}

static double phase_length(const struct plot_span *spans, size_t count, const char *name)
{
	double sum = NAN;

	for (size_t i = 0; i < count; i++)
		if (strcmp(spans[i].name, name) == 0)
			sum = (isnan(sum) ? 0 : sum) + spans[i].length;
	return sum;
}

static void put_phases(struct doc *d, const struct pair *p, const struct plot_span *a,
		       size_t count_a, const struct plot_span *b, size_t count_b)
{
	pair_table(d, p, "Phase", NULL);
	for (size_t i = 0; i < count_a; i++) {
		bool is_again = false;

		for (size_t k = 0; k < i; k++)
			is_again |= strcmp(a[k].name, a[i].name) == 0;
		if (!is_again)
			pair_row(d, p, MEASURE_NS, a[i].name, phase_length(a, count_a, a[i].name),
				 phase_length(b, count_b, a[i].name));
	}
	for (size_t i = 0; i < count_b; i++)
		if (isnan(phase_length(a, count_a, b[i].name)))
			pair_row(d, p, MEASURE_NS, b[i].name, NAN, b[i].length);
	pair_metric(d, p, metric_get("startup_ns"), "ready");
	pair_metric(d, p, metric_get("first_reply_ns"), "first reply");
}

void section_startup(struct doc *d, const struct pair *p)
{
	struct plot_span a[ROWS_MAX], b[ROWS_MAX];
	double end_a, end_b, end;
	size_t count_a = read_phases(p->a, a, &end_a), count_b = read_phases(p->b, b, &end_b);
	char title[200];

	if (count_a == 0 && count_b == 0)
		return;
	doc_heading(d, 1, "Start-up");
	end = fmax(end_a, end_b); /* one scale for both */
	snprintf(title, sizeof(title), "Start-up of %s", p->name_a);
	doc_figure(d, title, plot_waterfall(title, a, count_a, end, 'a'), false,
		   p->b ? "Both waterfalls have the same scale." : NULL);
	snprintf(title, sizeof(title), "Start-up of %s", p->name_b);
	doc_figure(d, title, plot_waterfall(title, b, count_b, end, 'b'), false, NULL);
	put_phases(d, p, a, count_a, b, count_b);
}

static double event_value(const struct view *v, const char *name)
{
	const json_t *list = v ? json_object_get(v->counters, "events") : NULL, *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		const char *have = view_text(one, "name");

		if (have && strcmp(have, name) == 0)
			return view_number(one, "value") / view_profiled_requests(v);
	}
	return NAN;
}

static void put_events(struct doc *d, const struct pair *p)
{
	const struct view *views[] = { p->a, p->b };

	pair_table(d, p, "Per request", NULL);
	for (size_t k = 0; k < 2 && views[k]; k++) {
		const json_t *list = json_object_get(views[k]->counters, "events"), *one;
		size_t i;

		json_array_foreach(list, i, one)
		{
			const char *name = view_text(one, "name");
			bool is_new = k == 0 || isnan(event_value(p->a, name ? name : ""));

			if (name && is_new && i < 64)
				pair_row(d, p, strstr(name, "-clock") ? MEASURE_NS : MEASURE_COUNT,
					 name, event_value(p->a, name), event_value(p->b, name));
		}
	}
}

static double syscall_value(const struct view *v, const char *name)
{
	const json_t *all = v ? view_at(v->counters, "syscalls.by_name") : NULL;
	const json_t *one = json_object_get(all, name);

	/* A system call that the list of a run does not contain was not made. */
	if (json_is_object(all) && !one)
		return 0;
	return json_is_number(one) ? json_number_value(one) / view_profiled_requests(v) : NAN;
}

static void put_syscalls(struct doc *d, const struct pair *p)
{
	json_t *a = (json_t *)(uintptr_t)view_at(p->a->counters, "syscalls.by_name");
	json_t *b = p->b ? (json_t *)(uintptr_t)view_at(p->b->counters, "syscalls.by_name") : NULL;
	const char *name;
	json_t *value;

	if (json_object_size(a) + json_object_size(b) == 0)
		return;
	doc_heading(d, 2, "System calls per request");
	pair_table(d, p, "Call", NULL);
	json_object_foreach(a, name, value)
	{
		pair_row(d, p, MEASURE_COUNT, name, syscall_value(p->a, name),
			 syscall_value(p->b, name));
	}
	json_object_foreach(b, name, value)
	{
		if (!json_object_get(a, name))
			pair_row(d, p, MEASURE_COUNT, name, syscall_value(p->a, name),
				 syscall_value(p->b, name));
	}
}

void section_counters(struct doc *d, const struct pair *p)
{
	if (!p->a->counters && !(p->b && p->b->counters))
		return;
	doc_heading(d, 1, "Counters");
	put_events(d, p);
	pair_table(d, p, "Profiled window", NULL);
	pair_row(d, p, (struct measure){ UNIT_COUNT, 0 }, "requests answered",
		 view_profiled_requests(p->a), p->b ? view_profiled_requests(p->b) : NAN);
	put_syscalls(d, p);
}
