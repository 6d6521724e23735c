/*
 * plan.h - the plan of a run, fixed before it starts: phases, intervals, shares of the workers.
 * Workers only read it.
 */
#ifndef LOADGEN_WORKLOAD_PLAN_H
#define LOADGEN_WORKLOAD_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/clock.h"
#include "loadgen/options.h"
#include "loadgen/workload/workload.h"

struct err;

#define PLAN_INTERVAL_NS NSEC_PER_SEC

struct plan_phase {
	const char *name;
	uint64_t start_ns; /* from the run's start */
	uint64_t end_ns;
	bool is_recorded;
	double rate_per_s; /* open loop */
};

struct plan {
	const struct workload *workload; /* borrowed */
	const struct options *options;   /* borrowed */
	bool is_open;                    /* open loop */
	struct plan_phase phases[WORKLOAD_PHASES_MAX];
	size_t phases_count;
	uint64_t duration_ns; /* of all phases */
	uint64_t measured_ns; /* of the recorded ones */
	/*
	 * Interval i lasts from cuts_ns[i] to cuts_ns[i + 1], from the run's start; phases begin at
	 * cuts. The last interval also includes replies that arrive while draining. Owned.
	 */
	uint64_t *cuts_ns;
	size_t intervals_count;
	uint64_t seed;     /* of the arrivals */
	uint64_t grace_ns; /* open loop: how long late arrivals are still sent after the last phase
			    */
	uint64_t start_ns; /* CLOCK_MONOTONIC; set by run.c once all connections are open */
	uint64_t start_wall_ns;
};

/* Errors: -EINVAL (rates without --rate, too many intervals), -ENOMEM. Owns: plan_deinit. */
int plan_init(struct plan *p, const struct options *o, const struct workload *w, struct err *err);
void plan_deinit(struct plan *p);

/*
 * Makes an open loop's plan that of one slice, for worker_slice: a single phase from start_ns
 * (CLOCK_MONOTONIC) whose arrivals, at the rate of the options, come from seed.
 */
void plan_turn_slice(struct plan *p, uint64_t start_ns, uint64_t length_ns, uint64_t seed,
		     bool is_recorded);

/* Index of the phase at offset_ns from the start; the last one after the end. */
size_t plan_phase_at(const struct plan *p, uint64_t offset_ns);

/* key=value lines of the effective configuration. */
void plan_dump(const struct plan *p, FILE *out);

#endif
