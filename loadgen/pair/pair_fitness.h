/*
 * pair_fitness.h - whether this machine can measure now: times a fixed loop against itself.
 *
 * Ten blocks of two turns of the same arithmetic on the processor that the servers will use. Both
 * turns are the same work, so their times differ because of the machine: the result is the spread,
 * and the share of the time that other processes or the hypervisor took.
 */
#ifndef LOADGEN_PAIR_PAIR_FITNESS_H
#define LOADGEN_PAIR_PAIR_FITNESS_H

#include <sched.h>
#include <stdbool.h>

#include "daemon/base/json_out.h"

enum { PAIR_FITNESS_BLOCKS = 10, PAIR_FITNESS_WHY_BYTES = 240 };

struct pair_fitness {
	bool is_taken;
	bool is_fit;
	double spread_pct; /* robust SD of the log ratio of the two turns */
	double bias_pct;   /* Hodges-Lehmann estimate of it; there is no true difference */
	double bias_low_pct, bias_high_pct; /* its interval at 99 % */
	double lost_pct;                    /* of the time: taken by other processes */
	double steal_pct;                   /* taken by the hypervisor */
	double pressure_pct; /* PSI: some task waited for a processor, of the last 10 s */
	double load_1m;
	char why[PAIR_FITNESS_WHY_BYTES]; /* a sentence when it is not fit */
};

/* What a machine that is fit stays below. */
struct pair_fitness_limits {
	double spread_pct, lost_pct, steal_pct, pressure_pct;
	double bias_pct; /* a difference that is shown, and larger than this */
};

extern const struct pair_fitness_limits pair_fitness_usual;

/* Takes about half a second. The calling thread runs on cpus meanwhile. */
void pair_fitness_take(const cpu_set_t *cpus, struct pair_fitness *out);

/* Sets is_fit and why. */
void pair_fitness_judge(struct pair_fitness *f, const struct pair_fitness_limits *limits);

void pair_fitness_write(struct json_out *j, const char *key, const struct pair_fitness *f);

#endif
