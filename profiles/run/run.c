/* run.c - the steps of a run in their order, and its end; see run.h. */
#include "profiles/run/run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "profiles/run/options.h"
#include "profiles/run/run_private.h"
#include "reports/lib/target_file.h"

static const uint64_t CLEAN_UP_NS = 5 * NSEC_PER_SEC;
static const double OVERHEAD_S = 3; /* of a run, about */

static int block_signals(struct run *r, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	r->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	r->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (r->signal_fd < 0 || r->watch_fd < 0)
		return err_set(err, -errno, "wait for events: %s", strerrordesc_np(errno));
	return 0;
}

/* The command that starts the target, and the one that sends it requests. */
static int fill_words(struct run *r, struct err *err)
{
	const struct run_options *o = r->options;
	const struct target_file *t = r->target;
	const struct target_places places = {
		.bin = o->bin, .dir = r->folder.path, .root = o->root, .args = o->args
	};
	char *where = target_file_fill(t->unix_path ? t->unix_path : t->tcp, &places);
	char **words, *memory;
	int rc = target_file_command(t, &places, &words, &memory, err);

	words_add(&r->endpoint, t->unix_path ? "--unix" : "--tcp");
	words_add(&r->endpoint, where ? where : "");
	r->endpoint.failed |= !where;
	free(where);
	if (rc < 0)
		return rc;
	for (size_t i = 0; words[i]; i++)
		words_add(&r->command, words[i]);
	free(words);
	free(memory);
	return 0;
}

int run_init(struct run *r, const struct run_options *o, const struct target_file *t,
	     struct err *err)
{
	int rc;

	*r = (struct run){ .options = o,
			   .target = t,
			   .workload = o->workload   ? o->workload
				       : t->workload ? t->workload
						     : "mixed",
			   .people = o->json ? stderr : stdout,
			   .load_out = -1,
			   .signal_fd = -1,
			   .watch_fd = -1,
			   .exit_code = EXIT_FAILED };
	rc = block_signals(r, err);
	if (rc == 0)
		rc = folder_make(&r->folder, err);
	if (rc == 0 && inotify_add_watch(r->watch_fd, r->folder.path, IN_MOVED_TO | IN_CREATE) < 0)
		rc = err_set(err, -errno, "watch %s: %s", r->folder.path, strerrordesc_np(errno));
	return rc == 0 ? fill_words(r, err) : rc;
}

void run_deinit(struct run *r)
{
	folder_remove(&r->folder);
	words_deinit(&r->endpoint);
	words_deinit(&r->command);
	record_close(&r->record);
	if (r->load_log)
		fclose(r->load_log);
	if (r->load_out >= 0)
		close(r->load_out);
	close(r->signal_fd);
	close(r->watch_fd);
}

static int open_record(struct run *r)
{
	const char *own = r->target->label ? r->target->label : r->target->name;
	const char *label = r->options->label ? r->options->label : own;
	struct err err = ERR_INIT;
	int rc;

	r->record.options = r->options;
	r->record.target = r->target->name;
	r->record.workload = r->workload;
	r->record.command = &r->command;
	rc = record_open(&r->record, label, &err);
	r->has_record = rc == 0;
	if (rc == 0)
		rc = record_write_incomplete(&r->record, NULL, &err);
	return rc < 0 ? run_fail(r, EXIT_FAILED, "%s", err.msg) : 0;
}

static void announce(struct run *r)
{
	const struct run_options *o = r->options;

	run_say(r, "profiling %s: %s, %lld connections, %s after %s (about %.0f s)",
		r->target->name, r->workload, (long long)o->workers, o->duration, o->warmup,
		(double)(o->duration_ns + o->warmup_ns) / 1e9 + OVERHEAD_S);
}

static int draw_flames(struct run *r)
{
	char *from = rundir_path(&r->record.dir, RUNFILE_CPU_FOLDED);
	char *to = rundir_path(&r->record.dir, RUNFILE_CPU_FLAMES);
	char path[256], last[LAST_LINE_BYTES];
	struct words w = { 0 };
	struct stat st;
	int rc = 0;

	if (from && to && stat(from, &st) == 0 && st.st_size > 0) {
		words_add_program(r, &w, "goxel-report");
		words_add(&w, "flamegraph");
		words_add(&w, from);
		words_add(&w, "--out");
		words_add(&w, to);
		rc = run_tool(r, &w, "flames", "flames.err");
		words_deinit(&w);
	}
	free(from);
	free(to);
	if (rc <= 0)
		return rc;
	last_line_of(folder_path(r, "flames.err", path, sizeof(path)), last, sizeof(last));
	run_note(r, "no flame graph: %s", last);
	return 0;
}

static int write_report(struct run *r)
{
	char path[256], last[LAST_LINE_BYTES];
	struct words w = { 0 };
	int rc;

	words_add_program(r, &w, "goxel-report");
	words_add(&w, "profile");
	words_add(&w, r->record.dir.path);
	rc = run_tool(r, &w, "report", "report.err");
	words_deinit(&w);
	if (rc <= 0)
		return rc;
	last_line_of(folder_path(r, "report.err", path, sizeof(path)), last, sizeof(last));
	run_warn(r, "no report: %s", last);
	return 0;
}

/* The path relative to the current directory if it is below that, else as it is. */
static const char *from_here(const char *path)
{
	char *here = getcwd(NULL, 0);
	size_t len = here ? strlen(here) : 0;

	if (len && strncmp(path, here, len) == 0 && path[len] == '/')
		path += len + 1;
	free(here);
	return path;
}

/* The load generator has already printed its own summary. */
static void summarize(struct run *r)
{
	const char *path = from_here(r->record.dir.path);

	run_say(r, "%s", "");
	for (size_t i = 0; i < r->record.warnings_count; i++)
		run_say(r, "warning: %s", r->record.warnings[i]);
	if (rundir_has(&r->record.dir, RUNFILE_REPORT_HTML))
		run_say(r, "report: %s/%s", path, runfile_name(RUNFILE_REPORT_HTML));
	run_say(r, "run: %s", path);
}

static int print_description(struct run *r)
{
	char *path = rundir_path(&r->record.dir, RUNFILE_RUN), *text = NULL;
	struct err err = ERR_INIT;
	size_t len;
	int rc = path ? file_read(path, RUNDIR_JSON_BYTES_MAX, &text, &len, &err) : -ENOMEM;

	if (rc == 0 && (puts(text) < 0 || fflush(stdout) != 0))
		rc = err_set(&err, -errno, "write to stdout: %s", strerrordesc_np(errno));
	free(text);
	free(path);
	return rc < 0 ? run_fail(r, EXIT_FAILED, "%s", err.msg) : 0;
}

static int complete(struct run *r)
{
	struct err err = ERR_INIT;
	int rc = record_complete(&r->record, &err);

	if (rc < 0)
		return run_fail(r, EXIT_FAILED, "%s", err.msg);
	rc = write_report(r);
	if (rc == 0 && r->options->json)
		rc = print_description(r);
	else if (rc == 0)
		summarize(r);
	return rc;
}

static int write_status(struct run *r)
{
	struct err err = ERR_INIT;

	return record_write_status(&r->record, &err) < 0 ? run_fail(r, EXIT_FAILED, "%s", err.msg)
							 : 0;
}

static int do_steps(struct run *r)
{
	static int (*const steps[])(struct run *) = { server_start, load_and_profile, server_stop,
						      write_status, draw_flames,      complete };
	int rc = open_record(r);

	if (rc == 0)
		announce(r);
	for (size_t i = 0; rc == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		rc = steps[i](r);
	return rc;
}

/* Ends everything that was started; the directory says whether it is complete. */
static void clean_up(struct run *r)
{
	struct child *others[] = { &r->load, &r->profile };
	struct err err = ERR_INIT;

	/* This comes first: ending the others may take long, or be interrupted itself. */
	if (r->has_record && r->record.dir.partial)
		(void)record_write_incomplete(&r->record, r->reason, &err);
	for (size_t i = 0; i < 2; i++)
		if (others[i]->pid && child_lives(others[i]))
			kill(others[i]->pid, SIGTERM);
	for (size_t i = 0; i < 2; i++)
		child_stop(others[i], CLEAN_UP_NS);
	load_forward(r);
	server_end(r, CLEAN_UP_NS);
	if (!r->has_record || !r->record.dir.partial)
		return;
	if (record_write_incomplete(&r->record, r->reason, &err) < 0)
		run_warn(r, "%s", err.msg);
	run_warn(r, "the run is incomplete (%s); what there is: %s", r->reason,
		 r->record.dir.partial);
}

int run_do(struct run *r)
{
	int rc = do_steps(r);

	clean_up(r);
	return rc < 0 ? r->exit_code : r->load_code;
}
