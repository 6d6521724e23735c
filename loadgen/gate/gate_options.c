/* gate_options.c - the command line of goxel-gate. */
#include <errno.h>
#include <stdio.h>

#include "daemon/base/err.h"
#include "loadgen/gate/gate.h"

#define FIELD(name) .offset = offsetof(struct gate_options, name)

static const char *const inconclusive_names[] = { "pass", "fail", NULL };
static const char *const fitness_names[] = { "refuse", "warn", "off", NULL };
static const char *const validity_names[] = { "all", "errors", NULL };
static const char *const progress_names[] = { "auto", "on", "off", NULL };

static const struct cli_opt opts[] = {
	{ .name = "Servers", .type = CLI_GROUP },
	{ .name = "base",
	  .type = CLI_TEXT,
	  FIELD(pair.arms[0]),
	  .arg = "ARM",
	  .help = "what is there" },
	{ .name = "head",
	  .type = CLI_TEXT,
	  FIELD(pair.arms[1]),
	  .arg = "ARM",
	  .help = "what is to replace it" },
	{ .name = "bin",
	  .type = CLI_TEXT,
	  FIELD(pair.bin),
	  .arg = "DIR",
	  .help = "the programs of presets and shipped targets; else those next to this one" },

	{ .name = "Load", .type = CLI_GROUP },
	{ .name = "workload",
	  .type = CLI_TEXT,
	  FIELD(pair.workload),
	  .arg = "NAME|FILE",
	  .help = "as goxel-load's; else that of the base's target, else mixed" },
	{ .name = "rate",
	  .letter = 'r',
	  .type = CLI_RATE,
	  FIELD(pair.rate_per_s),
	  .min = 0.001,
	  .max = 1e8,
	  .arg = "R",
	  .help = "requests/s within a slice; else a quarter of what the slower one can do" },
	{ .name = "block",
	  .type = CLI_DURATION,
	  FIELD(pair.block_ns),
	  .preset = "1s",
	  .min = 1e6,
	  .max = 6e11,
	  .arg = "TIME",
	  .help = "load of each server in a block" },
	{ .name = "seed",
	  .type = CLI_INT,
	  FIELD(pair.seed),
	  .preset = "1",
	  .help = "of all that is drawn" },

	{ .name = "Decision", .type = CLI_GROUP },
	{ .name = "accept",
	  .type = CLI_TEXT,
	  FIELD(accept),
	  .arg = "FILE",
	  .help = "accepted changes: lines of METRIC UNTIL MOST% REASON" },
	{ .name = "inconclusive",
	  .type = CLI_ENUM,
	  FIELD(inconclusive),
	  .preset = "pass",
	  .choices = inconclusive_names,
	  .help = "what it does when neither is shown" },
	{ .name = "no-confirm",
	  .type = CLI_FLAG,
	  FIELD(no_confirm),
	  .help = "block without a second sitting" },

	{ .name = "Validity", .type = CLI_GROUP },
	{ .name = "fitness",
	  .type = CLI_ENUM,
	  FIELD(pair.fitness),
	  .preset = "refuse",
	  .choices = fitness_names,
	  .help = "what to do on a machine that is too busy to measure" },
	{ .name = "validity",
	  .type = CLI_ENUM,
	  FIELD(pair.validity),
	  .preset = "all",
	  .choices = validity_names,
	  .help = "what refuses a block: all rules, or failed requests and servers alone" },
	{ .name = "realtime",
	  .type = CLI_FLAG,
	  FIELD(pair.realtime),
	  .help = "go before all normal processes, where it is permitted" },

	{ .name = "Output", .type = CLI_GROUP },
	{ .name = "out",
	  .type = CLI_TEXT,
	  FIELD(out),
	  .arg = "DIR",
	  .preset = "gate",
	  .help = "gate.md, gate.json, junit.xml, and the sittings' files" },
	{ .name = "json",
	  .type = CLI_FLAG,
	  FIELD(json),
	  .help = "gate.json on stdout, gate.md on stderr" },
	{ .name = "progress",
	  .type = CLI_ENUM,
	  FIELD(pair.progress),
	  .preset = "auto",
	  .choices = progress_names,
	  .help = "a line for each block on stderr" },
	{ 0 },
};

static void help_more(FILE *out)
{
	fputs("\nAn ARM is what goxel-pair takes: a preset, a target file or a build directory, with\n"
	      "more words for its command. Blocks are looked at 4 times (12, 20, 28, 40); the first\n"
	      "look that decides ends it. What would block is measured a second time.\n"
	      "\nUnder GitHub Actions it writes the step summary and an annotation as well.\n"
	      "\nExamples:\n"
	      "  goxel-gate --base old/server.target --head new/server.target\n"
	      "  goxel-gate --base build/main/bin --head build/release\n",
	      out);
}

const struct cli_prog gate_prog = {
	.name = "goxel-gate",
	.usage = "goxel-gate --base ARM --head ARM [options]",
	.summary = "Tells whether a server is worse than the one that it is to replace.",
	.opts = opts,
	.help_more = help_more,
	.exit_codes = "0  not worse, or inconclusive and --inconclusive pass\n"
		      "1  worse, in two sittings; or inconclusive and --inconclusive fail\n"
		      "2  wrong usage, or an arm that cannot be found\n"
		      "3  cannot measure here: the machine is too busy, or no block counts\n"
		      "4  failed\n"
		      "130  interrupted\n",
};

int gate_options_parse(struct gate_options *o, int argc, char **argv, struct err *err)
{
	char *none[] = { argv[0], NULL };
	int rc;

	*o = (struct gate_options){ 0 };
	/* What goxel-gate has no option for is as goxel-pair has it. */
	rc = pair_options_parse(&o->pair, 1, none, err);
	o->pair.arms[0] = o->pair.arms[1] = NULL;
	if (!rc)
		rc = cli_defaults(&gate_prog, o, err);
	if (!rc)
		rc = cli_parse(&gate_prog, o, argc, argv, NULL, err);
	if (!rc && (!o->pair.arms[0] || !o->pair.arms[1]))
		return err_set(err, -EINVAL, "--base and --head are needed");
	return rc;
}
