/* bench_json.h - figures out of Google Benchmark's JSON. */
#ifndef REPORTS_BENCH_JSON_H
#define REPORTS_BENCH_JSON_H

#include <jansson.h>

/*
 * Least real time in ns among the benchmarks called name, "name/..." or "bench_name..."; medians
 * where the file holds aggregates. NaN when bench is NULL or has none.
 */
double bench_best_ns(const json_t *bench, const char *name);

#endif
