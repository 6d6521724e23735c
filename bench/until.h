/* until.h - --until-ci: repeats each benchmark in fresh processes until its time is known precisely
 * enough, or the time limit is reached. */
#ifndef BENCH_UNTIL_H
#define BENCH_UNTIL_H

#include <stdio.h>

struct bench_options;
struct err;

/* Prints a row for each; writes o->out. Returns an exit code. */
int until_run(const struct bench_options *o, FILE *out, struct err *err);

#endif
