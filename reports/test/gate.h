/*
 * gate.h - a whole gate on simulated blocks: looks, verdict, stopping. For the tests of error rates
 * and the program that measures them at length.
 */
#ifndef REPORTS_TEST_GATE_H
#define REPORTS_TEST_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/rng.h"
#include "reports/lib/stats_looks.h"
#include "reports/lib/verdict.h"

enum { GATE_METRICS = 7, GATE_BLOCKS_MAX = 40 }; /* those of verdict_metrics_default */

struct gate {
	struct stats_looks looks;
	struct verdict_metric metrics[GATE_METRICS];
	double scale[GATE_METRICS]; /* of the noise, ln */
	double shift[GATE_METRICS]; /* true effects, worse is up */
	struct verdict_count counts[1];
	size_t counts_count; /* 0: none measured */
	size_t flips_count;
};

struct gate_end {
	enum verdict_joint joint;
	enum verdict_action action;
	size_t blocks_count;
	bool has_false_regressed; /* a row whose true effect is at most its margin */
	bool has_false_not_worse; /* EQUIVALENT or NOT_WORSE of a row at or above its margin */
	bool has_uncovered;       /* a true effect outside the simultaneous band */
};

/* Default looks and margins, spreads of 50-ms slices on a shared machine, no effect. */
void gate_init(struct gate *g, double alpha);
/* Draws blocks and decides at each look until the verdict stops. */
struct gate_end gate_run(const struct gate *g, struct rng *rng);

#endif
