/* options.h - the command line of goxel-run. */
#ifndef PROFILES_RUN_OPTIONS_H
#define PROFILES_RUN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct err;

struct run_options {
	const char *preset;
	const char *target;   /* NULL: that of the preset */
	const char *args;     /* more arguments for the target's command; NULL = none */
	const char *workload; /* NULL: the target's */
	const char *duration; /* as typed, like warmup and rate: passed on to goxel-load */
	const char *warmup;
	uint64_t duration_ns;
	uint64_t warmup_ns;
	int64_t workers;
	int64_t depth;
	int64_t threads;
	const char *rate; /* NULL: a closed loop */
	int64_t seed;
	const char *label; /* NULL: the target's */
	const char *runs;
	const char *bin;
	const char *root;
	bool dry_run;
	bool json;
};

/* 0; 1 when --help or --version was answered; -EINVAL. */
int run_options_read(struct run_options *out, int argc, char **argv, struct err *err);

#endif
