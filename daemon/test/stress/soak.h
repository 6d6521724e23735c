/* soak.h - the rows of a soak and what follows from them. */
#ifndef DAEMON_TEST_STRESS_SOAK_H
#define DAEMON_TEST_STRESS_SOAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "daemon/test/stress/bystander.h"
#include "daemon/test/stress/calm.h"
#include "daemon/test/stress/crowd.h"
#include "daemon/test/stress/proc_sample.h"

struct arena;
struct err;
struct hist;
struct stress;

/* One interval: the state at its end, the bystander's latencies in it. */
struct soak_row {
	double time_s;
	double cpu_pct; /* of one processor */
	struct proc_sample sample;
	struct calm_status status;
	struct crowd_counts counts; /* since the start */
	uint64_t failures_count;    /* the same */
	uint64_t requests_count;    /* of the bystander; the same */
	uint64_t latency_count[BYSTANDER_KINDS];
	uint64_t latency_p50_ns[BYSTANDER_KINDS];
	uint64_t latency_p99_ns[BYSTANDER_KINDS];
	uint64_t latency_max_ns[BYSTANDER_KINDS];
};

struct soak_rows {
	struct soak_row *list; /* owned */
	size_t count, cap;
};

/*
 * Growth after the warm-up: a straight line through the means of blocks (samples next to each other
 * depend on each other, means of long blocks hardly do), with Student's interval.
 */
struct soak_line {
	double mean_bytes;
	double slope_bytes_per_h;
	double low_bytes_per_h, high_bytes_per_h; /* 95 % */
	double grown_bytes;                       /* slope times the time looked at */
	bool is_growing;
};

struct soak_growth {
	size_t blocks_count;     /* 0: too few samples */
	struct soak_line rss;    /* resident memory */
	struct soak_line beside; /* resident memory that is not in the budget's account */
};

void soak_put_head(FILE *csv);
void soak_put_row(FILE *csv, const struct soak_row *row);

void soak_judge_growth(const struct soak_rows *rows, double warmup_s, struct soak_growth *out);

/* soak.json in `dir`. */
int soak_write_json(const struct stress *s, const struct arena *a, const struct soak_rows *rows,
		    const struct soak_growth *growth, const char *dir, struct err *err);

/* For people, on stdout. */
void soak_print_summary(const struct stress *s, const struct arena *a, const struct soak_rows *rows,
			const struct soak_growth *growth);

#endif
