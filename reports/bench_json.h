/* bench_json.h - figures out of Google Benchmark's JSON. */
#ifndef REPORTS_BENCH_JSON_H
#define REPORTS_BENCH_JSON_H

#include <jansson.h>

/*
 * What an iteration of the benchmark of exactly that name took, in ns, by its own clock: the CPU's,
 * or the real one where the name says so or several threads ran. The median where it was repeated;
 * failed and skipped runs do not count. NaN when bench is NULL or has none.
 */
double bench_ns(const json_t *bench, const char *name);

#endif
