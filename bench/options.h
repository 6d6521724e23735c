/* options.h - the command line of goxel-bench: its own options, and the library's passed on. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct err;

enum { LIBRARY_ARGS_MAX = 64 };

struct bench_options {
	const char *filter; /* operand; NULL = all */
	const char *out;    /* JSON; NULL = none */
	bool json;          /* it goes to stdout, the table to stderr */
	FILE *json_to;      /* the original stdout, then; set by main */
	uint64_t min_time_ns;
	int64_t repetitions;
	const char *show;
	const char *counters; /* NULL = the default list */
	bool require_counters;
	bool list;
	bool instructions;
	double until_ci_pct; /* 0 = not given */
	uint64_t time_cap_ns;
	const char *versus; /* another goxel-bench */
	int64_t blocks;
	const char *profile; /* directory */
	uint64_t profile_ns;
	const char *exact; /* for the child under valgrind */

	char *library_args[LIBRARY_ARGS_MAX]; /* --benchmark_*, borrowed from argv */
	int library_count;
};

/* 0; 1 when --help or --version was printed; -EINVAL. */
int bench_options_read(struct bench_options *out, int argc, char **argv, struct err *err);

#endif
