/*
 * target.h - the targets of the project. Every limit is a row of a file in reports/targets/, whose
 * copies are built into the program; judge.h says how a row is judged.
 */
/* clang-format off */
/*
 * File, schema "goxel-targets/1": {name, comment, targets[]}. Keys of a target:
 *	title        for people
 *	metric       a figure of the report (metric.h), which has its unit; or
 *	figure       a figure that only this file has, with
 *	  unit       "ns" | "bytes" | "per_s" | "count" | "ratio"
 *	  benchmark  the benchmark that measures it (a pattern, bench_json.h); absent: a key of the
 *	             values of scripts/bench-ceiling.sh
 *	  over       a benchmark that it is divided by, or
 *	  minus      one that is taken away from it
 *	below, above the limit, in the figure's unit; neither: the figure is shown and not judged
 *	v14_claim    what the analysis of v14 says that v14 reaches, or null
 *	measured_by  the command that measures it
 *	needs_zero   a metric that must be 0 in a run for the target to be met
 */
/* clang-format on */
#ifndef REPORTS_JUDGE_TARGET_H
#define REPORTS_JUDGE_TARGET_H

#include <stddef.h>

#include <jansson.h>

#include "reports/judge/unit.h"

struct err;
struct metric;

enum { TARGETS_MAX = 64 };

enum target_relation { TARGET_SHOWN, TARGET_BELOW, TARGET_ABOVE };

struct target {
	const char *title;           /* borrowed from targets.root, as are all texts */
	const char *key;             /* of the metric or the figure */
	const struct metric *metric; /* NULL: a figure of its own */
	enum unit unit;
	const char *benchmark;    /* that measures it; NULL = none does */
	const char *over, *minus; /* NULL = none */
	enum target_relation relation;
	double limit;     /* in unit; NaN when shown only */
	double v14_claim; /* NaN = none */
	const char *measured_by;
	const struct metric *needs_zero; /* NULL = none */
};

struct targets {
	json_t *root;
	const char *name;
	struct target list[TARGETS_MAX];
	size_t count;
};

/*
 * which: the name of a built-in file ("v15", "speed"; NULL: v15), or a path. Unknown keys and
 * metrics are refused.
 */
int targets_open(const char *which, struct targets *out, struct err *err);
void targets_close(struct targets *t);

/* The limit of a metric or figure; NaN when it has none. */
double targets_limit(const struct targets *t, const char *key);

/* "< 100 ms"; empty when it is shown only. */
struct fmt target_fmt(const struct target *t);

#endif
