/* cli_util.h - a table with options of every type, and one way to parse words with it. */
#ifndef DAEMON_TEST_CLI_UTIL_H
#define DAEMON_TEST_CLI_UTIL_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"

struct cli_cfg {
	bool quiet;
	bool fast_path;
	int64_t count;
	double ratio;
	const char *out;
	uint64_t duration_ns;
	uint64_t block_bytes;
	double rate_per_s;
	const char *queue;
	int color; /* index of cli_util_colors */
	int64_t limit;
	int host_len;
};

extern const char *const cli_util_queues[]; /* the choices of --queue */
extern const char *const cli_util_colors[]; /* of --color */
extern const struct cli_opt cli_util_opts[];
extern const struct cli_prog cli_util_prog;

enum { CLI_ARGS_MAX = 24 };

struct cli_run {
	struct cli_cfg cfg;
	struct err err;
	char *argv[CLI_ARGS_MAX + 1];
	int argc;
	int operand_index;
	int rc;
	char text[512]; /* the words */
};

/* Parses the blank-separated words. */
void cli_util_run(struct cli_run *r, const char *words);

#endif
