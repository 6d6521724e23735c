/* pair_run.h - a whole sitting: fitness, rate, blocks, file, table. */
#ifndef LOADGEN_PAIR_PAIR_RUN_H
#define LOADGEN_PAIR_PAIR_RUN_H

#include "loadgen/pair/pair_options.h"

enum { EXIT_INTERRUPTED = 130 };

struct pair_sitting;

/* For those who decide while the blocks come in. Either function may be NULL. */
struct pair_observer {
	/* After each block, its file written. 0: go on; 1: enough; negative: an error of err. */
	int (*after_block)(void *arg, const struct pair_sitting *s, struct err *err);
	/* After the last one, instead of the table. Returns the exit code. */
	int (*at_end)(void *arg, const struct pair_sitting *s);
	void *arg;
};

/*
 * Returns the exit code; errors have been printed to stderr. SIGINT and SIGTERM end it early.
 * observer: NULL = none.
 */
int pair_run(const struct pair_options *o, const struct pair_observer *observer);

#endif
