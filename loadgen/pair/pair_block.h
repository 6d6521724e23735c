/*
 * pair_block.h - one block: starts fresh servers for all arms side by side, loads them in slices in
 * turn, and records what each arm used, how long its replies took, and whether the block counts.
 *
 * The first tenth of a slice is its head, whose requests are not recorded. The servers are idle
 * when a slice begins, after its head, and when it ends (all replies have arrived), so the CPU
 * clocks read at these points are exact.
 */
#ifndef LOADGEN_PAIR_PAIR_BLOCK_H
#define LOADGEN_PAIR_PAIR_BLOCK_H

#include <sched.h>

#include "loadgen/options.h"
#include "loadgen/pair/pair_arm.h"
#include "loadgen/pair/pair_schedule.h"
#include "loadgen/pair/pair_watch.h"
#include "loadgen/workload/workload.h"

struct err;
struct hist;

enum { PAIR_REASONS_MAX = 6, PAIR_REASON_BYTES = 240 };

/* Common to all blocks of a sitting. */
struct pair_setup {
	struct pair_home home;
	struct pair_arm arms[PAIR_ARMS_MAX];
	struct pair_design design;
	struct options load; /* of each arm, but for its address */
	const struct workload *workload;
	uint64_t warmup_ns;   /* of each arm */
	bool is_realtime;     /* all of us are SCHED_FIFO */
	bool has_all_rules;   /* else only failures refuse a block */
	double lag_limit_pct; /* of the response time, at p50 and at p99 */
	char base[PATH_MAX];  /* folder for the servers' folders */
	cpu_set_t generator_cpus;
	cpu_set_t server_cpus;
	int stop_fd; /* readable when the sitting is to end */
};

/* Of one arm in one block, or in one slice (hists are NULL then). */
struct pair_figures {
	uint64_t requests_count; /* answered correctly */
	uint64_t errors_count;
	uint64_t planned_count; /* in the schedule */
	uint64_t unsent_count;  /* of those */
	uint64_t blocked_count; /* of those: had to wait for a free connection */
	struct pair_usage usage;
	uint64_t load_ns;     /* planned time of the recorded parts */
	uint64_t overrun_ns;  /* from the planned end of each to its last reply */
	uint64_t idle_cpu_ns; /* used while other arms had their turn */
	uint64_t idle_ns;     /* that time */
	uint64_t first_reply_ns;
	uint64_t rss_bytes;
	uint64_t rss_peak_bytes;
	struct hist *response; /* owned; from the intended start */
	struct hist *service;  /* owned; from the sending */
	struct hist *lag;      /* owned; sending, behind the time it could have been */
};

struct pair_block {
	uint32_t index;
	uint64_t start_wall_ns;
	uint64_t length_ns;
	double steal_pct;              /* of the machine during the slices; NaN unknown */
	char order[PAIR_ARMS_MAX + 1]; /* in which the servers were started */
	struct pair_figures arms[PAIR_ARMS_MAX];
	char reasons[PAIR_REASONS_MAX][PAIR_REASON_BYTES]; /* why the block does not count */
	size_t reasons_count;
	bool has_failed; /* a server did not start, died or left the requests without reply */
};

/*
 * Runs block index. slices, if not NULL, gets a CSV line for each slice.
 * Returns 0 also when the block does not count; -EINTR when the sitting must end; errors of the
 * generator itself (-ENOMEM, -EMFILE).
 * Owns: out; pair_block_deinit, also after failure.
 */
int pair_block_run(struct pair_setup *setup, uint32_t index, struct pair_block *out,
		   struct strbuf *slices, struct err *err);
void pair_block_deinit(struct pair_block *b);

extern const char pair_slices_head[]; /* the first line of the CSV */

/* Makes the block invalid; at most PAIR_REASONS_MAX reasons are kept. */
void pair_block_refuse(struct pair_block *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* pair_validity.c: the rules. They treat all arms alike and use no difference between them. */
void pair_block_judge(const struct pair_setup *setup, struct pair_block *b);

#endif
