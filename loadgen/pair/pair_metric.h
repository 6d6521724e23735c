/* pair_metric.h - what arms are compared by: one number for each arm and block. */
#ifndef LOADGEN_PAIR_PAIR_METRIC_H
#define LOADGEN_PAIR_PAIR_METRIC_H

#include <stdbool.h>
#include <stddef.h>

struct pair_figures;

enum { PAIR_METRICS_MAX = 16 };

enum pair_unit { PAIR_NS, PAIR_BYTES, PAIR_COUNT };

struct pair_metric {
	const char *key;   /* in results; that of reports/judge/metric.c where it has the metric */
	const char *label; /* for people */
	enum pair_unit unit;
	bool is_judged; /* one of the family that is corrected together; else shown alone */
	/* NaN when the block says nothing of it: too few requests for a quantile. */
	double (*of)(const struct pair_figures *f);
};

extern const struct pair_metric pair_metrics[]; /* ends with key NULL */
size_t pair_metrics_count(void);

#endif
