/* run_load.c - the load and the capture, which run at the same time. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "profiles/run/options.h"
#include "profiles/run/run_private.h"

static const char PROFILE_OUTPUT[] = "profile.output";

static void add_load_options(const struct run *r, struct words *w)
{
	const struct run_options *o = r->options;

	words_add(w, "--workload");
	words_add(w, r->workload);
	words_addf(w, "--connections=%lld", (long long)o->workers);
	words_addf(w, "--depth=%lld", (long long)o->depth);
	words_addf(w, "--threads=%lld", (long long)o->threads);
	words_addf(w, "--duration=%s", o->duration);
	words_addf(w, "--warmup=%s", o->warmup);
	words_addf(w, "--seed=%lld", (long long)o->seed);
	if (o->rate)
		words_addf(w, "--rate=%s", o->rate);
}

int run_check_load(struct run *r)
{
	char path[PATH_MAX], last[LAST_LINE_BYTES];
	struct words w = { 0 };
	int rc;

	words_add_program(r, &w, "goxel-load");
	words_add(&w, "--unix");
	words_add(&w, "none");
	add_load_options(r, &w);
	words_add(&w, "--dry-run");
	rc = run_tool(r, &w, "plan", "plan.err");
	words_deinit(&w);
	if (rc <= 0)
		return rc < 0 ? r->exit_code : EXIT_OK;
	last_line_of(folder_path(r, "plan.err", path, sizeof(path)), last, sizeof(last));
	run_warn(r, "the load generator refused: %s", last);
	return EXIT_USAGE;
}

/* ---- the generator's output ----------------------------------------------------------- */

/* Keeps the last line that was printed; an empty one does not count. */
static void keep_last_line(struct run *r, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool is_new = r->load_last_len && r->load_last[r->load_last_len - 1] == '\n';

		if (text[i] == '\n' && (is_new || r->load_last_len == 0))
			continue;
		if (is_new)
			r->load_last_len = 0;
		if (r->load_last_len < sizeof(r->load_last) - 1)
			r->load_last[r->load_last_len++] = text[i];
		else if (text[i] == '\n')
			r->load_last[r->load_last_len - 1] = '\n';
	}
	r->load_last[r->load_last_len] = '\0';
}

void load_forward(struct run *r)
{
	char text[4096];
	ssize_t n;

	while (r->load_out >= 0 && (n = read(r->load_out, text, sizeof(text))) != -1) {
		if (n == 0) {
			close(r->load_out);
			r->load_out = -1;
			return;
		}
		keep_last_line(r, text, (size_t)n);
		fwrite(text, 1, (size_t)n, r->people);
		fflush(r->people);
		/* If the run's disk is full, the generator reports that itself. */
		if (r->load_log && (fwrite(text, 1, (size_t)n, r->load_log) < (size_t)n ||
				    fflush(r->load_log) != 0))
			clearerr(r->load_log);
	}
}

/* ---- load and capture ------------------------------------------------------------------ */

static int start_load(struct run *r)
{
	char *path = rundir_path(&r->record.dir, RUNFILE_LOAD_LOG);
	struct words w = { 0 };
	int fds[2], rc;

	/* NULL if the run's disk is full: the generator will report that. */
	r->load_log = path ? fopen(path, "we") : NULL;
	free(path);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return run_fail(r, EXIT_FAILED, "start the load: %s", strerrordesc_np(errno));
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	r->load_out = fds[0];
	words_add_program(r, &w, "goxel-load");
	words_add_all(&w, &r->endpoint);
	add_load_options(r, &w);
	words_add(&w, "--progress");
	words_add(&w, "on");
	words_add(&w, "--out");
	words_add(&w, r->record.dir.partial);
	rc = run_start(r, &r->load, &w, NULL, fds[1], fds[1]);
	words_deinit(&w);
	close(fds[1]);
	return rc;
}

/* The capture starts before the load and is told when to begin: it prepares itself during the
 * warm-up, and it ends before the load does. */
static int start_profile(struct run *r)
{
	const struct run_options *o = r->options;
	char path[PATH_MAX];
	struct words w = { 0 };
	int fd = open_output(r, folder_path(r, PROFILE_OUTPUT, path, sizeof(path))), rc;

	if (fd < 0)
		return fd;
	words_add_program(r, &w, "goxel-profile");
	words_addf(&w, "--pid=%d", (int)r->profiled_pid);
	words_add(&w, "--out");
	words_add(&w, r->record.dir.partial);
	words_addf(&w, "--delay=%s", o->warmup_ns ? o->warmup : "1ms");
	words_addf(&w, "--duration=%s", o->duration);
	rc = run_start(r, &r->profile, &w, NULL, fd, fd);
	words_deinit(&w);
	close(fd);
	return rc;
}

static int judge_load(struct run *r)
{
	char how[64];

	child_how_ended(&r->load, how, sizeof(how));
	r->load_code = child_exit_code(&r->load);
	child_close(&r->load);
	r->load_last[strcspn(r->load_last, "\n")] = '\0';
	switch (r->load_code) {
	case EXIT_OK:
		break;
	case EXIT_NO:
		run_note(r, "the load generator counted failed operations (exit 1): see %s",
			 runfile_name(RUNFILE_LOAD_LOG));
		break;
	case EXIT_UNFIT:
		run_note(r, "the load generator says that it was the bottleneck or could not "
			    "measure (exit 3)");
		break;
	case EXIT_USAGE:
		return run_fail(r, EXIT_USAGE, "the load generator refused: %s", r->load_last);
	default:
		return run_fail(r, EXIT_FAILED, "the load generator failed (%s): %s", how,
				r->load_last);
	}
	if (!rundir_has(&r->record.dir, RUNFILE_LOAD_RESULTS))
		return run_fail(r, EXIT_FAILED, "the load generator left no results");
	return 0;
}

/* Moves the capture's output next to its files. It is not written there directly: if the run's disk
 * is full, its last lines are about that. */
static void keep_profile_output(struct run *r, const char *from)
{
	char *to = rundir_path(&r->record.dir, RUNFILE_PROFILE_LOG), *text = NULL;
	size_t len = 0;

	if (to && file_read(from, 64 << 20, &text, &len, NULL) == 0)
		(void)file_write_atomic(to, span_of(text, len), NULL);
	free(text);
	free(to);
}

/*
 * A capture that is not permitted here does not make the run fail: the run goes on and says what is
 * missing. A capture that failed or was killed does: nobody knows what it would have shown.
 */
static int judge_profile_if_ended(struct run *r)
{
	char path[PATH_MAX], how[64], last[LAST_LINE_BYTES];
	int code;

	if (!r->profile.pid || child_lives(&r->profile))
		return 0;
	child_how_ended(&r->profile, how, sizeof(how));
	code = child_exit_code(&r->profile);
	child_close(&r->profile);
	folder_path(r, PROFILE_OUTPUT, path, sizeof(path));
	last_line_of(path, last, sizeof(last));
	keep_profile_output(r, path);
	if (code == EXIT_UNFIT)
		run_note(r, "the profile is not complete (%s): %s", how, last);
	else if (code != EXIT_OK)
		return run_fail(r, EXIT_FAILED, "the capture failed (%s): %s", how, last);
	return 0;
}

/* Says what the profile lacks, once for each reason. */
static void say_missing(struct run *r)
{
	json_t *profile = NULL, *list, *one, *other;
	struct err unused = ERR_INIT;
	size_t i, k;

	if (rundir_json(&r->record.dir, RUNFILE_PROFILE, "goxel-profile", 1, &profile, &unused) < 0)
		return;
	list = json_object_get(profile, "missing");
	json_array_foreach(list, i, one)
	{
		json_t *reason = json_object_get(one, "reason");
		struct strbuf names = { 0 };
		bool is_first = true;

		json_array_foreach(list, k, other)
		{
			if (!json_equal(reason, json_object_get(other, "reason")))
				continue;
			is_first &= k >= i;
			strbuf_addf(&names, "%s%s", names.len ? ", " : "",
				    json_string_value(json_object_get(other, "name")));
		}
		if (is_first && !names.failed)
			run_say(r, "not captured: %s: %s", strbuf_span(&names).ptr,
				json_string_value(reason));
		strbuf_deinit(&names);
	}
	json_decref(profile);
}

/* Waits until the load has ended, and notes when the warm-up ended. */
static int wait_for_load(struct run *r)
{
	uint64_t start_ns = clock_ns(), warm_ns = start_ns + r->options->warmup_ns;
	bool is_warm = false;
	int rc = 0;

	while (rc == 0 && child_lives(&r->load)) {
		rc = server_must_live(r, "during the load");
		if (rc == 0)
			rc = judge_profile_if_ended(r);
		if (rc == 0 && !is_warm && clock_ns() >= warm_ns) {
			record_phase(&r->record, "warmup", start_ns);
			start_ns = clock_ns();
			is_warm = true;
		}
		if (rc == 0)
			rc = run_wait(r, is_warm ? UINT64_MAX : warm_ns);
	}
	if (rc == 0)
		rc = server_must_live(r, "during the load");
	if (rc < 0)
		return rc;
	load_forward(r);
	record_phase(&r->record, "measure", start_ns);
	return judge_load(r);
}

int load_and_profile(struct run *r)
{
	uint64_t start_ns;
	int rc = start_profile(r);

	if (rc == 0)
		rc = start_load(r);
	if (rc == 0)
		rc = wait_for_load(r);
	start_ns = clock_ns();
	while (rc == 0) {
		rc = judge_profile_if_ended(r);
		if (rc < 0 || !r->profile.pid)
			break;
		rc = server_must_live(r, "during the capture");
		if (rc == 0)
			rc = run_wait(r, UINT64_MAX);
	}
	if (rc < 0)
		return rc;
	record_phase(&r->record, "capture", start_ns);
	say_missing(r);
	return 0;
}
