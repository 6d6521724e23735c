/* options.c - the table of options, their help, and checks that involve several options. */
#include "loadgen/options.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/base/err.h"
#include "loadgen/workload/workload.h"

/* clang-format off */
static const char *const progress_names[] = {
	[PROGRESS_AUTO] = "auto", [PROGRESS_ON] = "on", [PROGRESS_OFF] = "off", NULL,
};
/* clang-format on */

#define DURATION_NS_MAX (OPTIONS_DAYS_MAX * 86400e9)

#define FIELD(name) .offset = offsetof(struct options, name)

static const struct cli_opt opts[] = {
	{ .name = "Target", .type = CLI_GROUP },
	{ .name = "unix",
	  .type = CLI_TEXT,
	  FIELD(unix_path),
	  .arg = "PATH",
	  .help = "Unix socket of the server" },
	{ .name = "tcp",
	  .type = CLI_TEXT,
	  FIELD(tcp),
	  .arg = "HOST:PORT",
	  .help = "TCP address of the server" },

	{ .name = "Load", .type = CLI_GROUP },
	{ .name = "workload",
	  .type = CLI_TEXT,
	  FIELD(workload),
	  .arg = "NAME|FILE",
	  .preset = "mixed",
	  .help = "built-in name, or a file (PATH.wl)" },
	{ .name = "connections",
	  .letter = 'c',
	  .type = CLI_INT,
	  FIELD(connections_count),
	  .preset = "10",
	  .min = 1,
	  .max = OPTIONS_CONNECTIONS_MAX,
	  .help = "connections of all threads together" },
	{ .name = "depth",
	  .type = CLI_INT,
	  FIELD(depth),
	  .preset = "1",
	  .min = 1,
	  .max = OPTIONS_DEPTH_MAX,
	  .help = "requests in flight on each connection" },
	{ .name = "threads",
	  .type = CLI_INT,
	  FIELD(threads_count),
	  .preset = "1",
	  .min = 1,
	  .max = OPTIONS_THREADS_MAX,
	  .help = "generator threads that share the connections" },
	{ .name = "rate",
	  .letter = 'r',
	  .type = CLI_RATE,
	  FIELD(rate_per_s),
	  .min = 0.001,
	  .max = 1e8,
	  .arg = "R",
	  .help = "open loop: send this many requests/s by a schedule; default: closed loop" },
	{ .name = "arrival",
	  .type = CLI_ENUM,
	  FIELD(arrival),
	  .preset = "constant",
	  .choices = arrival_names,
	  .help = "schedule of an open loop" },
	{ .name = "duration",
	  .letter = 'd',
	  .type = CLI_DURATION,
	  FIELD(duration_ns),
	  .min = 1e6,
	  .max = DURATION_NS_MAX,
	  .arg = "TIME",
	  .help = "measured time [default: the workload's phases, or 10s]" },
	{ .name = "warmup",
	  .type = CLI_DURATION,
	  FIELD(warmup_ns),
	  .max = DURATION_NS_MAX,
	  .arg = "TIME",
	  .help = "time before it, not recorded [default: the workload's phases, or 2s]" },
	{ .name = "seed",
	  .type = CLI_INT,
	  FIELD(seed),
	  .preset = "1",
	  .help = "same seed, same requests" },
	{ .name = "timeout",
	  .type = CLI_DURATION,
	  FIELD(timeout_ns),
	  .preset = "10s",
	  .min = 1e6,
	  .max = 3.6e12,
	  .help = "time limit for connecting and for each reply" },
	{ .name = "check",
	  .type = CLI_ENUM,
	  FIELD(check),
	  .preset = "fast",
	  .choices = verify_names,
	  .help = "check of replies: id only; content; content with a second JSON parser" },
	{ .name = "errors-allowed",
	  .type = CLI_REAL,
	  FIELD(errors_allowed_pct),
	  .preset = "0",
	  .min = 0,
	  .max = 100,
	  .arg = "PCT",
	  .help = "exit with 1 when the ratio of failed operations is higher" },

	{ .name = "Generator", .type = CLI_GROUP },
	{ .name = "affinity",
	  .type = CLI_TEXT,
	  FIELD(affinity),
	  .arg = "CPUS",
	  .help = "pin thread n to the n-th of \"0,1\", or the echo server" },
	{ .name = "spin",
	  .type = CLI_DURATION,
	  FIELD(spin_ns),
	  .preset = "100us",
	  .max = 1e9,
	  .help = "open loop: busy-wait this long before a request is due" },

	{ .name = "Output", .type = CLI_GROUP },
	{ .name = "out",
	  .type = CLI_TEXT,
	  FIELD(out_dir),
	  .arg = "DIR",
	  .help = "write the results as JSON, the histograms of all intervals and the "
		  "percentiles" },
	{ .name = "json",
	  .type = CLI_FLAG,
	  FIELD(json),
	  .help = "print results to stdout as JSON, the summary to stderr" },
	{ .name = "progress",
	  .type = CLI_ENUM,
	  FIELD(progress),
	  .preset = "auto",
	  .choices = progress_names,
	  .help = "print a line each second to stderr" },
	{ .name = "dry-run",
	  .type = CLI_FLAG,
	  FIELD(dry_run),
	  .help = "print the effective configuration and exit" },

	{ .name = "Echo server", .type = CLI_GROUP },
	{ .name = "serve-echo",
	  .type = CLI_FLAG,
	  FIELD(serve_echo),
	  .help = "run as the minimal server that results are compared with" },
	{ 0 },
};

static void help_more(FILE *out)
{
	fputs("\nBuilt-in workloads:\n", out);
	workload_list(out);
	fputs("\nKeys of workload files (see loadgen/workloads/ for examples):\n", out);
	workload_keys(out);
	fputs("\nExamples:\n"
	      "  goxel-load --unix /tmp/goxel.sock --workload mixed --out run1\n"
	      "  goxel-load --unix /tmp/goxel.sock --rate 20k --arrival poisson -d 30s\n"
	      "  goxel-load --serve-echo --unix /tmp/echo.sock\n",
	      out);
}

const struct cli_prog options_prog = {
	.name = "goxel-load",
	.usage = "goxel-load (--unix PATH | --tcp HOST:PORT) [options]",
	.summary = "Drives a JSON-RPC server with a workload and measures its latency.",
	.opts = opts,
	.help_more = help_more,
};

static int check_options(struct options *o, struct err *err)
{
	if (!o->unix_path == !o->tcp)
		return err_set(err, -EINVAL,
			       o->tcp ? "--unix and --tcp exclude each other"
				      : "a target is missing: --unix PATH or --tcp HOST:PORT");
	if (o->threads_count > o->connections_count)
		return err_set(err, -EINVAL, "%d threads cannot share %d connections",
			       (int)o->threads_count, (int)o->connections_count);
	return o->tcp ? sock_parse_tcp(o->tcp, &o->addr, err)
		      : sock_parse_unix(o->unix_path, &o->addr, err);
}

int options_parse(struct options *o, int argc, char **argv, struct err *err)
{
	int rc;

	*o = (struct options){ 0 };
	rc = cli_defaults(&options_prog, o, err);
	if (rc)
		return rc;
	o->duration_ns = OPTIONS_TIME_UNSET;
	o->warmup_ns = OPTIONS_TIME_UNSET;
	rc = cli_parse(&options_prog, o, argc, argv, NULL, err);
	if (rc)
		return rc;
	return check_options(o, err);
}
