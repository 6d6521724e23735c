/* main.c - goxel-report: finds the subcommand in a table and lets it do the rest. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/cli.h"
#include "daemon/base/err.h"
#include "daemon/base/version.h"
#include "reports/cmd.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{ "compare", cmd_compare, "Explain the difference of two runs" },
	{ "profile", cmd_show, "Write the profile report of one run (also: show)" },
	{ "show", cmd_show, "Summarize one run" },
	{ "check", cmd_check, "Validate a run directory" },
	{ "flamegraph", cmd_flamegraph, "Draw folded stacks as an SVG" },
	{ "hlog", cmd_hlog, "Percentiles of an HdrHistogram interval log" },
	{ "targets", cmd_targets, "List what a version is expected to reach" },
	{ "machine", cmd_machine, "Print this machine's fingerprint as JSON" },
};

static void print_usage(FILE *out)
{
	fputs("usage: goxel-report <command> [<args>]\n\n"
	      "Reads run directories and explains them.\n\ncommands:\n",
	      out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].summary);
	fputs("\n'goxel-report <command> --help' shows its options.\n"
	      "exit codes: 0 done, 1 the answer is no, 2 usage, 4 reading or writing failed\n",
	      out);
}

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
	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		print_usage(stdout);
		return EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		printf("goxel-report %s (%s, %s, %s)\n", GOXEL_PERF_VERSION, version_revision(),
		       version_compiler(), version_variant());
		return EXIT_OK;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "goxel-report: there is no command '%s'\n", argv[1]);
	print_usage(stderr);
	return EXIT_USAGE;
}
