#include "bench/options.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/suite/suite.h"
#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"

/* "1%" or "1": above 0, below 100. */
static int parse_pct(void *field, const char *value, struct err *err)
{
	char *end;
	double pct = strtod(value, &end);

	if (*end == '%')
		end++;
	if (end == value || *end)
		return err_set(err, -EINVAL, "'%s' is not a percentage such as 1%%", value);
	/* Written so that NaN is refused. */
	if (!(pct > 0 && pct < 100))
		return err_set(err, -EINVAL, "%s is not between 0%% and 100%%", value);
	*(double *)field = pct;
	return 0;
}

static void show_pct(const void *field, FILE *out)
{
	fprintf(out, "%g%%", *(const double *)field);
}

#define FIELD(name) .offset = offsetof(struct bench_options, name)

static const struct cli_opt opts[] = {
	{ .name = "Running", .type = CLI_GROUP },
	{ .name = "list",
	  .letter = 'l',
	  .type = CLI_FLAG,
	  FIELD(list),
	  .help = "print the names that REGEX selects, run nothing" },
	{ .name = "min-time",
	  .type = CLI_DURATION,
	  FIELD(min_time_ns),
	  .preset = "500ms",
	  .min = 1,
	  .max = 3.6e12,
	  .arg = "TIME",
	  .help = "minimal time of each benchmark" },
	{ .name = "repetitions",
	  .letter = 'r',
	  .type = CLI_INT,
	  FIELD(repetitions),
	  .preset = "1",
	  .min = 1,
	  .max = 10000,
	  .arg = "N",
	  .help = "repetitions of each benchmark, with statistics over them" },
	{ .name = "until-ci",
	  .type = CLI_CALL,
	  FIELD(until_ci_pct),
	  .parse = parse_pct,
	  .show = show_pct,
	  .arg = "PCT",
	  .help = "repeat in fresh processes until the 95% "
		  "interval of the time is within PCT of it" },
	{ .name = "time-cap",
	  .type = CLI_DURATION,
	  FIELD(time_cap_ns),
	  .preset = "10s",
	  .min = 1e6,
	  .max = 8.64e13,
	  .arg = "TIME",
	  .help = "with --until-ci: time limit for each benchmark; the output says if it was too short" },
	{ .name = "Counting", .type = CLI_GROUP },
	{ .name = "counters",
	  .type = CLI_TEXT,
	  FIELD(counters),
	  .arg = "LIST",
	  .help = "events by libpfm4's names or tracepoints, per iteration; {a,b} are counted "
		  "together (default: software events and system calls)" },
	{ .name = "require-counters",
	  .type = CLI_FLAG,
	  FIELD(require_counters),
	  .help = "fail when an event cannot be counted here" },
	{ .name = "instructions",
	  .type = CLI_FLAG,
	  FIELD(instructions),
	  .help = "also run each under valgrind to count instructions per iteration" },
	{ .name = "show",
	  .type = CLI_TEXT,
	  FIELD(show),
	  .arg = "LIST",
	  .help = "counters,memory,spread: also show these in the table; the JSON has all" },
	{ .name = "Comparing and profiling", .type = CLI_GROUP },
	{ .name = "vs",
	  .type = CLI_TEXT,
	  FIELD(versus),
	  .arg = "PROGRAM",
	  .help = "another goxel-bench: run both alternately (A B B A ...) and compare" },
	{ .name = "blocks",
	  .type = CLI_INT,
	  FIELD(blocks),
	  .preset = "12",
	  .min = 2,
	  .max = 1000,
	  .arg = "N",
	  .help = "with --vs: pairs of runs of each benchmark" },
	{ .name = "profile",
	  .type = CLI_TEXT,
	  FIELD(profile),
	  .arg = "DIR",
	  .help = "profile each benchmark separately into DIR/NAME" },
	{ .name = "profile-time",
	  .type = CLI_DURATION,
	  FIELD(profile_ns),
	  .preset = "3s",
	  .min = 1e8,
	  .max = 3.6e12,
	  .arg = "TIME",
	  .help = "with --profile: time per benchmark" },
	{ .name = "Results", .type = CLI_GROUP },
	{ .name = "out",
	  .letter = 'o',
	  .type = CLI_TEXT,
	  FIELD(out),
	  .arg = "FILE",
	  .help = "write JSON in Google Benchmark's format, with additions" },
	{ .name = "json",
	  .type = CLI_FLAG,
	  FIELD(json),
	  .help = "print the JSON to stdout, the table to stderr" },
	{ .name = "Within", .type = CLI_GROUP },
	{ .name = "exact",
	  .type = CLI_TEXT,
	  FIELD(exact),
	  .arg = "WARM:COUNT",
	  .help = "iterations of each run under callgrind; --instructions passes it" },
	{ 0 },
};

static void help_more(FILE *out)
{
	fputs("\nSuites (the first part of a name):\n", out);
	for (size_t i = 0; suites[i]; i++)
		fprintf(out, "  %-10s %s\n", suites[i]->name, suites[i]->summary);
	fputs("\nGoogle Benchmark's own flags (--benchmark_...) work as well.\n"
	      "\nExamples:\n"
	      "  goxel-bench json_parse_1k\n"
	      "  goxel-bench --repetitions 5 --out bench.json 'method_dispatch|queue_'\n"
	      "  goxel-bench --vs ../old/goxel-bench json_parse\n",
	      out);
}

static const struct cli_prog prog = {
	.name = "goxel-bench",
	.usage = "goxel-bench [options] [REGEX]",
	.summary = "Measures the parts of the daemon, every implementation of each.",
	.opts = opts,
	.help_more = help_more,
	.exit_codes = "0  done\n"
		      "1  a benchmark failed its check; with --vs: slower\n"
		      "2  wrong usage, or nothing matches\n"
		      "3  cannot measure here: a required counter is missing\n"
		      "4  a run failed\n",
};

static bool is_library_arg(const char *arg)
{
	return strncmp(arg, "--benchmark_", 12) == 0 || strncmp(arg, "--v=", 4) == 0;
}

/* The library's flags use underscores; ours may, too: --require_counters. */
static void dashes(char *arg)
{
	if (strncmp(arg, "--", 2) != 0)
		return;
	for (; *arg && *arg != '='; arg++)
		if (*arg == '_')
			*arg = '-';
}

/* Removes the library's flags from argv. */
static int split(struct bench_options *o, int *argc, char **argv, struct err *err)
{
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		if (!is_library_arg(argv[i])) {
			dashes(argv[i]);
			argv[kept++] = argv[i];
		} else if (o->library_count == LIBRARY_ARGS_MAX) {
			return err_set(err, -EINVAL, "more than %d --benchmark_ flags",
				       LIBRARY_ARGS_MAX);
		} else {
			o->library_args[o->library_count++] = argv[i];
		}
	}
	argv[kept] = NULL;
	*argc = kept;
	return 0;
}

static int check(const struct bench_options *o, struct err *err)
{
	int modes = (o->until_ci_pct > 0) + (o->versus != NULL) + (o->profile != NULL) + o->list;

	if (modes > 1)
		return err_set(err, -EINVAL,
			       "--list, --until-ci, --vs and --profile exclude each other");
	if (o->instructions && (o->versus || o->profile))
		return err_set(err, -EINVAL, "--instructions does not go with --vs or --profile");
	if (o->json && (o->list || o->profile))
		return err_set(err, -EINVAL, "--json does not go with --list or --profile");
	if (o->versus && o->out && strcmp(o->versus, o->out) == 0)
		return err_set(err, -EINVAL, "--out would overwrite %s", o->out);
	return 0;
}

int bench_options_read(struct bench_options *out, int argc, char **argv, struct err *err)
{
	int operand;
	int rc = split(out, &argc, argv, err);

	if (rc == 0)
		rc = cli_defaults(&prog, out, err);
	if (rc == 0)
		rc = cli_parse(&prog, out, argc, argv, &operand, err);
	if (rc)
		return rc;
	if (argc - operand > 1)
		return err_set(err, -EINVAL, "unexpected second REGEX '%s'; see --help",
			       argv[operand + 1]);
	if (operand < argc)
		out->filter = argv[operand];
	return check(out, err);
}
