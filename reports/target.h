/*
 * target.h - what a version is expected to reach, read from a file such as
 * reports/targets/v15.json, whose copy is built into the program.
 */
#ifndef REPORTS_TARGET_H
#define REPORTS_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "reports/metric.h"

struct err;
struct view;

enum { TARGETS_MAX = 64 };

struct target {
	const char *title; /* borrowed from targets.root, as are all texts */
	const struct metric *metric;
	double limit;     /* in the metric's unit */
	bool is_below;    /* else above */
	double v14_claim; /* NaN = none */
	const char *measured_by;
	const struct metric *needs_zero; /* must be 0 for the target to count; NULL = none */
};

struct targets {
	json_t *root;
	const char *name;
	struct target list[TARGETS_MAX];
	size_t count;
};

enum target_verdict { TARGET_UNMEASURED, TARGET_MET, TARGET_MISSED };

/* path NULL: the targets of v15 that are built in. Unknown keys and metrics are refused. */
int targets_open(const char *path, struct targets *out, struct err *err);
void targets_close(struct targets *t);

enum target_verdict target_judge(const struct target *t, const struct view *v, double *value);
const char *target_verdict_name(enum target_verdict verdict); /* "met", "missed", "not measured" */

/* "< 100 ms" */
struct fmt target_fmt(const struct target *t);

#endif
