/* instructions.h - instructions per iteration, counted by valgrind's callgrind: exact and the same
 * from run to run, also on machines without counters. */
#ifndef BENCH_INSTRUCTIONS_H
#define BENCH_INSTRUCTIONS_H

struct err;
struct results;

/*
 * Runs each result of this process again under callgrind and sets its `instructions`, or `why_not`.
 * Progress goes to stderr. -ENOENT: valgrind is not installed. A benchmark that cannot be counted
 * is not an error.
 */
int instructions_count(struct results *results, struct err *err);

#endif
