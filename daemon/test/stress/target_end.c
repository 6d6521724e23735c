/* target_end.c - the end of the daemon under test, and what it leaves behind; see target.h. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/file.h"
#include "daemon/test/stress/proc_sample.h"
#include "daemon/test/stress/report.h"
#include "daemon/test/stress/target.h"

enum {
	KILL_S = 20, /* after the limit of an end has passed, until KILL */
	LOG_TAIL_BYTES = 4000,
	LOG_LINE_MAX = 200,
	CHILDREN_MAX = 256,
};

/* Statistics fill a log with long lines: what matters is short, and at the end. */
void target_show_log(const struct target *t)
{
	char *text = NULL;
	size_t len = 0;
	char *at;

	if (file_read(t->log, TARGET_LOG_BYTES_MAX, &text, &len, NULL) < 0)
		return;
	at = text + (len > LOG_TAIL_BYTES ? len - LOG_TAIL_BYTES : 0);
	fprintf(stderr, "---- end of %s:\n", t->log);
	for (char *end; *at; at = end + (*end == '\n')) {
		end = at + strcspn(at, "\n");
		if (!memmem(at, (size_t)(end - at), "statistics:", 11))
			fprintf(stderr, "%.*s\n",
				end - at > LOG_LINE_MAX ? LOG_LINE_MAX : (int)(end - at), at);
	}
	fprintf(stderr, "----\n");
	free(text);
}

/* Until the daemon has ended; false when time is over. */
static bool wait_end(const struct target *t, uint64_t limit_ns)
{
	struct pollfd p = { .fd = t->pidfd, .events = POLLIN };
	uint64_t deadline_ns = clock_ns() + limit_ns;
	uint64_t now;

	while ((now = clock_ns()) < deadline_ns)
		if (poll(&p, 1, (int)((deadline_ns - now) / NSEC_PER_MSEC) + 1) > 0)
			return true;
	return false;
}

static int reap(struct target *t)
{
	int status = 0;

	while (waitpid(t->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(t->pidfd);
	t->pidfd = -1;
	t->pid = 0;
	return status;
}

void target_kill(struct target *t)
{
	if (t->pid <= 0)
		return;
	atomic_store(&t->is_ending, true);
	kill(t->pid, SIGKILL);
	reap(t);
}

/* Reports the first sanitizer's report in the log; false without one. */
static bool show_sanitizer(const struct target *t, struct report *report)
{
	static const char *const marks[] = { "ERROR: AddressSanitizer", "ERROR: LeakSanitizer",
					     "WARNING: ThreadSanitizer", "runtime error:" };
	char *text = NULL;
	const char *at = NULL;
	size_t len;

	if (file_read(t->log, TARGET_LOG_BYTES_MAX, &text, &len, NULL) < 0)
		return false;
	for (size_t i = 0; !at && i < sizeof(marks) / sizeof(marks[0]); i++)
		at = strstr(text, marks[i]);
	/* From the line's beginning: it has the place. */
	while (at && at > text && at[-1] != '\n')
		at--;
	if (at) {
		report_fail(report, "daemon", "sanitizer report", "%.*s", (int)strcspn(at, "\n"),
			    at);
		fprintf(stderr, "%.*s\n", LOG_TAIL_BYTES, at);
	}
	free(text);
	return at != NULL;
}

static void check_status(const struct target *t, int status, struct report *report)
{
	if (WIFSIGNALED(status))
		report_fail(report, "daemon", "died", "ended by signal %d (SIG%s)",
			    WTERMSIG(status), sigabbrev_np(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 0)
		report_fail(report, "daemon", "exit code", "exit code %d", WEXITSTATUS(status));
	if (!show_sanitizer(t, report) && status != 0)
		target_show_log(t);
}

/* Files of file_write_atomic that a save did not rename or remove: NAME.XXXXXX. */
static bool is_temporary(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && strlen(dot + 1) == 6;
}

static void check_folder(const char *path, bool only_temporary, const char *what,
			 struct report *report)
{
	DIR *dir = opendir(path);

	if (!dir)
		return;
	for (struct dirent *e; (e = readdir(dir));) /* NOLINT(concurrency-mt-unsafe) */
		if (e->d_name[0] != '.' && (!only_temporary || is_temporary(e->d_name)))
			report_fail(report, "daemon", what, "%s/%s", path, e->d_name);
	closedir(dir);
}

static bool is_among(pid_t pid, const pid_t *pids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/*
 * What the daemon's children left: this process is their new parent (PR_SET_CHILD_SUBREAPER). A
 * shell may have given it children of its own, such as tee: those were there before.
 */
static void check_children(const struct target *t, struct report *report)
{
	pid_t pids[CHILDREN_MAX];
	size_t n = proc_list_children(pids, CHILDREN_MAX);
	unsigned left = 0;

	for (size_t i = 0; i < n; i++) {
		if (is_among(pids[i], t->others, t->others_count) ||
		    waitpid(pids[i], NULL, WNOHANG) > 0)
			continue;
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
		left++;
	}
	if (left > 0)
		report_fail(report, "daemon", "children left", "%u processes outlived it", left);
}

static void check_left_behind(const struct target *t, struct report *report)
{
	if (access(t->addr.path, F_OK) == 0)
		report_fail(report, "daemon", "socket left", "%s", t->addr.path);
	if (access(t->pid_file, F_OK) == 0)
		report_fail(report, "daemon", "pid file left", "%s", t->pid_file);
	check_folder(t->place->renders, false, "picture left", report);
	check_folder(t->place->files, true, "temporary file left", report);
	if (t->place->has_disk)
		check_folder(t->place->disk, true, "temporary file left", report);
}

uint64_t target_end(struct target *t, uint64_t limit_ns, struct report *report)
{
	uint64_t begin_ns = clock_ns();
	uint64_t took_ns;
	bool was_alive = target_is_alive(t);
	bool in_time = true;

	if (t->pid <= 0)
		return 0;
	atomic_store(&t->is_ending, true);
	if (was_alive) {
		kill(t->pid, SIGTERM);
		in_time = wait_end(t, limit_ns);
	}
	if (!in_time && !wait_end(t, KILL_S * NSEC_PER_SEC)) {
		report_fail(report, "daemon", "end", "not ended %.0f s after TERM: killed",
			    (double)(clock_ns() - begin_ns) / 1e9);
		kill(t->pid, SIGKILL);
		reap(t);
		unlink(t->addr.path);
		unlink(t->pid_file);
		check_children(t, report);
		return clock_ns() - begin_ns;
	}
	took_ns = clock_ns() - begin_ns;
	if (!in_time)
		report_fail(report, "daemon", "end", "ended %.1f s after TERM",
			    (double)took_ns / 1e9);
	check_status(t, reap(t), report);
	check_children(t, report);
	if (was_alive)
		check_left_behind(t, report);
	unlink(t->addr.path);
	unlink(t->pid_file);
	return took_ns;
}
