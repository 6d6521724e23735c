/*
 * results.h - load-test-results.json, schema "goxel-load/1".
 *
 * The envelope (reports/lib/envelope.h), then: state, message, load, totals, errors, rpc_codes,
 * response_time_ns, service_time_ns, operations, intervals, self_check. Latencies are of
 * successful operations; response time counts from the intended start, service time from the
 * sending (the same in a closed loop).
 */
#ifndef LOADGEN_RESULTS_H
#define LOADGEN_RESULTS_H

#include "daemon/base/strbuf.h"
#include "loadgen/plan.h"
#include "loadgen/run.h"
#include "loadgen/self_check.h"

struct err;
struct hist;

/* Values that both the results and the summary need, computed once. */
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

/* The document as text. */
void results_json(const struct outcome *o, struct strbuf *out);

/* Writes load-test-results.json and latency.hgrm into dir, which exists. */
int results_write(const struct outcome *o, struct span json, const char *dir, struct err *err);

#endif
