/*
 * bench_file.h - the JSON output of goxel-bench: Google Benchmark's own {context, benchmarks},
 * which its compare.py reads, plus the suite's envelope (reports/lib/envelope.h, schema
 * goxel-bench/1).
 *
 * Added to a benchmark: instructions (per iteration) or instructions_missing (why not); in medians
 * over fresh processes ci_low, ci_high (in time_unit), ci_pct (half the interval in percent of the
 * time), ci_is_met. Added to the whole: presets{} (presets.h); by --vs comparisons[]. Limits are
 * not for this program to judge: goxel-report targets FILE.
 */
#ifndef BENCH_BENCH_FILE_H
#define BENCH_BENCH_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct bench_options;
struct err;
struct results;

/* Whether output was requested: --out, --json. */
bool bench_file_is_wanted(const struct bench_options *o);

/* Refuses, with a message, a path that could not be written later. */
int bench_file_check(const char *path, struct err *err);

/* Adds the envelope to root and writes it to the requested outputs. start_wall_ns: when measuring
 * began. */
int bench_file_write(const struct bench_options *o, json_t *root, uint64_t start_wall_ns,
		     struct err *err);

/* Reads what the library has written to raw, adds what results has, and writes it where it is
 * wanted. */
int bench_file_finish(const struct bench_options *o, const char *raw, const struct results *results,
		      struct err *err);

#endif
