/* targets.h - the targets of v15 (reports/targets/v15.json) that a benchmark measures. */
#ifndef BENCH_TARGETS_H
#define BENCH_TARGETS_H

#include <stdio.h>

struct err;
struct results;

/*
 * Prints a row for each of them that was measured: v14's and v15's way, the target, the verdict.
 * Nothing when none was. -EPROTO: the file is not what it should be.
 */
int targets_print(const struct results *results, FILE *out, struct err *err);

#endif
