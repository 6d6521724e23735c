/*
 * metric.h - the figures by which two runs are compared: one row each, read from a run, with unit
 * and direction. Targets refer to them by key.
 */
#ifndef REPORTS_JUDGE_METRIC_H
#define REPORTS_JUDGE_METRIC_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/judge/unit.h"

struct view;

enum metric_group {
	GROUP_LOAD,      /* throughput and response time */
	GROUP_COST,      /* per request */
	GROUP_FOOTPRINT, /* start-up and memory */
	GROUP_BENCH,     /* from the micro-benchmarks */
};

struct metric {
	const char *key;   /* with its unit, as in report.json */
	const char *title; /* shown in reports */
	enum metric_group group;
	enum unit unit;
	int better;                                                   /* as in struct measure */
	double (*read)(const struct view *v, const struct metric *m); /* NaN = not measured */
	const char *path;                                             /* used by read() */
	double quantile;                                              /* used by read() */
	const char *benchmark; /* the benchmark that measures it, a pattern of bench_json.h; NULL =
				  none */
};

extern const struct metric metrics[]; /* ends with key NULL */

const struct metric *metric_find(const char *key); /* NULL when unknown */
const struct metric *metric_get(const char *key);  /* key is one of the table's */
/* The metric of the response time at quantile q; NULL when there is none. */
const struct metric *metric_of_quantile(double q);
double metric_read(const struct metric *m, const struct view *v);
struct fmt metric_fmt(const struct metric *m, double value);
struct measure metric_measure(const struct metric *m);

/*
 * Spread of a metric over the intervals of one run: robust standard deviation of the logarithm,
 * lag-1 autocorrelation, and the effective number of independent values, n (1 - rho) / (1 + rho).
 * False when the metric has no values per interval or fewer than 3.
 */
struct spread {
	size_t count;
	double sd_ln;
	double rho;
	double count_effective;
};
bool metric_spread(const struct metric *m, const struct view *v, struct spread *out);

/*
 * The smallest change in percent that can be distinguished from the spread inside two such runs
 * (one-sided 1 %, power 90 %). It does not include changes between the runs.
 */
double spread_detectable_pct(const struct spread *a, const struct spread *b);

#endif
