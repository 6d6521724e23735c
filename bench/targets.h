/* targets.h - the targets of v15 (reports/targets/v15.json) that a benchmark measures. */
#ifndef BENCH_TARGETS_H
#define BENCH_TARGETS_H

#include <stdio.h>

#include <jansson.h>

struct err;
struct results;

/*
 * A new array with an object for each of them that was measured: title, metric, v14_claim_ns,
 * v14_ns (v14's way, here), v15_ns, limit_ns, verdict ("met", "missed", "not measured"); null where
 * there is no number. -EPROTO: the built-in file is not what it should be.
 */
int targets_judge(const struct results *results, json_t **out, struct err *err);

/* As a table; nothing when there is none. */
void targets_print(const json_t *rows, FILE *out);

#endif
