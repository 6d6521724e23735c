/* bench_json.h - figures out of Google Benchmark's JSON. */
#ifndef REPORTS_BENCH_JSON_H
#define REPORTS_BENCH_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* Which implementations a pattern is about. */
struct bench_arch {
	const char *preset; /* stands for {preset}; NULL = not known */
	const json_t *axes; /* {"parser": "simd", ...} for {parser} and so on; NULL = not known */
};

/*
 * What an iteration of the benchmark of that name took, in ns, by its own clock: the CPU's, or the
 * real one where the name says so or several threads ran. What the library appends to a name
 * ("/real_time", "/iterations:20", "/threads:2") may be left out. The median where it was repeated;
 * failed and skipped runs do not count. NaN when bench is NULL or has none.
 */
double bench_ns(const json_t *bench, const char *name);

/*
 * The name that a pattern stands for: "json_parse_1k/{parser}" is the benchmark of the parser that
 * arch names. False when arch does not say, or the name is too long.
 */
bool bench_pattern_fill(const struct bench_arch *arch, const char *pattern, char *out, size_t cap);

/* bench_ns() of what the pattern stands for; NaN as well when arch does not say. */
double bench_pattern_ns(const json_t *bench, const struct bench_arch *arch, const char *pattern);

#endif
