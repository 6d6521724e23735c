/* pair_run.h - a whole sitting: fitness, rate, blocks, file, table. */
#ifndef LOADGEN_PAIR_RUN_H
#define LOADGEN_PAIR_RUN_H

#include "loadgen/pair_options.h"

enum { EXIT_INTERRUPTED = 130 };

/* Returns the exit code; what went wrong is said on stderr. SIGINT and SIGTERM end it early. */
int pair_run(const struct pair_options *o);

#endif
