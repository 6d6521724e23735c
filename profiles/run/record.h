/*
 * record.h - the run directory during a run: created, described, completed (reports/lib/rundir.h
 * says what is in it). From the start its description says that it is incomplete, until everything
 * is there; then the directory gets its final name.
 */
#ifndef PROFILES_RUN_RECORD_H
#define PROFILES_RUN_RECORD_H

#include <stdint.h>

#include <jansson.h>

#include "reports/lib/fingerprint.h"
#include "reports/lib/rundir.h"

struct err;
struct run_options;
struct words;

enum { RECORD_PHASES_MAX = 8, RECORD_WARNINGS_MAX = 32 };

struct record {
	const struct run_options *options; /* borrowed */
	const char *target;                /* its name, borrowed */
	const char *workload;              /* borrowed */
	const struct words *command;       /* of the target, borrowed */
	struct rundir dir;
	uint64_t start_wall_ns;
	uint64_t start_ns;
	struct fingerprint machine; /* before the run */
	struct cpu_ticks ticks;
	struct {
		const char *name;
		double start_s, duration_s;
	} phases[RECORD_PHASES_MAX];
	size_t phases_count;
	char *warnings[RECORD_WARNINGS_MAX]; /* owned */
	size_t warnings_count;
	json_t *start;  /* what goxel-start wrote; these are owned, or NULL */
	json_t *status; /* result of the target's status */
	json_t *about;  /* result of its version */
};

/* Makes <runs>/<date_time>-<label>.partial, with a number if that name is taken. The borrowed
 * fields are set by the caller. */
int record_open(struct record *r, const char *label, struct err *err);
void record_close(struct record *r);

/* Notes a phase that lasted from start_ns until now. */
void record_phase(struct record *r, const char *name, uint64_t start_ns);

/* Keeps a warning for results. */
void record_warn(struct record *r, const char *text);

/* Describes the run as it is now. reason: what ended it; NULL: it goes on. */
int record_write_incomplete(const struct record *r, const char *reason, struct err *err);

/* Writes startup.json and stages.json from the target's replies. */
int record_write_status(const struct record *r, struct err *err);

/* Describes it as complete and gives the directory its name. */
int record_complete(struct record *r, struct err *err);

#endif
