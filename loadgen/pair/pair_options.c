/* pair_options.c - the table of options, their help, and the checks between them. */
#include "loadgen/pair/pair_options.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "loadgen/workload/workload.h"

static const char *const progress_names[] = { "auto", "on", "off", NULL };
static const char *const fitness_names[] = { "refuse", "warn", "off", NULL };
static const char *const validity_names[] = { "all", "errors", NULL };

#define FIELD(name) .offset = offsetof(struct pair_options, name)

static const struct cli_opt opts[] = {
	{ .name = "Arms", .type = CLI_GROUP },
	{ .name = "a",
	  .type = CLI_TEXT,
	  FIELD(arms[0]),
	  .arg = "ARM",
	  .preset = "v14",
	  .help = "baseline" },
	{ .name = "b",
	  .type = CLI_TEXT,
	  FIELD(arms[1]),
	  .arg = "ARM",
	  .preset = "v15",
	  .help = "compared with A" },
	{ .name = "c",
	  .type = CLI_TEXT,
	  FIELD(arms[2]),
	  .arg = "ARM",
	  .help = "a third one, compared with A" },
	{ .name = "bin",
	  .type = CLI_TEXT,
	  FIELD(bin),
	  .arg = "DIR",
	  .help = "where the programs of presets and shipped targets are (default: next to this one)" },

	{ .name = "Design", .type = CLI_GROUP },
	{ .name = "blocks",
	  .type = CLI_INT,
	  FIELD(blocks_count),
	  .preset = "40",
	  .min = 1,
	  .max = PAIR_BLOCKS_MAX,
	  .help = "number of blocks, each with fresh servers" },
	{ .name = "block",
	  .type = CLI_DURATION,
	  FIELD(block_ns),
	  .preset = "1s",
	  .min = 1e6,
	  .max = 6e11,
	  .arg = "TIME",
	  .help = "load of each arm in a block" },
	{ .name = "slice",
	  .type = CLI_DURATION,
	  FIELD(slice_ns),
	  .preset = "10ms",
	  .min = 1e6,
	  .max = 6e10,
	  .arg = "TIME",
	  .help = "length of one turn of an arm" },
	{ .name = "slice-max",
	  .type = CLI_DURATION,
	  FIELD(slice_ns_max),
	  .max = 6e10,
	  .arg = "TIME",
	  .help = "draw the length of turns between --slice and this; else all are equal" },
	{ .name = "warmup",
	  .type = CLI_DURATION,
	  FIELD(warmup_ns),
	  .preset = "100ms",
	  .max = 6e10,
	  .arg = "TIME",
	  .help = "load of each fresh server before its block, not recorded" },
	{ .name = "seed",
	  .type = CLI_INT,
	  FIELD(seed),
	  .preset = "1",
	  .help = "same seed, same slices and requests" },

	{ .name = "Load", .type = CLI_GROUP },
	{ .name = "workload",
	  .type = CLI_TEXT,
	  FIELD(workload),
	  .arg = "NAME|FILE",
	  .help = "as in goxel-load (default: that of A's target, or mixed)" },
	{ .name = "rate",
	  .letter = 'r',
	  .type = CLI_RATE,
	  FIELD(rate_per_s),
	  .min = 0.001,
	  .max = 1e8,
	  .arg = "R",
	  .help = "requests/s within a slice; else a share of what the slowest arm can do, at most 20k" },
	{ .name = "rate-share",
	  .type = CLI_REAL,
	  FIELD(rate_share_pct),
	  .preset = "25",
	  .min = 0.1,
	  .max = 90,
	  .arg = "PCT",
	  .help = "that share" },
	{ .name = "arrival",
	  .type = CLI_ENUM,
	  FIELD(arrival),
	  .preset = "constant",
	  .choices = arrival_names,
	  .help = "schedule within a slice" },
	{ .name = "connections",
	  .letter = 'c',
	  .type = CLI_INT,
	  FIELD(connections_count),
	  .preset = "4",
	  .min = 1,
	  .max = 1024,
	  .help = "to each server" },
	{ .name = "depth",
	  .type = CLI_INT,
	  FIELD(depth),
	  .preset = "4",
	  .min = 1,
	  .max = OPTIONS_DEPTH_MAX,
	  .help = "requests in flight on each connection" },
	{ .name = "timeout",
	  .type = CLI_DURATION,
	  FIELD(timeout_ns),
	  .preset = "5s",
	  .min = 1e7,
	  .max = 6e11,
	  .help = "for a server's start and for each reply" },
	{ .name = "check",
	  .type = CLI_ENUM,
	  FIELD(check),
	  .preset = "fast",
	  .choices = verify_names,
	  .help = "check replies: id only; content; content and with a second JSON parser" },

	{ .name = "Validity", .type = CLI_GROUP },
	{ .name = "validity",
	  .type = CLI_ENUM,
	  FIELD(validity),
	  .preset = "all",
	  .choices = validity_names,
	  .help = "what makes a block invalid: all rules, or only failed requests and servers" },
	{ .name = "lag-limit",
	  .type = CLI_REAL,
	  FIELD(lag_limit_pct),
	  .preset = "25",
	  .min = 0.1,
	  .max = 10000,
	  .arg = "PCT",
	  .help = "highest send lag of the generator, in % of the response time at the same "
		  "quantile (p50, p99); above it the block does not count" },
	{ .name = "fitness",
	  .type = CLI_ENUM,
	  FIELD(fitness),
	  .preset = "refuse",
	  .choices = fitness_names,
	  .help = "what to do on a machine that is too busy to measure" },
	{ .name = "cpus",
	  .type = CLI_TEXT,
	  FIELD(cpus),
	  .arg = "N",
	  .help = "processor of the generator, the servers have the others; \"all\": no "
		  "pinning; else the first" },
	{ .name = "realtime",
	  .type = CLI_FLAG,
	  FIELD(realtime),
	  .help = "generator and servers go before all normal processes (SCHED_FIFO): for "
		  "machines with neighbors, where it is permitted" },
	{ .name = "spin",
	  .type = CLI_DURATION,
	  FIELD(spin_ns),
	  .preset = "1ms",
	  .max = 1e9,
	  .help = "poll for this long before a request is due" },

	{ .name = "Output", .type = CLI_GROUP },
	{ .name = "out",
	  .type = CLI_TEXT,
	  FIELD(out),
	  .arg = "FILE",
	  .preset = "pairs.json",
	  .help = "rewritten after each block" },
	{ .name = "slices",
	  .type = CLI_TEXT,
	  FIELD(slices),
	  .arg = "FILE",
	  .help = "also write a CSV line for each slice" },
	{ .name = "resume",
	  .type = CLI_FLAG,
	  FIELD(resume),
	  .help = "continue the comparison in --out" },
	{ .name = "json",
	  .type = CLI_FLAG,
	  FIELD(json),
	  .help = "results on stdout as JSON, the table on stderr" },
	{ .name = "progress",
	  .type = CLI_ENUM,
	  FIELD(progress),
	  .preset = "auto",
	  .choices = progress_names,
	  .help = "print a line for each block on stderr" },
	{ .name = "dry-run",
	  .type = CLI_FLAG,
	  FIELD(dry_run),
	  .help = "print the configuration and the slices of the first block, and exit" },
	{ 0 },
};

static void help_more(FILE *out)
{
	fputs("\nAn ARM is one of these, optionally followed by more arguments for its command:\n"
	      "  v15, echo, ...        a preset or another file of profiles/targets\n"
	      "  path/to/NAME.target   a target file\n"
	      "  path/to/build[:v14]   a build directory's daemon, as v15 or the given target\n"
	      "\nExamples:\n"
	      "  goxel-pair --a v14 --b v15\n"
	      "  goxel-pair --a v15 --b 'v15 --queue mutex' --blocks 20\n"
	      "  goxel-pair --resume --a v14 --b v15      after Ctrl-C\n",
	      out);
}

const struct cli_prog pair_prog = {
	.name = "goxel-pair",
	.usage = "goxel-pair [--a ARM] [--b ARM] [--c ARM] [options]",
	.summary = "Compares servers that live side by side and take turns of some milliseconds.",
	.opts = opts,
	.help_more = help_more,
	.exit_codes = "0  complete\n"
		      "2  wrong usage, or an arm that cannot be found\n"
		      "3  cannot measure here: the machine is too busy, or no block counts\n"
		      "4  failed; what was measured is in --out\n"
		      "130  interrupted; what was measured is in --out, --resume goes on\n",
};

static int check_options(struct pair_options *o, struct err *err)
{
	if (!o->slice_ns_max)
		o->slice_ns_max = o->slice_ns;
	if (o->slice_ns_max < o->slice_ns)
		return err_set(err, -EINVAL, "--slice-max is below --slice");
	if (o->block_ns < o->slice_ns)
		return err_set(err, -EINVAL, "--block is shorter than a slice");
	return 0;
}

int pair_options_parse(struct pair_options *o, int argc, char **argv, struct err *err)
{
	int rc;

	*o = (struct pair_options){ 0 };
	rc = cli_defaults(&pair_prog, o, err);
	if (!rc)
		rc = cli_parse(&pair_prog, o, argc, argv, NULL, err);
	return rc ? rc : check_options(o, err);
}

void pair_options_load(const struct pair_options *o, struct options *load)
{
	*load = (struct options){
		.workload = o->workload,
		.connections_count = o->connections_count,
		.depth = o->depth,
		.threads_count = 1,
		.rate_per_s = o->rate_per_s,
		.arrival = o->arrival,
		.duration_ns = NSEC_PER_SEC,
		.warmup_ns = 0,
		.seed = o->seed,
		.timeout_ns = o->timeout_ns,
		.check = o->check,
		.spin_ns = o->spin_ns,
		.progress = PROGRESS_OFF,
	};
}
