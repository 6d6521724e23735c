/*
 * counters.h - perf events as an instrument of the shim: of user and kernel, scaled, per iteration.
 *
 * Google Benchmark's own support sees user code only, does not scale shared counters and is absent
 * from distribution packages. Descriptors are of the measuring thread alone: what other threads do
 * for it is not counted. Counting costs nothing until something is counted; a counted system call
 * takes about 30 ns longer, which is in the times: "" counts nothing.
 */
#ifndef BENCH_COUNTERS_H
#define BENCH_COUNTERS_H

#include <stdbool.h>

struct err;

/*
 * Chooses the events and adds the instrument; what cannot be counted goes with its reason into the
 * context "counters_missing" of the results.
 *
 * list      names as in profiles/events.h; NULL = software events and system calls; "" = none
 * required  refuse when one of them cannot be counted
 * A second call takes the place of the first.
 * Errors: -EINVAL a name that no table knows; -EOPNOTSUPP a required one cannot be had here.
 */
int bench_counters_use(const char *list, bool required, struct err *err);

#endif
