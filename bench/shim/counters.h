/*
 * counters.h - perf events as an instrument of the shim: of user and kernel, scaled, per iteration.
 *
 * Google Benchmark's own support counts user code only, does not scale shared counters and is
 * missing in distribution packages. Descriptors belong to the measuring thread alone: work of other
 * threads is not counted. Counting costs nothing until something is counted; a counted system call
 * takes about 30 ns longer, which is included in the times; "" counts nothing.
 */
#ifndef BENCH_SHIM_COUNTERS_H
#define BENCH_SHIM_COUNTERS_H

#include <stdbool.h>

struct err;

/*
 * Chooses the events and adds the instrument. Events that cannot be counted are listed with their
 * reason in the context "counters_missing" of the results.
 *
 * list      names as in profiles/capture/events.h; NULL = software events and system calls; "" =
 * none required  refuse when one of them cannot be counted A second call replaces the first.
 * Errors: -EINVAL: an unknown name; -EOPNOTSUPP: a required event is unavailable here.
 */
int bench_counters_use(const char *list, bool required, struct err *err);

#endif
