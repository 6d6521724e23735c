/*
 * results.h - load-test-results.json, schema "goxel-load/1".
 *
 * The envelope (reports/lib/envelope.h), then: state, message, load, totals, errors, rpc_codes,
 * response_time_ns, service_time_ns, operations, intervals, self_check. Latencies are of
 * successful operations; response time counts from the intended start, service time from the
 * sending (the same in a closed loop).
 */
#ifndef LOADGEN_REPORT_RESULTS_H
#define LOADGEN_REPORT_RESULTS_H

#include "daemon/base/span.h"

struct err;
struct outcome;
struct strbuf;

/* The document as text. */
void results_json(const struct outcome *o, struct strbuf *out);

/* Writes load-test-results.json and latency.hgrm into dir, which exists. */
int results_write(const struct outcome *o, struct span json, const char *dir, struct err *err);

#endif
