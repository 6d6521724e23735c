#include "profiles/run/options.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"

#define FIELD(name) .offset = offsetof(struct run_options, name)

static const char *const presets[] = { "v14", "v15", NULL };

static const struct cli_opt opts[] = {
	{ .name = "What is measured", .type = CLI_GROUP },
	{ .name = "preset",
	  .type = CLI_CHOICE,
	  FIELD(preset),
	  .preset = "v14",
	  .choices = presets,
	  .help = "the shipped target goxel-PRESET" },
	{ .name = "target",
	  .type = CLI_TEXT,
	  FIELD(target),
	  .arg = "NAME|FILE",
	  .help = "another target description (profiles/targets/*.target)" },
	{ .name = "args",
	  .type = CLI_TEXT,
	  FIELD(args),
	  .arg = "WORDS",
	  .help = "more arguments for its command, e.g. '--queue ring'" },
	{ .name = "workload",
	  .type = CLI_TEXT,
	  FIELD(workload),
	  .arg = "NAME|FILE",
	  .help = "of goxel-load (default: the target's)" },

	{ .name = "How much", .type = CLI_GROUP },
	{ .name = "duration",
	  .type = CLI_TEXT,
	  FIELD(duration),
	  .arg = "TIME",
	  .preset = "30s",
	  .help = "how long the load is measured" },
	{ .name = "warmup",
	  .type = CLI_TEXT,
	  FIELD(warmup),
	  .arg = "TIME",
	  .preset = "2s",
	  .help = "load before that, not measured" },
	{ .name = "workers",
	  .type = CLI_INT,
	  FIELD(workers),
	  .preset = "10",
	  .min = 1,
	  .max = 1e6,
	  .help = "connections of the load" },
	{ .name = "depth",
	  .type = CLI_INT,
	  FIELD(depth),
	  .preset = "1",
	  .min = 1,
	  .max = 1e6,
	  .help = "requests in flight on each" },
	{ .name = "threads",
	  .type = CLI_INT,
	  FIELD(threads),
	  .preset = "1",
	  .min = 1,
	  .max = 1e6,
	  .help = "of the load generator" },
	{ .name = "rate",
	  .type = CLI_TEXT,
	  FIELD(rate),
	  .arg = "RATE",
	  .help = "open loop at RATE requests/s, e.g. 20k; else closed" },
	{ .name = "seed",
	  .type = CLI_INT,
	  FIELD(seed),
	  .preset = "1",
	  .min = 1,
	  .max = 1e15,
	  .help = "same seed, same requests" },

	{ .name = "Where", .type = CLI_GROUP },
	{ .name = "label",
	  .type = CLI_TEXT,
	  FIELD(label),
	  .arg = "TEXT",
	  .help = "last part of the directory's name (default: the target's)" },
	{ .name = "runs",
	  .type = CLI_TEXT,
	  FIELD(runs),
	  .arg = "DIR",
	  .preset = "profiles/runs",
	  .help = "where the run's directory is made" },
	{ .name = "bin",
	  .type = CLI_TEXT,
	  FIELD(bin),
	  .arg = "DIR",
	  .preset = "build/release/bin",
	  .help = "where the programs are" },
	{ .name = "root",
	  .type = CLI_TEXT,
	  FIELD(root),
	  .arg = "DIR",
	  .preset = ".",
	  .help = "the source tree: has the shipped targets; {root} in a target's command" },

	{ .name = "Output", .type = CLI_GROUP },
	{ .name = "dry-run",
	  .type = CLI_FLAG,
	  FIELD(dry_run),
	  .help = "check the options, print the command of the target and exit" },
	{ .name = "json",
	  .type = CLI_FLAG,
	  FIELD(json),
	  .help = "the run's description on stdout, everything else on stderr" },
	{ 0 },
};

static const struct cli_prog prog = {
	.name = "goxel-run",
	.usage = "goxel-run [options]",
	.summary = "Starts a server, loads it with goxel-load, captures its profile with "
		   "goxel-profile, and leaves a self-describing run directory.",
	.opts = opts,
	.exit_codes = "0    complete\n"
		      "1    complete, but requests failed\n"
		      "2    wrong usage, or a program is missing\n"
		      "3    cannot measure here\n"
		      "4    the run failed: the target, the generator or the capture did\n"
		      "130  interrupted",
};

static int read_time(const char *name, const char *text, uint64_t *out, struct err *err)
{
	if (cli_parse_duration(text, out, NULL) < 0)
		return err_set(err, -EINVAL,
			       "%s is '%.40s'; a time with its unit is needed, e.g. 30s", name,
			       text);
	return 0;
}

static int check(struct run_options *o, struct err *err)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";
	int rc = read_time("duration", o->duration, &o->duration_ns, err);

	if (rc == 0)
		rc = read_time("warmup", o->warmup, &o->warmup_ns, err);
	if (rc < 0)
		return rc;
	if (o->threads > o->workers)
		return err_set(err, -EINVAL, "%lld threads cannot share %lld connections",
			       (long long)o->threads, (long long)o->workers);
	if (o->label && strspn(o->label, allowed) != strlen(o->label))
		return err_set(err, -EINVAL, "label '%.60s': letters, digits, . _ - only",
			       o->label);
	return 0;
}

int run_options_read(struct run_options *out, int argc, char **argv, struct err *err)
{
	struct run_options o = { 0 };
	int rc = cli_defaults(&prog, &o, err);

	if (rc == 0)
		rc = cli_parse(&prog, &o, argc, argv, NULL, err);
	if (rc == 0)
		rc = check(&o, err);
	if (rc == 0)
		*out = o;
	return rc;
}
