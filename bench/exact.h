/*
 * exact.h - the child's side of --instructions: tells callgrind when to count.
 *
 * Each run leaves two dumps: "base", the code around the iterations and one iteration (the last
 * such dump is the valid one), and "run", the same with exact_iterations (a counter) more
 * iterations. Their difference is exact; it includes pauses.
 */
#ifndef BENCH_EXACT_H
#define BENCH_EXACT_H

struct err;

/* plan: "WARM_UP:COUNT", iterations. -EINVAL. */
int exact_use(const char *plan, struct err *err);

#endif
