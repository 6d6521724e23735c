/*
 * pair_sitting.h - all blocks of one comparison and their file, schema "goxel-pairs/1", which is
 * written anew (atomically) after every block, so that what was measured is there whatever comes.
 *
 * The envelope (reports/lib/envelope.h), and
 *	state      "running" | "complete" | "interrupted" | "failed"; message: why, or null
 *	design     {seed, arms_count, slice_ns_min, slice_ns_max, block_ns, warmup_ns, blocks_count,
 *	            is_realtime, has_all_rules, lag_limit_pct}
 *	load       {workload, rate_per_s, arrival, connections_count, depth, timeout_ns, check}
 *	fitness    {...} as of the first start, or null
 *	arms       [{name, spec, target, command[]}]
 *	blocks     [{index, start_wall_ns, length_ns, is_valid, has_failed, reasons[], steal_pct,
 *	            start_order, arms: [{name, requests_count, errors_count, planned_count,
 *	            unsent_count, blocked_count, cpu_ns, runqueue_ns, switches_voluntary,
 *	            switches_involuntary, load_ns, overrun_ns, idle_cpu_ns, idle_ns, first_reply_ns,
 *	            rss_bytes, rss_peak_bytes, lag_p50_ns, lag_p90_ns, lag_p99_ns, metrics{KEY:
 *number | null}, response, service (HdrHistogram V2, base64, ns)}]}] effects    [{arm, base,
 *metric, pairs_count, change_pct, low_pct, high_pct, p_adjusted | null, detectable_pct,
 *differences[]}]  of the valid blocks
 */
#ifndef LOADGEN_PAIR_PAIR_SITTING_H
#define LOADGEN_PAIR_PAIR_SITTING_H

#include "loadgen/pair/pair_block.h"
#include "loadgen/pair/pair_effect.h"
#include "loadgen/pair/pair_fitness.h"

struct err;

enum pair_state { PAIR_RUNNING, PAIR_COMPLETE, PAIR_INTERRUPTED, PAIR_FAILED };

struct pair_record {
	uint32_t index;
	bool is_valid;
	bool has_failed;
	char *text;                                      /* owned: the block's JSON */
	double metrics[PAIR_ARMS_MAX][PAIR_METRICS_MAX]; /* NaN = not known */
};

struct pair_sitting {
	const struct pair_setup *setup; /* borrowed */
	enum pair_state state;
	char message[240];
	uint32_t blocks_planned;
	uint64_t start_wall_ns;
	struct pair_fitness fitness;
	struct pair_record *records; /* owned; records[records_count], by index */
	size_t records_count;
	size_t valid_count;
	struct pair_effects effects;
};

/* -ENOMEM. Owns: s; pair_sitting_deinit. */
int pair_sitting_init(struct pair_sitting *s, const struct pair_setup *setup,
		      uint32_t blocks_planned, struct err *err);
void pair_sitting_deinit(struct pair_sitting *s);

/* Adds a finished block and recomputes the effects. -ENOMEM, or errors of the encoder. */
int pair_sitting_add(struct pair_sitting *s, const struct pair_block *b, struct err *err);

/* Writes the file. */
int pair_sitting_write(const struct pair_sitting *s, const char *path, struct err *err);
int pair_sitting_json(const struct pair_sitting *s, struct strbuf *out, struct err *err);

/*
 * Reads the finished blocks of a file; those after the first gap are dropped. The design, the load
 * and the arms must be those of setup (-EINVAL says which differs); if rate_per_s of setup's load
 * is 0, it is taken from the file.
 */
int pair_sitting_resume(struct pair_sitting *s, const char *path, double *rate_per_s,
			struct err *err);

/* Prints the table of effects. */
void pair_sitting_print(const struct pair_sitting *s, FILE *out);

const char *pair_state_name(enum pair_state state);

#endif
