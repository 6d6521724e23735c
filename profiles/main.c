/* goxel-profile: captures the profile of a running process. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"
#include "profiles/capture/capture.h"
#include "profiles/capture/events.h"
#include "profiles/capture/list.h"
#include "profiles/profile/show.h"
#include "reports/lib/runfile.h"

struct main_cfg {
	struct capture_cfg capture;
	bool list, json;
};

static const char *const scopes[] = { "auto", "machine", "process", NULL };

#define O(field) offsetof(struct main_cfg, field)
static const struct cli_opt main_opts[] = {
	{ .name = "What", .type = CLI_GROUP },
	{ .name = "pid",
	  .letter = 'p',
	  .type = CLI_INT,
	  .offset = O(capture.pid),
	  .min = 0,
	  .max = INT_MAX,
	  .arg = "PID",
	  .help = "process to profile, with all its threads" },
	{ .name = "out",
	  .letter = 'o',
	  .type = CLI_TEXT,
	  .offset = O(capture.out_dir),
	  .arg = "DIR",
	  .help = "output folder; created if missing" },
	{ .name = "duration",
	  .letter = 'd',
	  .type = CLI_DURATION,
	  .offset = O(capture.duration_ns),
	  .preset = "10s",
	  .min = 1e7,
	  .max = 864e11,
	  .arg = "TIME",
	  .help = "length of the capture" },
	{ .name = "delay",
	  .type = CLI_DURATION,
	  .offset = O(capture.delay_ns),
	  .preset = "0s",
	  .max = 864e11,
	  .arg = "TIME",
	  .help = "start this long after the call and end after the duration, even if getting "
		  "ready takes longer; 0s: start when ready" },
	{ .name = "interval",
	  .type = CLI_DURATION,
	  .offset = O(capture.interval_ns),
	  .min = 1e6,
	  .max = 36e11,
	  .arg = "TIME",
	  .help = "interval of reading counters and memory (default: "
		  "a twentieth of the duration, 100ms to 1s)" },
	{ .name = "control",
	  .type = CLI_TEXT,
	  .offset = O(capture.control),
	  .arg = "ADDRESS",
	  .help = "the daemon's socket, unix:PATH or tcp:H:P; it "
		  "must answer (default: found by the pid, if any)" },
	{ .name = "How", .type = CLI_GROUP },
	{ .name = "frequency",
	  .letter = 'F',
	  .type = CLI_INT,
	  .offset = O(capture.rate_hz),
	  .preset = "99",
	  .min = 1,
	  .max = 25000,
	  .arg = "HZ",
	  .help = "samples per CPU second" },
	{ .name = "sample-event",
	  .type = CLI_TEXT,
	  .offset = O(capture.sample_event),
	  .preset = "cycles",
	  .arg = "NAME",
	  .help = "event that perf samples; without hardware counters perf uses cpu-clock" },
	{ .name = "events",
	  .letter = 'e',
	  .type = CLI_TEXT,
	  .offset = O(capture.events),
	  .arg = "LIST",
	  .help = "events to count: libpfm4 names and tracepoints; {a,b} are counted together" },
	{ .name = "scope",
	  .type = CLI_CHOICE,
	  .offset = O(capture.scope),
	  .preset = "auto",
	  .choices = scopes,
	  .help = "sample whole processors, which adds no cost to thread "
		  "switches, or only its threads; auto: the first if permitted" },
	{ .name = "count-share",
	  .type = CLI_REAL,
	  .offset = O(capture.count_share),
	  .preset = "2",
	  .min = 0.1,
	  .max = 100,
	  .arg = "PCT",
	  .help = "percent of the time in which counters are open; results are scaled. 100 counts "
		  "everything, but slows down processes with many thread switches" },
	{ .name = "no-cpu",
	  .type = CLI_FLAG,
	  .offset = O(capture.no_cpu),
	  .help = "no CPU samples" },
	{ .name = "no-heap",
	  .type = CLI_FLAG,
	  .offset = O(capture.no_heap),
	  .help = "no heap profile" },
	{ .name = "no-counters",
	  .type = CLI_FLAG,
	  .offset = O(capture.no_counters),
	  .help = "no counters" },
	{ .name = "Output", .type = CLI_GROUP },
	{ .name = "list",
	  .type = CLI_FLAG,
	  .offset = O(list),
	  .help = "list what can be measured here, what cannot and why, and exit" },
	{ .name = "json",
	  .type = CLI_FLAG,
	  .offset = O(json),
	  .help = "print what was captured (or the list) to stdout, texts to stderr" },
	{ 0 },
};
#undef O

static void print_files(FILE *out)
{
	static const enum runfile files[] = {
		RUNFILE_COUNTERS,    RUNFILE_CPU_PERF,   RUNFILE_CPU_FOLDED, RUNFILE_CPU_PPROF,
		RUNFILE_HEAP_BEFORE, RUNFILE_HEAP_AFTER, RUNFILE_ALLOCS,     RUNFILE_MEMORY,
		RUNFILE_WAITS,       RUNFILE_PROFILE,
	};

	fputs("Files in DIR:", out);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		fprintf(out, "%s%s", i % 4 == 0 && i ? "\n  " : " ", runfile_name(files[i]));
	fprintf(out, "\n  Unavailable data is left out; %s says why.\n\n",
		runfile_name(RUNFILE_PROFILE));
}

static void help_more(FILE *out)
{
	fputs("Other commands:\n"
	      "  goxel-profile show FILE.pb.gz   a pprof profile as a table (show --help)\n\n",
	      out);
	print_files(out);
	fprintf(out,
		"Examples:\n"
		"  goxel-profile --pid 1234 --out /tmp/p --duration 30s\n"
		"  goxel-profile --pid 1234 --out /tmp/p --events \\\n"
		"      'task-clock,syscalls:sys_enter_futex,syscalls:sys_enter_epoll_wait'\n"
		"  goxel-profile show /tmp/p/%s --lines\n",
		runfile_name(RUNFILE_CPU_PPROF));
}

static const struct cli_prog main_prog = {
	.name = "goxel-profile",
	.usage = "goxel-profile --pid PID --out DIR [options]",
	.summary = "Captures counters, CPU samples, heap and memory of a running process.",
	.opts = main_opts,
	.help_more = help_more,
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	stop = number;
}

static void catch_signals(void)
{
	struct sigaction act = { .sa_handler = on_signal };

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int run(struct main_cfg *cfg)
{
	struct capture *c;
	struct err err = ERR_INIT;
	int rc;

	catch_signals();
	rc = capture_run(&cfg->capture, &stop, &c, &err);
	if (c && capture_document(c).len) {
		struct span document = capture_document(c);

		capture_report(c, cfg->json ? stderr : stdout);
		if (cfg->json)
			fwrite(document.ptr, 1, document.len, stdout);
	}
	if (rc != EXIT_OK)
		fprintf(stderr, "goxel-profile: %s\n", err.msg);
	capture_free(c);
	return rc;
}

int main(int argc, char **argv)
{
	struct main_cfg cfg = { 0 };
	struct err err = ERR_INIT;
	int operand = argc, rc;

	if (argc > 1 && strcmp(argv[1], "show") == 0)
		return show_main(argc - 1, argv + 1);
	rc = cli_defaults(&main_prog, &cfg, &err);
	if (rc == 0)
		rc = cli_parse(&main_prog, &cfg, argc, argv, &operand, &err);
	if (rc > 0)
		return EXIT_OK;
	if (!cfg.capture.events)
		cfg.capture.events = events_default();
	if (rc == 0 && operand != argc)
		rc = err_set(&err, -EINVAL, "unknown command or operand '%s'; see --help",
			     argv[operand]);
	if (rc == 0 && !cfg.list && cfg.capture.pid == 0)
		rc = err_set(&err, -EINVAL, "no process given: add --pid PID");
	if (rc == 0 && !cfg.list && !cfg.capture.out_dir)
		rc = err_set(&err, -EINVAL, "no output folder given: add --out DIR");
	if (rc < 0) {
		fprintf(stderr, "goxel-profile: %s\n", err.msg);
		return EXIT_USAGE;
	}
	if (cfg.list)
		return list_main(cfg.capture.events, cfg.json);
	return run(&cfg);
}
