/*
 * quantiles.h - the quantiles that are saved, shown and compared: a single list (quantiles.def), so
 * that a new quantile is one row.
 */
#ifndef REPORTS_LIB_QUANTILES_H
#define REPORTS_LIB_QUANTILES_H

#include <stddef.h>

/* Where a quantile appears. All of them are in the report's table of response times. */
enum quantile_use {
	QUANTILE_SAVED = 1, /* in the generator's results (which have min and max anyway) */
	QUANTILE_SHORT = 2, /* in tables that have one line for all quantiles */
	QUANTILE_LABEL = 4, /* on the axis of percentile plots */
};

struct quantile {
	const char *key;  /* in files: "p99_9" */
	const char *name; /* for people: "p99.9" */
	double q;         /* 0..1 */
	unsigned uses;    /* of enum quantile_use */
};

enum {
#define QUANTILE(key, q, name, uses) QUANTILE_##key,
#define QUANTILE_METRIC              QUANTILE
#include "reports/lib/quantiles.def"
	QUANTILES_COUNT
};

extern const struct quantile quantiles[QUANTILES_COUNT];

/* NULL when q is not in the list. */
const struct quantile *quantile_find(double q);

#endif
