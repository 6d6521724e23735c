/* options.h - the command line of goxel-load. */
#ifndef LOADGEN_OPTIONS_H
#define LOADGEN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/sock.h"
#include "loadgen/engine/arrival.h"
#include "loadgen/engine/verify.h"

enum {
	OPTIONS_CONNECTIONS_MAX = 65536,
	OPTIONS_DEPTH_MAX = 65536,
	OPTIONS_THREADS_MAX = 64,
	OPTIONS_DAYS_MAX = 7, /* of a run */
};

/* A time that was not given: the workload's phases apply, or the defaults of 10 s after 2 s. */
#define OPTIONS_TIME_UNSET UINT64_MAX

enum progress_when { PROGRESS_AUTO, PROGRESS_ON, PROGRESS_OFF };

struct options {
	const char *unix_path;
	const char *tcp;
	const char *workload;
	int64_t connections_count;
	int64_t depth;
	int64_t threads_count;
	double rate_per_s; /* 0 = closed loop */
	enum arrival_kind arrival;
	uint64_t duration_ns;
	uint64_t warmup_ns;
	int64_t seed;
	uint64_t timeout_ns;
	enum verify_depth check;
	double errors_allowed_pct;
	const char *affinity; /* NULL = not pinned */
	uint64_t spin_ns;
	const char *out_dir; /* NULL = no files */
	bool json;
	enum progress_when progress;
	bool dry_run;
	bool serve_echo;
	struct sock_addr addr; /* from unix_path or tcp */
};

extern const struct cli_prog options_prog;

/*
 * Reads the command line and checks what the table cannot express: exactly one target, and numbers
 * of threads and connections that fit each other. Returns as cli_parse.
 */
int options_parse(struct options *o, int argc, char **argv, struct err *err);

#endif
