/* main.c - goxel-report: finds the subcommand in a table and runs it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"
#include "reports/cmd.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{ "compare", cmd_compare, "Explain the difference of two runs, or of many pairs" },
	{ "show", cmd_show, "Report on one run (also: profile)" },
	{ "profile", cmd_show, NULL },
	{ "check", cmd_check, "Validate a run directory" },
	{ "flamegraph", cmd_flamegraph, "Draw folded stacks as an SVG" },
	{ "hlog", cmd_hlog, "Percentiles of an HdrHistogram interval log" },
	{ "targets", cmd_targets, "List the targets, or judge measured figures by them" },
	{ "newest", cmd_newest, "Find the newest run of a preset" },
	{ "machine", cmd_machine, "Print this machine's fingerprint as JSON" },
};

static void print_commands(FILE *out)
{
	fputs("Commands:\n", out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].summary)
			fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].summary);
	fputs("\n'goxel-report COMMAND --help' shows its options.\n", out);
}

static const struct cli_opt no_opts[] = { { 0 } };

static const struct cli_prog prog = {
	.name = "goxel-report",
	.usage = "goxel-report COMMAND [options]",
	.summary = "Reads run directories and explains them.",
	.opts = no_opts,
	.help_more = print_commands,
};

int cmd_fail(const char *name, const struct err *err, int code)
{
	fprintf(stderr, "goxel-report %s: %s\n", name, err->msg);
	return code;
}

int cmd_exit_code(int rc)
{
	switch (rc) {
	case -EINVAL:
	case -ENOENT:
	case -ENOTDIR:
		return EXIT_USAGE;
	default:
		return EXIT_FAILED;
	}
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	int rc;

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	if (argc > 1 && argv[1][0] != '-') {
		fprintf(stderr, "goxel-report: there is no command '%s'; see --help\n", argv[1]);
		return EXIT_USAGE;
	}
	/* Handles --help and --version. */
	rc = cli_parse(&prog, &(char){ 0 }, argc, argv, NULL, &err);
	if (rc == 1)
		return EXIT_OK;
	fprintf(stderr, "goxel-report: %s\n", rc < 0 ? err.msg : "no command is given; see --help");
	return EXIT_USAGE;
}
