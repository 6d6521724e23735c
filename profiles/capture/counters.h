/*
 * counters.h - counts events of a running process, in all its threads and those that they start.
 *
 * A counter that follows a thread is removed and set again at each of the thread's switches, which
 * costs 0.3 to 0.4 us per counter and switch: a quarter of the throughput of a server that switches
 * once per request. So by default counters are open only in short windows, a small share of the
 * time, and their counts are scaled by the CPU time of the process (which the kernel keeps exactly)
 * over the CPU time in the windows. What the kernel counts anyway (CPU time, context switches, page
 * faults) is read from it and exact. With a share of 1 counters stay open and count everything.
 *
 * There is one descriptor per thread, event and half (user, kernel), inherited by threads that the
 * thread starts. Events of a group share a leader per thread, so they are scheduled together. An
 * event that shared its hardware counter with others is scaled: value * enabled / running.
 */
#ifndef PROFILES_CAPTURE_COUNTERS_H
#define PROFILES_CAPTURE_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "profiles/capture/events.h"

struct counters;
struct err;

struct counters_cfg {
	pid_t pid;
	struct event *events; /* [count]; borrowed, must outlive the counters */
	size_t count;
	bool with_kernel; /* false: only user code is counted */
	bool is_windowed; /* false: open from counters_open to counters_close */
};

/* The state of one event; only differences and counters_estimate are meaningful. */
struct counter_value {
	double user, kernel;             /* inside the windows, scaled for shared counters */
	double raw;                      /* the same, unscaled, both halves */
	uint64_t enabled_ns, running_ns; /* CPU time inside the windows, over threads and halves */
	double cpu_ns;                   /* CPU time of the process */
};

struct counter_estimate {
	double user, kernel; /* NaN if the event is not split */
	double total;        /* NaN when it was never on a counter */
	double ratio;        /* share of the process's CPU time that was counted; 1 = exact */
};

/*
 * Opens every event that has no reason in `missing`; for one that fails to open, the reason is
 * stored there. Events whose totals the kernel keeps become is_exact when windowed. Errors: -ESRCH:
 * the process is gone; -ENOENT: no event could be opened; -ENOMEM.
 */
int counters_open(const struct counters_cfg *cfg, struct counters **out, struct err *err);
void counters_close(struct counters *c);

/* A window, for windowed counters; the process may end during one. */
void counters_window_begin(struct counters *c);
void counters_window_end(struct counters *c);

/* values[count]. Call outside windows; works also after the process has ended. */
void counters_read(struct counters *c, struct counter_value *values);

/* The change between two readings of event `index`. */
struct counter_estimate counters_estimate(const struct counters *c, size_t index,
					  const struct counter_value *before,
					  const struct counter_value *after);

size_t counters_threads(const struct counters *c); /* opened one by one, in the last window */
/* Threads that started while counters were being opened: they may be counted or not. */
size_t counters_unsure_threads(const struct counters *c);

#endif
