/*
 * versus.h - --vs: compares this goxel-bench (B) with another (A), alternately: A B, B A, A B ...
 *
 * Each block runs each benchmark once in a fresh process of both; the block is the unit of the
 * statistics (reports/lib/stats.h): effect and interval by signed ranks, p-values corrected for
 * all benchmarks together.
 */
#ifndef BENCH_VERSUS_H
#define BENCH_VERSUS_H

#include <stdio.h>

struct bench_options;
struct err;

/*
 * Prints a row for each benchmark that both have; writes o->out. Returns an exit code: EXIT_NO when
 * one is slower (p < 0.05, corrected).
 */
int versus_run(const struct bench_options *o, FILE *out, struct err *err);

#endif
