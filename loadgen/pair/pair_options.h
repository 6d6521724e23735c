/* pair_options.h - the command line of goxel-pair. */
#ifndef LOADGEN_PAIR_PAIR_OPTIONS_H
#define LOADGEN_PAIR_PAIR_OPTIONS_H

#include "daemon/base/cli/cli.h"
#include "loadgen/options.h"
#include "loadgen/pair/pair_schedule.h"

enum { PAIR_BLOCKS_MAX = 4096 };

/* What to do on a machine that is not fit to measure. */
enum pair_fitness_when { PAIR_FITNESS_REFUSE, PAIR_FITNESS_WARN, PAIR_FITNESS_OFF };

/* What makes a block invalid. */
enum pair_validity { PAIR_VALIDITY_ALL, PAIR_VALIDITY_ERRORS };

struct pair_options {
	const char *arms[PAIR_ARMS_MAX]; /* NULL = not given */
	const char *bin;
	int64_t blocks_count;
	uint64_t block_ns;
	uint64_t slice_ns;
	uint64_t slice_ns_max; /* 0 = slice_ns */
	uint64_t warmup_ns;
	int64_t seed;
	const char *workload; /* NULL = the target's */
	double rate_per_s;    /* 0 = measured first */
	double rate_share_pct;
	enum arrival_kind arrival;
	int64_t connections_count;
	int64_t depth;
	uint64_t timeout_ns;
	enum verify_depth check;
	double lag_limit_pct;
	enum pair_validity validity;
	enum pair_fitness_when fitness;
	const char *cpus; /* NULL = generator on the first, servers on the others */
	bool realtime;
	uint64_t spin_ns;
	const char *out;
	const char *slices; /* CSV; NULL = none */
	bool resume;
	bool json;
	enum progress_when progress;
	bool dry_run;
};

extern const struct cli_prog pair_prog;

/* Returns as cli_parse. */
int pair_options_parse(struct pair_options *o, int argc, char **argv, struct err *err);

/* Sets the options of the load generator. */
void pair_options_load(const struct pair_options *o, struct options *load);

#endif
