/* profiled.h - --profile DIR: a flame graph and a pprof file of each benchmark, made by
 * goxel-profile and goxel-report. */
#ifndef BENCH_PROFILED_H
#define BENCH_PROFILED_H

#include <stdio.h>

struct bench_options;
struct err;

/* Writes DIR/NAME/{cpu.folded,cpu.svg,cpu.pb.gz,...}, NAME with '_' for '/'. Returns an
 * exit code. */
int profiled_run(const struct bench_options *o, FILE *out, struct err *err);

#endif
