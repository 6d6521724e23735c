#include "daemon/test/stress/target.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/strbuf.h"
#include "daemon/test/stress/fail_alloc.h"
#include "daemon/test/stress/link.h"
#include "daemon/test/stress/report.h"

enum {
	START_S = 30,
	KILL_S = 20, /* after the limit of an end has passed, until KILL */
	ARGS_MAX = 64,
	LOG_BYTES_MAX = 256 << 20,
	LOG_TAIL_BYTES = 4000,
	LOG_LINE_MAX = 200,
	CHILDREN_MAX = 256,
};

/* Children of this process, into pids; returns how many. */
static size_t list_children(pid_t *pids, size_t cap)
{
	char path[64];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)getpid(), (int)getpid());
	f = fopen(path, "re");
	while (f && n < cap && fscanf(f, "%d", &pids[n]) == 1)
		n++;
	if (f)
		fclose(f);
	return n;
}

/* ---- start ---------------------------------------------------------------- */

/* The words of text, cut in place, after argv[n]. */
static int add_words(const char **argv, int n, char *text)
{
	char *rest = NULL;

	for (char *w = strtok_r(text, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
		if (n < ARGS_MAX - 1)
			argv[n++] = w;
	return n;
}

/* The words with {dir} and {n} replaced, in fresh memory. */
static char *fill_words(const char *text, const char *dir)
{
	static unsigned number; /* the main thread alone starts daemons */
	struct strbuf sb = { 0 };

	number++;
	for (; text && *text; text++) {
		if (strncmp(text, "{dir}", 5) == 0) {
			strbuf_add_str(&sb, dir);
			text += 4;
		} else if (strncmp(text, "{n}", 3) == 0) {
			strbuf_add_i64(&sb, number);
			text += 2;
		} else {
			strbuf_add_char(&sb, *text);
		}
	}
	strbuf_add_char(&sb, ' '); /* never NULL */
	return strbuf_take(&sb);
}

static void set_environment(const struct target *t)
{
	const struct target_place *p = t->place;
	char text[512];
	const char *asan = getenv("ASAN_OPTIONS");

	setenv("GOXEL_RENDER_DIR", p->renders, 1);
	/* The library stands in front of the sanitizer's malloc on purpose. */
	snprintf(text, sizeof(text), "%s:verify_asan_link_order=0:allocator_may_return_null=1",
		 asan ? asan : "halt_on_error=1");
	setenv("ASAN_OPTIONS", text, 1);
	setenv("UBSAN_OPTIONS", "print_stacktrace=1", 0);
	if (t->cfg->with_fail_alloc && p->fail_library) {
		setenv(FAIL_ALLOC_ENV, p->fail_file, 1);
		setenv("LD_PRELOAD", p->fail_library, 1);
	}
}

/* The child; does not return. It ends with the thread that started it. */
static void become_daemon(const struct target *t, const char **argv, int log_fd)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(log_fd, STDOUT_FILENO);
	dup2(log_fd, STDERR_FILENO);
	set_environment(t);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

static int spawn(struct target *t, struct err *err)
{
	char *args = fill_words(t->cfg->args, t->place->dir);
	const char *argv[ARGS_MAX] = {
		t->cfg->program,      "--preset",  t->cfg->preset, "--socket",    t->addr.path,
		"--pid-file",         t->pid_file, "--tcp",        "127.0.0.1:0", "--token-file",
		t->place->token_file, "--root",    t->place->dir,
	};
	int n = 13;
	int fd = open(t->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || !args) {
		free(args);
		return err_set(err, -errno, "open %s", t->log);
	}
	if (t->cfg->transport) {
		argv[n++] = "--transport";
		argv[n++] = t->cfg->transport;
	}
	add_words(argv, n, args);
	t->pid = fork();
	if (t->pid == 0)
		become_daemon(t, argv, fd);
	free(args);
	close(fd);
	if (t->pid < 0) {
		t->pid = 0;
		return err_set(err, -errno, "fork");
	}
	t->pidfd = (int)syscall(SYS_pidfd_open, t->pid, 0);
	return t->pidfd < 0 ? err_set(err, -errno, "pidfd_open") : 0;
}

bool target_is_alive(const struct target *t)
{
	struct pollfd p = { .fd = t->pidfd, .events = POLLIN };

	return !atomic_load(&t->is_ending) && t->pid > 0 && poll(&p, 1, 0) == 0;
}

/* The port that the log names. */
static int find_port(struct target *t, struct err *err)
{
	static const char mark[] = "listening on 127.0.0.1:";
	char address[32];
	char *text = NULL;
	size_t len;
	int rc = file_read(t->log, LOG_BYTES_MAX, &text, &len, err);
	const char *at = rc < 0 ? NULL : strstr(text, mark);

	if (at) {
		snprintf(address, sizeof(address), "127.0.0.1:%lu",
			 strtoul(at + sizeof(mark) - 1, NULL, 10));
		rc = sock_parse_tcp(address, &t->tcp, err);
	} else if (rc == 0) {
		rc = err_set(err, -ENOENT, "no port in %s", t->log);
	}
	free(text);
	return rc;
}

/* One "version", which also says the build's variant. */
static int greet(struct target *t)
{
	struct link l = LINK_INIT;
	struct link_reply reply;
	int rc = link_open(&l, &t->addr, -1);

	if (rc == 0)
		rc = link_call(&l, "version", "{}", START_S * NSEC_PER_SEC, &reply);
	if (rc == 0 && reply.kind != LINK_RESULT)
		rc = -EPROTO;
	if (rc == 0)
		t->is_sanitized = memmem(reply.body.ptr, reply.body.len, "asan", 4) ||
				  memmem(reply.body.ptr, reply.body.len, "tsan", 4);
	link_deinit(&l);
	return rc;
}

int target_start(struct target *t, const struct target_cfg *cfg, const struct target_place *place,
		 struct err *err)
{
	uint64_t deadline_ns = clock_ns() + START_S * NSEC_PER_SEC;
	int rc;

	*t = (struct target){ .cfg = cfg, .place = place, .pidfd = -1 };
	t->addr.is_unix = true;
	snprintf(t->addr.path, sizeof(t->addr.path), "%s/s", place->dir);
	snprintf(t->pid_file, sizeof(t->pid_file), "%s/pid", place->dir);
	snprintf(t->log, sizeof(t->log), "%s/log", place->dir);
	if (place->fail)
		atomic_store(&place->fail->one_in, 0);
	t->others_count = list_children(t->others, TARGET_OTHERS_MAX);
	rc = spawn(t, err);
	while (rc == 0) {
		if (greet(t) == 0)
			break;
		if (!target_is_alive(t))
			rc = err_set(err, -ECHILD, "%s ended at its start", cfg->program);
		else if (clock_ns() > deadline_ns)
			rc = err_set(err, -ETIMEDOUT, "%s does not answer", cfg->program);
		else
			clock_sleep_until_ns(clock_ns() + 5 * NSEC_PER_MSEC);
	}
	if (rc == 0)
		rc = find_port(t, err);
	if (rc < 0) {
		target_show_log(t);
		target_kill(t);
	}
	return rc;
}

/* ---- end ------------------------------------------------------------------ */

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

	if (file_read(t->log, LOG_BYTES_MAX, &text, &len, NULL) < 0)
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
	size_t n = list_children(pids, CHILDREN_MAX);
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

/* Statistics fill a log with long lines: what matters is short, and at the end. */
void target_show_log(const struct target *t)
{
	char *text = NULL;
	size_t len = 0;
	char *at;

	if (file_read(t->log, LOG_BYTES_MAX, &text, &len, NULL) < 0)
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
