/* run.h - one run from connecting to the last interval, and its result. */
#ifndef LOADGEN_RUN_H
#define LOADGEN_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "loadgen/collect.h"
#include "loadgen/plan.h"
#include "loadgen/worker.h"

struct err;

enum run_state { RUN_COMPLETE, RUN_INTERRUPTED, RUN_FAILED };

struct run_result {
	enum run_state state;
	char message[200];             /* why it is not complete */
	struct collector collect;      /* rows and totals */
	struct worker_report *workers; /* owned; workers[workers_count] */
	size_t workers_count;
	uint64_t end_ns;     /* from the run's start */
	uint64_t elapsed_ns; /* recorded time, including the wait for its last replies */
	double steal_pct;    /* of the machine during the run; NaN when unknown */
};

/*
 * Sends the setup requests, connects, runs the plan (setting its start times) and collects.
 * SIGINT and SIGTERM, which the caller has blocked, end the run early: it is then marked as
 * interrupted, with the measurements so far.
 * The intervals are logged to log_path (NULL = no log).
 * Returns 0 when there is something to report, also for a run that failed on the way.
 * Errors: those of setup and connecting; -EMFILE when there are too few descriptors.
 * Owns: out; run_result_deinit, also after failure.
 */
int run_load(struct plan *plan, const char *log_path, struct run_result *out, struct err *err);
void run_result_deinit(struct run_result *r);

const char *run_state_name(enum run_state state);

#endif
