/* run.h - one run from connecting to the last interval. */
#ifndef LOADGEN_RUN_H
#define LOADGEN_RUN_H

#include "loadgen/report/run_result.h"

struct err;
struct plan;

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

#endif
