/*
 * view.h - one complete run as the reports use it: its JSON files, histograms summed per tag,
 * series over time, folded stacks. A missing or damaged part is a sentence in missing[], not a
 * failure; only the directory itself can be refused (rundir_open).
 */
#ifndef REPORTS_READ_VIEW_H
#define REPORTS_READ_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "reports/lib/rundir.h"

struct err;
struct folded;
struct hist;

enum { VIEW_TAGS_MAX = 256, VIEW_MISSING_MAX = 32, VIEW_SERIES_MAX = 1 << 20 };

struct view_tag {
	char name[160]; /* of the operation, without "service." */
	struct hist *response;
	struct hist *service; /* NULL when not recorded */
};

/* Columns of equal length; owned. */
struct view_intervals {
	size_t count;
	double *time_s, *elapsed_s, *throughput_per_s, *p50_ns, *p99_ns, *max_ns;
};

/* Quantiles of the response times of each interval; NaN when too few values lie above. */
struct view_spread {
	size_t count, cap;
	double *rows_ns; /* [count][QUANTILES_COUNT] (quantiles.h), row-major */
};

struct view_memory {
	size_t count;
	double *time_s, *rss_bytes, *pss_bytes; /* NaN where a column is missing */
};

struct view {
	struct rundir dir;
	char label[128]; /* of the run, shown in reports */
	json_t *load, *counters, *allocs, *startup, *stages, *profile, *bench; /* or NULL */
	struct view_tag tags[VIEW_TAGS_MAX];
	size_t tags_count;
	struct hist *response; /* over all tags; NULL without latency.hlog */
	struct hist *service;
	struct view_intervals intervals;
	struct view_spread spread;
	struct view_memory memory;
	struct folded *folded; /* or NULL */
	char *missing[VIEW_MISSING_MAX];
	size_t missing_count;
};

int view_open(const char *path, struct view *out, struct err *err);
void view_close(struct view *v);

/* Adds a sentence to missing[]. */
void view_miss(struct view *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * The number at a dotted path of a JSON object ("totals.ops_count"), NaN when it is missing or not
 * a number. A name in the path must not contain a dot itself.
 */
double view_number(const json_t *root, const char *path);
const char *view_text(const json_t *root, const char *path); /* NULL when absent */
const json_t *view_at(const json_t *root, const char *path);

/* Response time at quantile q from the histograms, else from the results file; NaN when neither. */
double view_quantile_ns(const struct view *v, double q);
double view_service_quantile_ns(const struct view *v, double q);

/* Requests that the daemon answered while it was profiled; NaN when unknown. */
double view_profiled_requests(const struct view *v);
/*
 * A value of a stage of a request, e.g. "p50_ns". NaN for a NULL view, and for a stage passed by
 * fewer than 1 in 100 requests, since these are not representative.
 */
double view_stage_ns(const struct view *v, const char *stage, const char *key);

#endif
