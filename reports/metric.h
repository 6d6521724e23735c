/*
 * metric.h - the figures that two runs are compared by: one row each, read from a run, with unit
 * and direction. Targets name them by key.
 */
#ifndef REPORTS_METRIC_H
#define REPORTS_METRIC_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/fmt.h"

struct view;

enum metric_unit { UNIT_NS, UNIT_BYTES, UNIT_RATE, UNIT_COUNT };

enum metric_group {
	GROUP_LOAD,      /* throughput and response time */
	GROUP_COST,      /* per request */
	GROUP_FOOTPRINT, /* start-up and memory */
	GROUP_BENCH,     /* from the micro-benchmarks */
};

/* How a value is shown: its unit, and which way a change is good. */
struct measure {
	enum metric_unit unit;
	int better; /* 1 = more is better, -1 = less, 0 = neither */
};

#define MEASURE_NS    ((struct measure){ UNIT_NS, -1 })
#define MEASURE_BYTES ((struct measure){ UNIT_BYTES, -1 })
#define MEASURE_COUNT ((struct measure){ UNIT_COUNT, -1 })

struct metric {
	const char *key;   /* with its unit, as in report.json */
	const char *title; /* for people */
	enum metric_group group;
	enum metric_unit unit;
	int better;                                                   /* as in struct measure */
	double (*read)(const struct view *v, const struct metric *m); /* NaN = not measured */
	const char *path;                                             /* what read() looks at */
	double quantile;                                              /* likewise */
};

extern const struct metric metrics[]; /* ends with key NULL */

const struct metric *metric_find(const char *key); /* NULL when unknown */
double metric_read(const struct metric *m, const struct view *v);
struct fmt metric_fmt(const struct metric *m, double value);
struct measure metric_measure(const struct metric *m);
struct fmt unit_fmt(enum metric_unit unit, double value);

/*
 * Spread of one run's intervals for a metric: robust standard deviation of the logarithm, the
 * lag-1 correlation, and how many independent values the intervals are worth,
 * n (1 - rho) / (1 + rho). False when the metric has no values per interval or fewer than 3.
 */
struct spread {
	size_t count;
	double sd_ln;
	double rho;
	double count_effective;
};
bool metric_spread(const struct metric *m, const struct view *v, struct spread *out);

/*
 * The smallest change in percent that two runs with these spreads could tell from the spread
 * inside the runs (one-sided 1 %, power 90 %). It knows nothing of what changed between them.
 */
double spread_detectable_pct(const struct spread *a, const struct spread *b);

#endif
