/* outcome.h - values that both the results and the summary need, computed once. */
#ifndef LOADGEN_REPORT_OUTCOME_H
#define LOADGEN_REPORT_OUTCOME_H

#include "loadgen/report/run_result.h"
#include "loadgen/report/self_check.h"
#include "loadgen/workload/plan.h"

struct err;
struct hist;

struct outcome {
	const struct plan *plan;      /* borrowed */
	const struct run_result *run; /* borrowed */
	struct self_check check;
	struct hist *response; /* of all operations; owned */
	struct hist *service;  /* owned; equal to response in a closed loop */
	uint64_t ops_count, writes_count, reads_count;
	uint64_t failed_count; /* of ops_count */
	uint64_t errors_count; /* failed_count plus unexpected replies (ERROR_UNKNOWN_ID) */
	double elapsed_s;
	double throughput_per_s; /* successes */
};

/* -ENOMEM. Owns: outcome_deinit, also after failure. */
int outcome_init(struct outcome *o, const struct plan *plan, const struct run_result *run,
		 struct err *err);
void outcome_deinit(struct outcome *o);

#endif
