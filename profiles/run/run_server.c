/* run_server.c - the target: started and timed by goxel-start, asked, ended. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "profiles/run/options.h"
#include "profiles/run/run_private.h"
#include "reports/lib/target_file.h"

/* goxel-start gives up after the first timeout; its message is waited for. */
#define ANSWER_TIMEOUT "10s"
static const uint64_t START_TIMEOUT_NS = 15 * NSEC_PER_SEC, END_TIMEOUT_NS = 10 * NSEC_PER_SEC;

static const char START_FILE[] = "start.json";

int server_must_live(struct run *r, const char *when)
{
	char how[64];
	int code;

	if (child_lives(&r->server))
		return 0;
	child_how_ended(&r->server, how, sizeof(how));
	code = child_exit_code(&r->server);
	if (WIFSIGNALED(r->server.status))
		return run_fail(r, EXIT_FAILED, "the target died %s: %s", when, how);
	if (code == EXIT_USAGE || code == EXIT_UNFIT)
		return run_fail(r, code, "the target refused to start (exit %d)", code);
	return run_fail(r, EXIT_FAILED, "the target ended %s with exit code %d", when, code);
}

static int start_program(struct run *r)
{
	struct words guard = { 0 };
	char path[PATH_MAX];
	char *log = rundir_path(&r->record.dir, RUNFILE_DAEMON_LOG);
	int fd = log ? open_output(r, log) : run_fail(r, EXIT_FAILED, "out of memory");
	int rc;

	free(log);
	if (fd < 0)
		return fd;
	words_add(&guard, "--remove");
	words_add(&guard, r->folder.path);
	words_add_all(&guard, &r->endpoint);
	words_add(&guard, "--request");
	words_add(&guard, r->target->request);
	words_add(&guard, "--timeout");
	words_add(&guard, ANSWER_TIMEOUT);
	words_add(&guard, "--out");
	words_add(&guard, folder_path(r, START_FILE, path, sizeof(path)));
	rc = run_start(r, &r->server, &r->command, &guard, fd, fd);
	words_deinit(&guard);
	close(fd);
	return rc;
}

static int wait_for_start(struct run *r)
{
	uint64_t deadline_ns = clock_ns() + START_TIMEOUT_NS;
	char path[PATH_MAX];
	struct err err = ERR_INIT;

	folder_path(r, START_FILE, path, sizeof(path));
	while (!file_exists(path)) {
		int rc = server_must_live(r, "before it answered");

		if (rc == 0 && clock_ns() >= deadline_ns)
			rc = run_fail(r, EXIT_FAILED, "the target does not start");
		if (rc == 0)
			rc = run_wait(r, deadline_ns);
		if (rc < 0)
			return rc;
	}
	if (result_json_read(path, "goxel-start", 1, &r->record.start, &err) < 0)
		return run_fail(r, EXIT_FAILED, "%s", err.msg);
	return 0;
}

/* Parent of a process by its stat: the second number after its name. */
static pid_t parent_of(const char *pid)
{
	char path[64], *text = NULL;
	const char *end;
	int parent = 0;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	if (file_read(path, 4096, &text, &len, NULL) < 0)
		return 0;
	end = strrchr(text, ')');
	if (end && end[1] && end[2])
		parent = (int)strtol(end + 3, NULL, 10);
	free(text);
	return parent;
}

/* 0 when it has none. */
static pid_t child_of(pid_t parent)
{
	const struct dirent *entry;
	DIR *dir = opendir("/proc");
	pid_t found = 0;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of our own */
	while (dir && !found && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]) && parent_of(entry->d_name) == parent)
			found = (pid_t)strtol(entry->d_name, NULL, 10);
	if (dir)
		closedir(dir);
	return found;
}

static int find_profiled(struct run *r)
{
	r->profiled_pid = r->target->is_child ? child_of(r->server.pid) : r->server.pid;
	return r->profiled_pid ? 0 : run_fail(r, EXIT_FAILED, "the target has no child to profile");
}

int server_start(struct run *r)
{
	uint64_t start_ns = clock_ns();
	const json_t *start;
	int rc = start_program(r);

	if (rc == 0)
		rc = wait_for_start(r);
	start = r->record.start;
	if (rc == 0 && !json_is_true(json_object_get(start, "answered"))) {
		rc = server_must_live(r, "before it answered");
		if (rc == 0)
			rc = run_fail(r, EXIT_FAILED, "the target does not answer: %s",
				      json_string_value(json_object_get(start, "error")));
	}
	if (rc == 0)
		rc = find_profiled(r);
	if (rc < 0)
		return rc;
	record_phase(&r->record, "start", start_ns);
	run_say(r, "%s: first reply after %.2f ms, %.1f MiB resident", r->target->name,
		json_number_value(json_object_get(start, "first_reply_ns")) / 1e6,
		json_number_value(json_object_get(start, "rss_bytes")) / 1048576);
	return 0;
}

/* The result of one of the target's requests into *out; a failure becomes a warning. */
static int ask(struct run *r, const char *request, const char *what, json_t **out)
{
	char reply[PATH_MAX], path[PATH_MAX], last[LAST_LINE_BYTES];
	struct words w = { 0 };
	struct err err = ERR_INIT;
	json_t *root = NULL;
	int rc;

	if (!request)
		return 0;
	words_add_program(r, &w, "goxel-start");
	words_add_all(&w, &r->endpoint);
	words_add(&w, "--request");
	words_add(&w, request);
	words_add(&w, "--timeout");
	words_add(&w, ANSWER_TIMEOUT);
	rc = run_tool(r, &w, "reply", "ask.err");
	words_deinit(&w);
	if (rc < 0)
		return rc;
	if (rc > 0) {
		last_line_of(folder_path(r, "ask.err", path, sizeof(path)), last, sizeof(last));
		run_note(r, "the target does not say its %s: %s", what, last);
		return 0;
	}
	folder_path(r, "reply", reply, sizeof(reply));
	(void)result_json_read(reply, NULL, 0, &root, &err);
	*out = json_incref(json_object_get(root, "result"));
	json_decref(root);
	if (!*out) {
		last_line_of(reply, last, sizeof(last));
		run_note(r, "the target's %s is no JSON-RPC result: %.200s", what, last);
	}
	return 0;
}

void server_end(struct run *r, uint64_t timeout_ns)
{
	if (!r->server.pid)
		return;
	child_stop(&r->server, timeout_ns);
	kill(-r->server.pid, SIGKILL);
}

int server_stop(struct run *r)
{
	uint64_t start_ns = clock_ns();
	int rc = ask(r, r->target->version, "version", &r->record.about), code;

	if (rc == 0)
		rc = ask(r, r->target->status, "status", &r->record.status);
	if (rc < 0)
		return rc;
	server_end(r, END_TIMEOUT_NS);
	code = child_exit_code(&r->server);
	child_close(&r->server);
	if (code != 0 && code != 128 + SIGTERM)
		run_note(r, "the target ended with exit code %d", code);
	record_phase(&r->record, "stop", start_ns);
	return 0;
}
