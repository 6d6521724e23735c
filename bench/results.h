/* results.h - what this process has measured, kept by a reporter of the shim. */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One repetition of one benchmark; aggregates are not kept. */
struct result {
	char *name;
	double ns; /* of an iteration, by the benchmark's own clock; NaN when failed or skipped */
	bool is_failed;
	bool is_skipped;
	double instructions; /* of an iteration; NaN = not counted */
	char *why_not;       /* there are no instructions; NULL */
};

struct progress;

struct results {
	struct result *list; /* [count], in the order of running */
	size_t count;
	uint64_t start_wall_ns; /* when measuring began */
	bool out_of_memory;
	const char *filter;        /* NULL = all; to find out how many there are */
	struct progress *progress; /* told of each benchmark; NULL = nobody is */
};

/* From now on every result of the library is added. results is borrowed. */
void results_collect(struct results *results);
void results_deinit(struct results *results);

/*
 * Whether the real time is what a benchmark of that name is about: several threads, or other
 * processes. Otherwise it is the CPU time, which neighbours on the machine disturb less.
 */
bool results_is_real(const char *name);

/* True for the first of several repetitions of one name. */
bool results_is_first(const struct results *results, size_t index);

#endif
