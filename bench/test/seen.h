/* seen.h - runs benchmarks of this process and keeps their results for a test to look at. */
#ifndef BENCH_TEST_SEEN_H
#define BENCH_TEST_SEEN_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/shim.h"

enum { SEEN_MAX = 256, SEEN_TEXT_MAX = 160, SEEN_COUNTERS_MAX = 24 };

struct seen_result {
	char name[SEEN_TEXT_MAX];
	char aggregate[32];
	char error[SEEN_TEXT_MAX];
	char skipped[SEEN_TEXT_MAX];
	char label[SEEN_TEXT_MAX];
	double real_time, cpu_time;
	long long iterations;
	size_t counters_count;
	struct {
		char name[64];
		double value;
	} counters[SEEN_COUNTERS_MAX];
};

struct seen {
	struct seen_result list[SEEN_MAX];
	size_t count;
	size_t failed_count; /* as bench_run says */
	size_t run_count;
};

/* Runs those whose name begins with prefix, with further flags (NULL-terminated, may be NULL). The
 * result is static: valid until the next run. */
const struct seen *seen_run(const char *prefix, const char *const *flags);

/* The one result of those whose name begins with prefix; the test fails when there are others. */
const struct seen_result *seen_only(const char *prefix);

/* The result of that name that is no aggregate, or NULL; of an aggregate, with that name. */
const struct seen_result *seen_find(const struct seen *seen, const char *name);
const struct seen_result *seen_aggregate(const struct seen *seen, const char *aggregate);

/* A counter's value; NaN when it is not there. */
double seen_counter(const struct seen_result *r, const char *name);

#endif
