/*
 * collect.h - combines the intervals of all workers while they run.
 *
 * An interval is complete when every worker has published it; then its row is kept, its line is
 * written to the histogram log, and it is added to the totals. One thread.
 */
#ifndef LOADGEN_REPORT_COLLECT_H
#define LOADGEN_REPORT_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loadgen/engine/record.h"
#include "loadgen/workload/plan.h"

struct err;
struct hlog_writer;

/* Of one interval, all workers together. */
struct interval_row {
	const char *phase;
	bool is_recorded;
	uint64_t start_ns; /* from the run's start */
	uint64_t length_ns;
	uint64_t ops_count;
	uint64_t errors_count;           /* operations that failed, and unexpected replies */
	uint64_t unrecorded_count;       /* operations of unrecorded phases */
	double throughput_per_s;         /* successes; of all operations if nothing is recorded */
	uint64_t p50_ns, p99_ns, max_ns; /* response time of successes */
};

struct collector {
	const struct plan *plan;    /* borrowed */
	struct record_pair **pairs; /* owned array of borrowed; pairs[pairs_count] */
	size_t pairs_count;
	uint32_t *covered;        /* owned; number of intervals that each worker took part in */
	struct recorder interval; /* being combined */
	struct recorder total;
	struct hist *merged;       /* scratch: of all operations */
	struct interval_row *rows; /* owned; rows[rows_count], room for all intervals */
	size_t rows_count;
	struct hlog_writer *log; /* borrowed; NULL = none */
	struct err *log_err;     /* borrowed; gets the first failure of the log */
	void (*on_row)(void *arg, const struct interval_row *row);
	void *on_row_arg;
};

/* -ENOMEM. Owns: collector_deinit, also after failure. */
int collector_init(struct collector *c, const struct plan *plan, struct err *err);
void collector_deinit(struct collector *c);

/* Sets where worker index publishes; call before the first poll. */
void collector_attach(struct collector *c, uint32_t index, struct record_pair *pair);

/* Takes what has been published, without waiting. */
void collector_poll(struct collector *c);

/*
 * Takes the rest after every worker has ended, at end_ns from the run's start; a last, incomplete
 * interval also becomes a row.
 */
void collector_finish(struct collector *c, uint64_t end_ns);

#endif
