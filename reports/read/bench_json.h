/* bench_json.h - reads results from Google Benchmark's JSON. */
#ifndef REPORTS_READ_BENCH_JSON_H
#define REPORTS_READ_BENCH_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* The implementations that a pattern refers to. */
struct bench_arch {
	const char *preset; /* stands for {preset}; NULL = not known */
	const json_t *axes; /* {"parser": "simd", ...} for {parser} and so on; NULL = not known */
};

/*
 * The time of an iteration of that benchmark in ns, by its own clock: CPU time, or wall time if the
 * name says so or several threads ran. What the library appends to a name ("/real_time",
 * "/iterations:20", "/threads:2") may be left out. With repetitions, the median; failed and skipped
 * runs do not count. NaN when bench is NULL or has none.
 */
double bench_ns(const json_t *bench, const char *name);

/*
 * The name that a pattern stands for: "json_parse_1k/{parser}" is the benchmark of the parser named
 * by arch. False when arch does not name it, or the name is too long.
 */
bool bench_pattern_fill(const struct bench_arch *arch, const char *pattern, char *out, size_t cap);

/* bench_ns() of the benchmark that the pattern stands for; NaN also when arch does not name it. */
double bench_pattern_ns(const json_t *bench, const struct bench_arch *arch, const char *pattern);

#endif
