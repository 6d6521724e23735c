/*
 * exact.h - the child's side of --instructions: tells callgrind when to count.
 *
 * Each run leaves dumps "base", what surrounds the iterations and one of them, of which the last is
 * the valid one, and "run", the same with exact_iterations (a counter) more. Their difference is
 * exact; pauses are in it.
 */
#ifndef BENCH_EXACT_H
#define BENCH_EXACT_H

struct err;

/* plan: "WARM_UP:COUNT", iterations. -EINVAL. */
int exact_use(const char *plan, struct err *err);

#endif
