/* cmd_newest.c - goxel-report newest: the newest run of a preset. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"
#include "reports/cmd.h"
#include "reports/lib/rundir.h"

struct options {
	const char *runs;
};

static const struct cli_opt opts[] = {
	{ .name = "runs",
	  .type = CLI_TEXT,
	  .offset = offsetof(struct options, runs),
	  .arg = "DIR",
	  .preset = "profiles/runs",
	  .help = "where the runs are" },
	{ 0 },
};

static const struct cli_prog prog = {
	.name = "goxel-report newest",
	.usage = "goxel-report newest PRESET [options]",
	.summary = "Prints the newest complete run of a preset, e.g. v14.",
	.opts = opts,
};

int cmd_newest(int argc, char **argv)
{
	struct options o = { 0 };
	struct err err = ERR_INIT;
	char *path = NULL;
	int at = 0;
	int rc = cli_defaults(&prog, &o, &err);

	if (rc == 0)
		rc = cli_parse(&prog, &o, argc, argv, &at, &err);
	if (rc == 1)
		return EXIT_OK;
	if (rc == 0 && argc - at != 1)
		rc = err_set(&err, -EINVAL, "%d presets given, not 1; see --help", argc - at);
	if (rc == 0)
		rc = rundir_newest(o.runs, argv[at], &path, &err);
	if (rc < 0)
		return cmd_fail(argv[0], &err, cmd_exit_code(rc));
	puts(path);
	free(path);
	return EXIT_OK;
}
