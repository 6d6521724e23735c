/*
 * self_check.h - checks whether the generator itself limited the result.
 *
 * A reason makes the result invalid: the numbers are not those of the server under the requested
 * load. A note is additional information for the reader.
 */
#ifndef LOADGEN_REPORT_SELF_CHECK_H
#define LOADGEN_REPORT_SELF_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loadgen/report/run_result.h"
#include "loadgen/workload/plan.h"

struct hist;
enum { SELF_CHECK_REMARKS_MAX = 8, SELF_CHECK_TEXT_MAX = 240 };

struct remarks {
	char text[SELF_CHECK_REMARKS_MAX][SELF_CHECK_TEXT_MAX];
	size_t count;
};

struct self_check {
	bool is_valid; /* no reasons */
	struct remarks reasons;
	struct remarks notes;
	double own_cpu_ratio; /* CPU time / wall time of the busiest thread, in recorded phases */
	double own_cpu_ns_per_op; /* CPU time of all threads per operation */
	uint64_t switches_involuntary;
	/* Open loop. */
	uint64_t lag_p50_ns, lag_p99_ns, lag_max_ns;
	uint64_t planned_count, unsent_count, blocked_count;
	double achieved_ratio; /* sent / planned; 1 in a closed loop */
};

/* response: of all operations together. */
void self_check(const struct plan *plan, const struct run_result *run, const struct hist *response,
		struct self_check *out);

#endif
