/* blocks.h - recorded paired measurements of a shared two-core machine (../shared/data/blocks). */
#ifndef REPORTS_TEST_BLOCKS_H
#define REPORTS_TEST_BLOCKS_H

#include <stddef.h>

enum {
	BLOCKS_QUANTILES = 7, /* p50 p75 p90 p95 p99 p99.5 p99.9 */
	BLOCKS_METRICS = 8,   /* the quantiles, then CPU time per request */
	BLOCKS_MAX = 128,
	BLOCKS_P50 = 0,
	BLOCKS_P99 = 4,
	BLOCKS_CPU = 7,
};

struct blocks {
	size_t n;
	double d[BLOCKS_MAX * BLOCKS_METRICS]; /* ln b - ln a; [n][BLOCKS_METRICS] */
};

/* One of the files with arms a and b. -1 where it is absent. */
int blocks_read_slices(const char *name, struct blocks *out);

/* blocks/runs-75-blocks.csv, two of its arms by name; no CPU time. -1 where it is absent. */
int blocks_read_runs(const char *arm_a, const char *arm_b, struct blocks *out);

/* d[n] of one metric. */
void blocks_column(const struct blocks *b, size_t metric, double *d);

#endif
