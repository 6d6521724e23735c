/*
 * goxel-stress - bothers a goxel-daemon with everything at once and watches a client that does
 * nothing wrong.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/test/stress/actor.h"
#include "daemon/test/stress/fault.h"
#include "daemon/test/stress/report.h"
#include "daemon/test/stress/stress.h"

#define FIELD(name) .offset = offsetof(struct stress, name)

static const struct cli_opt opts[] = {
	{ .name = "What", .type = CLI_GROUP },
	{ .name = "duration",
	  .type = CLI_DURATION,
	  FIELD(duration_ns),
	  .preset = "30s",
	  .arg = "TIME",
	  .help = "of all rounds together, of each attack, or of the soak" },
	{ .name = "attack",
	  .type = CLI_TEXT,
	  FIELD(attack),
	  .arg = "NAMES",
	  .help = "one attack at a time on a fresh daemon each; prints the bystander's latencies "
		  "against the limits. NAME, NAME,NAME or all" },
	{ .name = "small",
	  .type = CLI_FLAG,
	  FIELD(is_small),
	  .help = "attacks in the size of the rounds" },
	{ .name = "soak",
	  .type = CLI_FLAG,
	  FIELD(do_soak),
	  .help = "all well-behaved actors at a modest rate, with samples over time" },
	{ .name = "list", .type = CLI_FLAG, FIELD(do_list), .help = "print actors and faults" },
	{ .name = "The daemon", .type = CLI_GROUP },
	{ .name = "daemon",
	  .type = CLI_TEXT,
	  FIELD(daemon),
	  .arg = "PATH",
	  .help = "absent: ../bin/goxel-daemon, seen from this program" },
	{ .name = "preset",
	  .type = CLI_TEXT,
	  FIELD(preset),
	  .arg = "NAME",
	  .help = "absent: v15; the rounds take every one" },
	{ .name = "transport",
	  .type = CLI_TEXT,
	  FIELD(transport),
	  .arg = "NAME",
	  .help = "absent: the preset's; the rounds take every one" },
	{ .name = "args",
	  .type = CLI_TEXT,
	  FIELD(args),
	  .arg = "WORDS",
	  .help = "further options of the daemon, between spaces" },
	{ .name = "Details", .type = CLI_GROUP },
	{ .name = "only",
	  .type = CLI_TEXT,
	  FIELD(only),
	  .arg = "NAMES",
	  .help = "actors that take part in rounds and soak; absent: all" },
	{ .name = "faults",
	  .type = CLI_TEXT,
	  FIELD(faults),
	  .preset = "alloc,fds,disk,file-size",
	  .arg = "NAMES",
	  .help = "of the environment, in rounds; \"none\" for none" },
	{ .name = "patience",
	  .type = CLI_INT,
	  FIELD(patience),
	  .preset = "1",
	  .min = 1,
	  .max = 100,
	  .arg = "N",
	  .help = "factor of every time limit; sanitizers add one of 4" },
	{ .name = "seed",
	  .type = CLI_INT,
	  FIELD(seed),
	  .preset = "0",
	  .arg = "N",
	  .help = "of all random numbers; 0: a new one, which is printed" },
	{ .name = "sample",
	  .type = CLI_DURATION,
	  FIELD(sample_ns),
	  .arg = "TIME",
	  .help = "soak: between two rows of the results; absent: 600 rows, 1 s at least" },
	{ .name = "out",
	  .type = CLI_TEXT,
	  FIELD(out),
	  .arg = "DIR",
	  .help = "soak: where soak.csv and soak.json go" },
	{ 0 },
};

static const struct cli_prog prog = {
	.name = "goxel-stress",
	.usage = "goxel-stress [options]",
	.summary = "Bothers a goxel-daemon with everything at once, and checks what a client that "
		   "does\nnothing wrong gets.",
	.opts = opts,
	.exit_codes =
		"0  nothing failed\n1  something did\n2  wrong usage\n4  the run itself failed\n"
		"130  interrupted\n",
};

/* ---- interruption ------------------------------------------------------------------ */

static int signals_fd = -1;
static bool is_interrupted;

static void catch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signals_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

bool stress_sleep(uint64_t ns)
{
	struct pollfd p = { .fd = signals_fd, .events = POLLIN };
	struct timespec t = clock_timespec(ns);

	if (!is_interrupted && ppoll(&p, 1, &t, NULL) > 0)
		is_interrupted = true;
	return !is_interrupted;
}

bool stress_is_interrupted(void)
{
	return !stress_sleep(0);
}

/* ---- start -------------------------------------------------------------------------- */

static void print_list(void)
{
	const struct actor *a;

	printf("Actors:\n");
	for (size_t i = 0; (a = actor_at(i)); i++)
		printf("  %-16s %s%s%s%s\n", a->name, a->does, *a->source ? " [" : "", a->source,
		       *a->source ? "]" : "");
	printf("Faults of the environment:\n");
	for (const struct fault *f = faults; f->name; f++)
		printf("  %-16s %s\n", f->name, f->does);
}

/* An absolute path, since nothing else is known of the daemon's folder. */
static int find_daemon(struct stress *s, struct err *err)
{
	char self[400];
	char path[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n < 0 ? 0 : n] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	if (s->daemon)
		snprintf(path, sizeof(path), "%s", s->daemon);
	else
		snprintf(path, sizeof(path), "%s/../bin/goxel-daemon", self);
	if (!realpath(path, s->daemon_path))
		return err_set(err, -errno, "%s", path);
	return 0;
}

static int work(struct stress *s, struct err *err)
{
	int rc = find_daemon(s, err);

	if (rc == 0)
		rc = target_place_open(&s->place, err);
	if (rc == 0)
		report_say(s->report, "%s, seed %lld", s->daemon_path, (long long)s->seed);
	if (rc == 0 && s->attack)
		rc = attack_run(s, err);
	else if (rc == 0 && s->do_soak)
		rc = soak_run(s, err);
	else if (rc == 0)
		rc = rounds_run(s, err);
	target_place_close(&s->place);
	return rc;
}

int main(int argc, char **argv)
{
	static struct stress s;
	static struct report report;
	struct err err = ERR_INIT;
	int rc = cli_defaults(&prog, &s, &err);

	if (rc == 0)
		rc = cli_parse(&prog, &s, argc, argv, NULL, &err);
	if (rc < 0) {
		fprintf(stderr, "goxel-stress: %s\n", err.msg);
		return EXIT_USAGE;
	}
	if (rc > 0)
		return EXIT_OK;
	if (s.do_list) {
		print_list();
		return EXIT_OK;
	}
	if (s.seed == 0)
		s.seed = (int64_t)(clock_wall_ns() % 1000000000);
	report_init(&report);
	s.report = &report;
	catch_signals();
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	rc = work(&s, &err);
	if (rc < 0) {
		fprintf(stderr, "goxel-stress: %s\n", err.msg);
		return rc == -ENOENT || rc == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
	}
	if (stress_is_interrupted())
		return 130;
	if (report_failures(&report) > 0) {
		fprintf(stderr, "%llu failures (--seed %lld):\n",
			(unsigned long long)report_failures(&report), (long long)s.seed);
		report_print_kinds(&report);
		return EXIT_NO;
	}
	report_say(&report, "nothing failed");
	return EXIT_OK;
}
