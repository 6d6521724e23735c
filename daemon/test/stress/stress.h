/* stress.h - the options of goxel-stress and its three ways of working. */
#ifndef DAEMON_TEST_STRESS_STRESS_H
#define DAEMON_TEST_STRESS_STRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/test/stress/target.h"

struct err;
struct report;

struct stress {
	/* as typed */
	const char *daemon;
	const char *preset;
	const char *transport;
	const char *args;
	const char *attack; /* a name, several with commas, or "all" */
	const char *only;   /* rounds: the actors that take part */
	const char *faults; /* rounds: those of the environment that may be in force */
	bool do_list;
	bool do_soak;
	bool is_small; /* attacks of the rounds' size */
	uint64_t duration_ns;
	uint64_t sample_ns; /* of the soak */
	int64_t patience;   /* factor of every time limit */
	int64_t seed;       /* 0: from the clock */
	const char *out;    /* folder for the soak's results */

	/* made of them */
	struct target_place place;
	struct report *report;
	char daemon_path[512];
};

/* Set by the first SIGINT, SIGTERM or SIGHUP: end soon, in order. */
bool stress_is_interrupted(void);

/* Sleeps, unless interrupted; false then. */
bool stress_sleep(uint64_t ns);

/* Each returns 0, or an error that has nothing to do with the daemon; failures go to the report. */
int rounds_run(struct stress *s, struct err *err);
int attack_run(struct stress *s, struct err *err);
int soak_run(struct stress *s, struct err *err);

#endif
