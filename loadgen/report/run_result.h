/* run_result.h - what a run leaves: how it ended, what was collected, the workers' reports. */
#ifndef LOADGEN_REPORT_RUN_RESULT_H
#define LOADGEN_REPORT_RUN_RESULT_H

#include <stddef.h>
#include <stdint.h>

#include "loadgen/engine/worker.h"
#include "loadgen/report/collect.h"

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

void run_result_deinit(struct run_result *r);

const char *run_state_name(enum run_state state);

#endif
