/*
 * counters.h - counts events of a running process, all its threads and those they will start.
 *
 * Per thread, event and half (user, kernel) one descriptor, inherited by threads and processes that
 * the thread starts. Events of a group share a leader per thread, so they are scheduled together.
 * An event that shared its counter with others is scaled: value * enabled / running.
 */
#ifndef PROFILES_COUNTERS_H
#define PROFILES_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "profiles/events.h"

struct counters;
struct err;

/* One event since counters_open, over all threads. */
struct counter_value {
	double user;                     /* scaled; NaN where the event is not split */
	double kernel;                   /* scaled; NaN where the event is not split */
	double total;                    /* scaled; NaN while it was never on a counter */
	double raw;                      /* unscaled total */
	uint64_t enabled_ns, running_ns; /* sums over threads and halves */
};

/*
 * Opens and starts every event that has no reason in `missing`; one that fails to open gets its
 * reason there. events[count] is borrowed and must outlive the counters.
 * with_kernel false: only user code is counted.
 * Errors: -ESRCH the process is gone; -ENOENT no event could be opened; -ENOMEM.
 */
int counters_open(pid_t pid, struct event *events, size_t count, bool with_kernel,
		  struct counters **out, struct err *err);
void counters_close(struct counters *c);

/* values[count]. Also works after the process has ended. */
void counters_read(const struct counters *c, struct counter_value *values);

size_t counters_threads(const struct counters *c); /* that were opened one by one */
/* Threads that came while counters were being opened: they may be counted or not. */
size_t counters_unsure_threads(const struct counters *c);

#endif
