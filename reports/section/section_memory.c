/* section_memory.c - allocations by source, and memory over time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/doc/fmt.h"
#include "reports/doc/plot.h"
#include "reports/judge/metric.h"
#include "reports/lib/runfile.h"
#include "reports/section/section.h"

enum { SOURCES_MAX = 512, SOURCES_SHOWN = 15, ROUTINES_SHOWN = 8, LINES_SHOWN = 20 };

/* One allocating function, in both runs, per request. */
struct source {
	const char *function;
	char place[128]; /* file:line */
	double bytes[2], allocs[2];
};

static double requests_of(const struct view *v)
{
	double requests = view_number(v->allocs, "requests_count");

	return requests > 0 ? requests : view_profiled_requests(v);
}

static struct source *find_source(struct source *list, size_t *count, const char *function,
				  const char *place)
{
	for (size_t i = 0; i < *count; i++)
		if (strcmp(list[i].function, function) == 0)
			return &list[i];
	if (*count == SOURCES_MAX)
		return NULL;
	list[*count] = (struct source){ .function = function,
					.bytes = { NAN, NAN },
					.allocs = { NAN, NAN } };
	snprintf(list[*count].place, sizeof(list[*count].place), "%s", place);
	return &list[(*count)++];
}

static void add(double *into, double value)
{
	*into = (isnan(*into) ? 0 : *into) + value;
}

static void read_sources(const struct view *v, int which, struct source *list, size_t *count)
{
	const json_t *all = json_object_get(v->allocs, "sources"), *one;
	double requests = requests_of(v);
	size_t i;

	json_array_foreach(all, i, one)
	{
		const char *function = view_text(one, "function"), *file = view_text(one, "file");
		double line = view_number(one, "line");
		char place[128] = "";
		struct source *s;

		/* Without debug information file and line are unknown. */
		if (file && file[0] && line > 0)
			snprintf(place, sizeof(place), "%.100s:%.0f", file, line);
		else if (file)
			snprintf(place, sizeof(place), "%.100s", file[0] ? file : "–");
		s = find_source(list, count, function ? function : "(unknown)", place);
		if (!s)
			break;
		add(&s->bytes[which], view_number(one, "allocated_bytes") / requests);
		add(&s->allocs[which], view_number(one, "allocs_count") / requests);
	}
}

static double weight(const struct source *s)
{
	return fmax(isnan(s->bytes[0]) ? 0 : s->bytes[0], isnan(s->bytes[1]) ? 0 : s->bytes[1]);
}

static int by_weight(const void *a, const void *b)
{
	double x = weight(a), y = weight(b);

	if (x != y)
		return x < y ? 1 : -1;
	return strcmp(((const struct source *)a)->function, ((const struct source *)b)->function);
}

static void put_sources(struct doc *d, const struct pair *p)
{
	struct source *list = calloc(SOURCES_MAX, sizeof(*list));
	size_t count = 0;
	double total = view_number(p->a->allocs, "totals.allocated_bytes") / requests_of(p->a);

	if (!list) {
		d->failed = true;
		return;
	}
	read_sources(p->a, 0, list, &count);
	if (p->b)
		read_sources(p->b, 1, list, &count);
	if (count == 0)
		goto out;
	qsort(list, count, sizeof(*list), by_weight);
	doc_heading(d, 2, "Sources, bytes per request");
	pair_table(d, p, "Function", p->b ? "Where" : ">Allocations|>Share|Where");
	for (size_t i = 0; i < count && i < SOURCES_SHOWN; i++) {
		double a = list[i].bytes[0], b = list[i].bytes[1];

		/* A source that a profiled run does not list allocated nothing. */
		if (p->b && isnan(a) && p->a->allocs)
			a = 0;
		if (p->b && isnan(b) && p->b->allocs)
			b = 0;
		pair_row(d, p, MEASURE_BYTES, list[i].function, a, b);
		if (!p->b) {
			doc_cell(d, TONE_NONE, "%s", fmt_count(list[i].allocs[0]).s);
			doc_cell(d, TONE_NONE, "%s", fmt_pct(100 * a / total).s);
		}
		doc_cell(d, TONE_DIM, "%s", list[i].place);
	}
	if (count > SOURCES_SHOWN)
		doc_para(d, "%zu more sources are in %s.", count - SOURCES_SHOWN,
			 runfile_name(RUNFILE_ALLOCS));
out:
	free(list);
}

/* The remaining number of rows of the hot-path tree, and the size below which a node is omitted. */
struct tree_limits {
	int rows_left;
	double bytes_min;
};

/* Children of a node of the hot-path tree, with shares of the parent. Depth is bounded. */
/* NOLINTNEXTLINE(misc-no-recursion): depth is bounded */
static void put_tree(struct doc *d, const json_t *nodes, double parent, int depth,
		     struct tree_limits *limits)
{
	const json_t *one;
	size_t i;

	json_array_foreach(nodes, i, one)
	{
		const char *function = view_text(one, "function");
		double bytes = view_number(one, "allocated_bytes");

		if (!function || !(bytes >= limits->bytes_min) || limits->rows_left-- <= 0)
			continue;
		doc_cell(d, TONE_NONE, "%*s%s%s", 2 * depth, "", depth ? "└ " : "", function);
		doc_cell(d, TONE_NONE, "%s", fmt_bytes(bytes).s);
		doc_cell(d, TONE_NONE, "%s", fmt_pct(parent > 0 ? 100 * bytes / parent : NAN).s);
		if (depth < 12)
			put_tree(d, json_object_get(one, "children"), bytes, depth + 1, limits);
	}
}

static void put_hot_path(struct doc *d, const struct pair *p)
{
	const json_t *tree = json_object_get(p->a->allocs, "tree");
	double total = view_number(p->a->allocs, "totals.allocated_bytes");
	struct tree_limits limits = { .rows_left = 60, .bytes_min = 0.02 * total };

	if (p->b || !json_is_array(tree) || json_array_size(tree) == 0)
		return;
	doc_heading(d, 2, "Hot path");
	doc_table(d, "Function|>Bytes|>Share of caller");
	put_tree(d, tree, total, 0, &limits);
	doc_para(d,
		 "Callers before what they call; paths with less than 2 %% of all bytes are in "
		 "%s.",
		 runfile_name(RUNFILE_ALLOCS));
}

/* Each routine with its lines, of one run (what a profile report shows). */
static void put_routines(struct doc *d, const struct pair *p)
{
	const json_t *list = json_object_get(p->a->allocs, "routines"), *routine, *line;
	size_t i, k;

	if (p->b || json_array_size(list) == 0)
		return;
	doc_heading(d, 2, "Routines, line by line");
	doc_table(d, "Line|>Bytes|>Share of routine|>Allocations");
	json_array_foreach(list, i, routine)
	{
		const char *function = view_text(routine, "function");
		const char *file = view_text(routine, "file");
		double whole = view_number(routine, "allocated_bytes");

		if (i == ROUTINES_SHOWN)
			break;
		if (file && file[0])
			doc_cell(d, TONE_NONE, "%s (%s)", function ? function : "(unknown)", file);
		else
			doc_cell(d, TONE_NONE, "%s", function ? function : "(unknown)");
		doc_cell(d, TONE_NONE, "%s", fmt_bytes(whole).s);
		doc_cell(d, TONE_NONE, "%s", "");
		doc_cell(d, TONE_NONE, "%s", fmt_count(view_number(routine, "allocs_count")).s);
		json_array_foreach(json_object_get(routine, "lines"), k, line)
		{
			double bytes = view_number(line, "allocated_bytes");

			if (k == LINES_SHOWN)
				break;
			if (!(view_number(line, "line") > 0))
				continue; /* no debug information: the row above is enough */
			doc_cell(d, TONE_DIM, "  line %.0f", view_number(line, "line"));
			doc_cell(d, TONE_DIM, "%s", fmt_bytes(bytes).s);
			doc_cell(d, TONE_DIM, "%s",
				 fmt_pct(whole > 0 ? 100 * bytes / whole : NAN).s);
			doc_cell(d, TONE_DIM, "%s", fmt_count(view_number(line, "allocs_count")).s);
		}
	}
}

void section_allocs(struct doc *d, const struct pair *p)
{
	static const char *const keys[] = { "allocs_per_request", "allocated_bytes_per_request" };

	if (!p->a->allocs && !(p->b && p->b->allocs))
		return;
	doc_heading(d, 1, "Allocations");
	pair_table(d, p, "Total", NULL);
	for (size_t i = 0; i < 2; i++)
		pair_metric(d, p, metric_get(keys[i]), NULL);
	pair_row(d, p, MEASURE_COUNT, "Allocations, total",
		 view_number(p->a->allocs, "totals.allocs_count"),
		 p->b ? view_number(p->b->allocs, "totals.allocs_count") : NAN);
	pair_row(d, p, MEASURE_BYTES, "Allocated, total",
		 view_number(p->a->allocs, "totals.allocated_bytes"),
		 p->b ? view_number(p->b->allocs, "totals.allocated_bytes") : NAN);
	put_sources(d, p);
	put_routines(d, p);
	put_hot_path(d, p);
}

static double rss_end(const struct view_memory *m)
{
	return m && m->count ? m->rss_bytes[m->count - 1] : NAN;
}

static char *memory_bars(const struct pair *p, const char *const keys[2])
{
	struct plot_bar bars[] = { { .name = "after start" },
				   { .name = "at the peak" },
				   { .name = "at the end" } };

	for (size_t i = 0; i < 2; i++) {
		bars[i].a = metric_read(metric_get(keys[i]), p->a);
		bars[i].b = p->b ? metric_read(metric_get(keys[i]), p->b) : NAN;
	}
	bars[2].a = rss_end(&p->a->memory);
	bars[2].b = p->b ? rss_end(&p->b->memory) : NAN;
	return plot_bars("Resident memory after start, at the peak, at the end", bars, 3,
			 PLOT_BYTES, p->name_a, p->b ? p->name_b : NULL);
}

void section_memory(struct doc *d, const struct pair *p)
{
	const struct view_memory *a = &p->a->memory, *b = p->b ? &p->b->memory : NULL;
	static const char *const keys[] = { "rss_start_bytes", "rss_peak_bytes" };

	if (a->count == 0 && !(b && b->count))
		return;
	doc_heading(d, 1, "Memory");
	doc_figure(d, "Resident memory over time",
		   plot_lines(&(struct plot){
			   .alt = "Resident memory of the daemon over time",
			   .series = { { p->name_a, 'a', a->time_s, a->rss_bytes, a->count },
				       { b ? p->name_b : NULL, 'b', b ? b->time_s : NULL,
					 b ? b->rss_bytes : NULL, b ? b->count : 0 } },
			   .y_unit = PLOT_BYTES,
			   .target = NAN }),
		   false, "From the start of the capture.");
	doc_figure(d, "Resident memory", memory_bars(p, keys), false, NULL);
	pair_table(d, p, "Memory", NULL);
	for (size_t i = 0; i < 2; i++)
		pair_metric(d, p, metric_get(keys[i]), NULL);
	if (a->count)
		pair_row(d, p, MEASURE_BYTES, "Memory at the end (RSS)", rss_end(a), rss_end(b));
}
