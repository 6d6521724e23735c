/*
 * figures.h - the figures of targets, read from any source: run directories, the JSON of
 * goxel-bench, and the values of scripts/bench-ceiling.sh. Each file adds one value to a figure
 * (bench-ceiling.sh: one per round).
 */
/* clang-format off */
/*
 * Values of bench-ceiling.sh, schema "goxel-ceiling/1": revision, rounds_count, duration,
 *	values{FIGURE:[numbers, one for each measurement]}
 */
/* clang-format on */
#ifndef REPORTS_JUDGE_FIGURES_H
#define REPORTS_JUDGE_FIGURES_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "reports/judge/target.h"

struct bench_arch;
struct err;

struct figure {
	double *values; /* [count], owned */
	size_t count;
	double *v14; /* [v14_count], owned: the same for v14's implementations, if they differ */
	size_t v14_count;
	bool is_spoiled; /* in some run a metric that must be 0 is not */
};

struct figures {
	const struct targets *targets; /* borrowed */
	struct figure list[TARGETS_MAX];
	bool lacks_axes; /* a file of goxel-bench does not say which implementations v15 uses */
};

/* path: a run directory or a file. -EPROTO: it is none of the above. */
int figures_read(struct figures *f, const char *path, struct err *err);
void figures_deinit(struct figures *f);

/* The value of the target's benchmarks; NaN when one of them was not run. */
double target_bench_value(const struct target *t, const json_t *bench,
			  const struct bench_arch *arch);

/*
 * A regular expression for goxel-bench that matches the benchmarks needed by the targets. bench is
 * a result of goxel-bench, which says what the axes stand for. Free it; NULL when out of memory.
 */
char *figures_benchmarks(const struct targets *t, const json_t *bench);

#endif
