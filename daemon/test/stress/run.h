/* run.h - what everybody who bothers one daemon shares: the daemon, when to stop, which faults. */
#ifndef DAEMON_TEST_STRESS_RUN_H
#define DAEMON_TEST_STRESS_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct err;
struct report;
struct target;

struct run {
	struct target *target;
	struct report *report;
	uint64_t seed;
	unsigned scale;    /* 1: sizes for a short test; more: as large as the reviews' attacks */
	unsigned patience; /* factor of time limits: sanitizers are slow */
	bool is_tight;     /* the daemon's limits are so low that it may refuse anybody */
	int finish_fd;     /* readable from run_finish to run_restart */
	int stop_fd;       /* the same from run_stop on */
	_Atomic uint32_t faults; /* of the environment, as a mask; written by the main thread */
	_Atomic uint64_t faults_end_ns; /* when the last one ended */
};

int run_open(struct run *r, struct err *err);
void run_close(struct run *r);

/*
 * Two steps of an end: players begin nothing new, but wait for replies that they asked for; then
 * every wait of links, players and the bystander ends.
 */
void run_finish(struct run *r);
void run_stop(struct run *r);
void run_restart(struct run *r);

/* Until time has passed or the run finishes (stops); false when it does. */
bool run_sleep(const struct run *r, uint64_t ns);
bool run_sleep_until_stop(const struct run *r, uint64_t ns);
bool run_is_finishing(const struct run *r);

/* Was the environment faulty at any time since then, or is memory tight? Requests may fail in such
 * a time. */
bool run_had_faults(const struct run *r, uint64_t since_ns);

#endif
