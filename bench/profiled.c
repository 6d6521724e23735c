#include "bench/profiled.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/child.h"
#include "bench/options.h"
#include "bench/progress.h"
#include "daemon/base/cli/cli.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "reports/lib/runfile.h"

struct tools {
	char self[CHILD_PATH_MAX];
	char profile[CHILD_PATH_MAX];
	char report[CHILD_PATH_MAX];
};

static int find_tools(struct tools *t, struct err *err)
{
	int rc = child_beside(NULL, t->self, err);

	if (rc == 0)
		rc = child_beside("goxel-profile", t->profile, err);
	return rc < 0 ? rc : child_beside("goxel-report", t->report, err);
}

static void plain_name(const char *name, char *out, size_t cap)
{
	snprintf(out, cap, "%s", name);
	for (; *out; out++)
		if (strchr("/: ", *out))
			*out = '_';
}

/* Runs the benchmark until it is killed. */
static pid_t start_benchmark(const struct tools *t, const char *name, uint64_t profile_ns,
			     struct err *err)
{
	struct command c = { 0 };
	char filter[512], min_time[64];

	child_filter(name, filter, sizeof(filter));
	/* Longer than the whole capture, including its start and end. */
	snprintf(min_time, sizeof(min_time), "--min-time=%llums",
		 (unsigned long long)(3 * profile_ns / NSEC_PER_MSEC + 20000));
	command_add(&c, t->self);
	command_add(&c, min_time);
	command_add(&c, "--counters=");
	command_add(&c, "--");
	command_add(&c, filter);
	return child_start(&c, err);
}

static int capture(const struct tools *t, pid_t pid, const char *dir, uint64_t profile_ns,
		   struct err *err)
{
	struct command c = { 0 };
	char pid_text[32], duration[64];
	pid_t child;

	snprintf(pid_text, sizeof(pid_text), "%d", (int)pid);
	snprintf(duration, sizeof(duration), "%llums",
		 (unsigned long long)(profile_ns / NSEC_PER_MSEC));
	command_add(&c, t->profile);
	command_add(&c, "--pid");
	command_add(&c, pid_text);
	command_add(&c, "--out");
	command_add(&c, dir);
	command_add(&c, "--duration");
	command_add(&c, duration);
	command_add(&c, "--frequency");
	command_add(&c, "999");
	command_add(&c, "--no-heap");
	child = child_start(&c, err);
	return child < 0 ? child
			 : child_wait(child, "goxel-profile", profile_ns + 60 * NSEC_PER_SEC, err);
}

static int draw(const struct tools *t, const char *dir, const char *name, struct err *err)
{
	char folded[CHILD_PATH_MAX + 16], svg[CHILD_PATH_MAX + 16];
	struct command c = { 0 };
	pid_t child;

	snprintf(folded, sizeof(folded), "%s/%s", dir, runfile_name(RUNFILE_CPU_FOLDED));
	snprintf(svg, sizeof(svg), "%s/%s", dir, runfile_name(RUNFILE_CPU_FLAMES));
	if (!file_exists(folded))
		return err_set(err, -ENOENT, "no samples could be taken; see %s/%s", dir,
			       runfile_name(RUNFILE_PROFILE));
	command_add(&c, t->report);
	command_add(&c, "flamegraph");
	command_add(&c, folded);
	command_add(&c, "-o");
	command_add(&c, svg);
	command_add(&c, "--title");
	command_add(&c, name);
	child = child_start(&c, err);
	return child < 0 ? child : child_wait(child, "goxel-report", 60 * NSEC_PER_SEC, err);
}

static int profile_one(const struct bench_options *o, const struct tools *t, const char *name,
		       FILE *out, struct err *err)
{
	char plain[256], dir[CHILD_PATH_MAX];
	int n, rc;
	pid_t pid;

	plain_name(name, plain, sizeof(plain));
	n = snprintf(dir, sizeof(dir), "%s/%s", o->profile, plain);
	if (n < 0 || (size_t)n >= sizeof(dir))
		return err_set(err, -ENAMETOOLONG, "%s: %s", o->profile,
			       strerrordesc_np(ENAMETOOLONG));
	rc = file_make_dirs(dir, err);
	if (rc < 0)
		return rc;
	pid = start_benchmark(t, name, o->profile_ns, err);
	if (pid < 0)
		return pid;
	rc = capture(t, pid, dir, o->profile_ns, err);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (rc == 0)
		rc = draw(t, dir, name, err);
	if (rc == 0)
		fprintf(out, "%s: %s/%s, %s\n", name, dir, runfile_name(RUNFILE_CPU_FLAMES),
			runfile_name(RUNFILE_CPU_PPROF));
	return rc < 0 ? err_wrap(err, rc, "%s", name) : 0;
}

int profiled_run(const struct bench_options *o, FILE *out, struct err *err)
{
	struct tools tools;
	struct progress progress;
	json_t *names = NULL, *name;
	int rc = find_tools(&tools, err);
	size_t i;

	if (rc == 0)
		rc = child_names(tools.self, o->filter, &names, err);
	progress_begin(&progress, "benchmarks", json_array_size(names));
	json_array_foreach(names, i, name)
	{
		if (rc < 0)
			break;
		rc = profile_one(o, &tools, json_string_value(name), out, err);
		progress_step(&progress, rc < 0);
	}
	progress_end(&progress);
	json_decref(names);
	return rc;
}
