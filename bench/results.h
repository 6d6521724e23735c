/* results.h - the results of this process, collected by a reporter of the shim. */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One repetition of one benchmark; aggregates are not kept. */
struct result {
	char *name;
	double ns; /* per iteration, by the benchmark's own clock; NaN when failed or skipped */
	bool is_failed;
	bool is_skipped;
	double instructions; /* per iteration; NaN = not counted */
	char *why_not;       /* why there are no instructions; NULL = there are */
};

struct progress;

struct results {
	struct result *list; /* [count], in the order of running */
	size_t count;
	uint64_t start_wall_ns; /* when measuring began */
	bool out_of_memory;
	const char *filter;        /* NULL = all; used to find the total */
	struct progress *progress; /* updated for each benchmark; NULL = none */
};

/* Adds every further result of the library. results is borrowed. */
void results_collect(struct results *results);
void results_deinit(struct results *results);

/*
 * Whether the wall time matters for a benchmark of that name: with several threads, or other
 * processes. Otherwise the CPU time is used, which other load on the machine disturbs less.
 */
bool results_is_real(const char *name);

/* True for the first of several repetitions of one name. */
bool results_is_first(const struct results *results, size_t index);

#endif
