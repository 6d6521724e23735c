/* pair_server.c - starting, watching and ending a server. */
#include "loadgen/pair/pair_server.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"

enum {
	STOP_WAIT_MS = 5000,
	WORDS_OF_START = 14, /* of goxel-start before the command */
	LOG_BYTES_MAX = 64 << 20,
	LOG_LINE_SHOWN = 120,
};

#define START_FILE "start.json"
#define LOG_FILE   "server.log"

/* Memory for the child, allocated before the fork. */
struct launch {
	const struct pair_start *s;
	char **words; /* of the command; owned */
	char *memory; /* of words; owned */
	char **argv;  /* goxel-start's and the command's; owned */
	char program[PATH_MAX];
	char caller[16], timeout[24], request[4096], addr[160], out[PATH_MAX + 16];
	char log[PATH_MAX + 16];
};

static void launch_deinit(struct launch *l)
{
	free(l->words);
	free(l->memory);
	free(l->argv);
}

static int make_argv(struct launch *l, const struct pair_server *server, struct err *err)
{
	const struct target_file *t = &l->s->arm->target;
	size_t words = 0, n = 0;
	char *head[WORDS_OF_START];

	snprintf(l->program, sizeof(l->program), "%.*s/goxel-start", PATH_MAX - 16,
		 l->s->home->bin);
	snprintf(l->caller, sizeof(l->caller), "%d", (int)getpid());
	snprintf(l->timeout, sizeof(l->timeout), "%llums",
		 (unsigned long long)(l->s->timeout_ns / NSEC_PER_MSEC));
	snprintf(l->request, sizeof(l->request), "--request=%s", t->request);
	snprintf(l->out, sizeof(l->out), "%s/" START_FILE, server->dir);
	snprintf(l->log, sizeof(l->log), "%s/" LOG_FILE, server->dir);
	sock_format(&server->addr, l->addr, sizeof(l->addr));
	head[n++] = l->program;
	head[n++] = (char *)"--end-with";
	head[n++] = l->caller;
	head[n++] = (char *)"--remove";
	head[n++] = (char *)l->s->base;
	head[n++] = (char *)(server->addr.is_unix ? "--unix" : "--tcp");
	/* "unix:/path" */
	head[n++] = l->addr + (server->addr.is_unix ? strlen("unix:") : 0);
	head[n++] = l->request;
	head[n++] = (char *)"--timeout";
	head[n++] = l->timeout;
	head[n++] = (char *)"--out";
	head[n++] = l->out;
	head[n++] = (char *)"--";
	while (l->words[words])
		words++;
	l->argv = calloc(n + words + 1, sizeof(*l->argv));
	if (!l->argv)
		return err_set(err, -ENOMEM, "out of memory for a command");
	memcpy(l->argv, head, n * sizeof(*head));
	memcpy(l->argv + n, l->words, words * sizeof(*head));
	return 0;
}

/* In the child. On failure the server appears as ended, with this line in its log. */
static void become(const struct launch *l)
{
	char pad[4096 + 1];
	sigset_t none;
	int null_fd = open("/dev/null", O_RDONLY);
	int log_fd = open(l->log, O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (null_fd >= 0)
		dup2(null_fd, STDIN_FILENO);
	if (log_fd >= 0) {
		dup2(log_fd, STDOUT_FILENO);
		dup2(log_fd, STDERR_FILENO);
	}
	memset(pad, 'x', sizeof(pad));
	pad[l->s->pad_bytes < sizeof(pad) ? l->s->pad_bytes : sizeof(pad) - 1] = '\0';
	setenv("GOXEL_PAD", pad, 1); /* NOLINT(concurrency-mt-unsafe): one thread */
	sigemptyset(&none);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	sigprocmask(SIG_SETMASK, &none, NULL);
	sched_setaffinity(0, sizeof(*l->s->cpus), l->s->cpus);
	execv(l->program, l->argv);
	fprintf(stderr, "cannot run %s: %s\n", l->program, strerrordesc_np(errno));
	_exit(127);
}

static int launch(const struct pair_start *s, struct pair_server *out, struct err *err)
{
	const struct target_places places = {
		.bin = s->arm->bin,
		.dir = out->dir,
		.root = s->arm->root,
		.args = s->arm->args,
	};
	struct launch l = { .s = s };
	int rc;

	rc = target_file_addr(&s->arm->target, &places, &out->addr, err);
	if (!rc)
		rc = target_file_command(&s->arm->target, &places, &l.words, &l.memory, err);
	if (!rc)
		rc = make_argv(&l, out, err);
	if (!rc) {
		out->pid = fork();
		if (!out->pid)
			become(&l);
		if (out->pid < 0) {
			out->pid = 0;
			rc = err_set(err, -errno, "start a process: %s", strerrordesc_np(errno));
		}
	}
	launch_deinit(&l);
	if (rc)
		return rc;
	out->pidfd = (int)syscall(SYS_pidfd_open, out->pid, 0);
	return out->pidfd < 0 ? err_set(err, -errno, "watch process %d", (int)out->pid) : 0;
}

/* The last line of the server's log, for messages; "" when there is none. */
static void last_words(const struct pair_server *s, char *out, size_t cap)
{
	char path[PATH_MAX + 16];
	char *text = NULL, *line;
	size_t len;

	out[0] = '\0';
	snprintf(path, sizeof(path), "%s/" LOG_FILE, s->dir);
	if (file_read(path, LOG_BYTES_MAX, &text, &len, NULL) < 0)
		return;
	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	line = memrchr(text, '\n', len);
	snprintf(out, cap, "%.*s", LOG_LINE_SHOWN, line ? line + 1 : text);
	free(text);
}

static int fail(struct pair_server *s, const char *why, int rc, struct err *err)
{
	char last[LOG_LINE_SHOWN + 1];

	last_words(s, last, sizeof(last));
	return err_set(err, rc, "%s%s%s", why, last[0] ? "; the last line of its log: " : "", last);
}

static int read_start(struct pair_server *s, struct err *err)
{
	char path[PATH_MAX + 16];
	json_t *root;
	int rc = 0;

	snprintf(path, sizeof(path), "%s/" START_FILE, s->dir);
	root = json_load_file(path, 0, NULL);
	if (json_is_true(json_object_get(root, "answered"))) {
		s->first_reply_ns =
			(uint64_t)json_integer_value(json_object_get(root, "first_reply_ns"));
	} else {
		const char *why = json_string_value(json_object_get(root, "error"));

		rc = fail(s, why ? why : "the server did not answer", -ETIMEDOUT, err);
	}
	json_decref(root);
	return rc;
}

static bool has_file(const struct pair_server *s)
{
	char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s/" START_FILE, s->dir);
	return file_exists(path);
}

/* goxel-start writes its file once the server has answered, or has failed to. */
static int await_start(const struct pair_start *s, struct pair_server *server, int notify_fd,
		       struct err *err)
{
	uint64_t deadline_ns = clock_ns() + s->timeout_ns + 2 * NSEC_PER_SEC;
	char events[4096];

	while (!has_file(server)) {
		struct pollfd p[3] = {
			{ .fd = notify_fd, .events = POLLIN },
			{ .fd = server->pidfd, .events = POLLIN },
			{ .fd = s->stop_fd, .events = POLLIN },
		};
		uint64_t now = clock_ns();

		if (now >= deadline_ns)
			return fail(server, "the server did not answer in time", -ETIMEDOUT, err);
		if (poll(p, 3, (int)((deadline_ns - now) / NSEC_PER_MSEC) + 1) <= 0)
			continue;
		if (p[2].revents)
			return err_set(err, -EINTR, "interrupted");
		/* It may have answered and ended since the loop began. */
		if (!pair_server_is_alive(server) && !has_file(server))
			return fail(server, "the server ended before it answered", -ECHILD, err);
		if (p[0].revents && read(notify_fd, events, sizeof(events)) < 0)
			continue;
	}
	return read_start(server, err);
}

int pair_server_start(const struct pair_start *s, struct pair_server *out, struct err *err)
{
	int notify_fd, rc;

	*out = (struct pair_server){ .pidfd = -1 };
	if (snprintf(out->dir, sizeof(out->dir), "%s/%c", s->base, s->arm->name) >= PATH_MAX)
		return err_set(err, -ENAMETOOLONG, "a path of more than %d bytes", PATH_MAX);
	rc = file_make_dirs(out->dir, err);
	if (rc)
		return rc;
	notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (notify_fd < 0 || inotify_add_watch(notify_fd, out->dir, IN_CREATE | IN_MOVED_TO) < 0)
		rc = err_set(err, -errno, "watch %s", out->dir);
	if (!rc)
		rc = launch(s, out, err);
	if (!rc)
		rc = await_start(s, out, notify_fd, err);
	if (notify_fd >= 0)
		close(notify_fd);
	return rc;
}

static void note_end(struct pair_server *s, const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		snprintf(s->how_ended, sizeof(s->how_ended), "exit %d", info->si_status);
	else
		snprintf(s->how_ended, sizeof(s->how_ended), "killed by SIG%s",
			 sigabbrev_np(info->si_status));
}

bool pair_server_is_alive(struct pair_server *s)
{
	siginfo_t info = { 0 };

	if (s->how_ended[0] || !s->pid)
		return false;
	/* WNOWAIT: the process number stays valid, and the group's too, until pair_server_stop. */
	if (waitid(P_PID, (id_t)s->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && !info.si_pid)
		return true;
	note_end(s, &info);
	return false;
}

static void remove_dir(const struct pair_server *s)
{
	static const char *const names[] = { START_FILE, LOG_FILE, "daemon.sock", "echo.sock" };
	char path[PATH_MAX + 32];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", s->dir, names[i]);
		unlink(path);
	}
	rmdir(s->dir);
}

void pair_server_stop(struct pair_server *s)
{
	struct pollfd p = { .fd = s->pidfd, .events = POLLIN };
	siginfo_t info;

	if (s->pid) {
		kill(s->pid, SIGTERM);
		if (pair_server_is_alive(s))
			poll(&p, 1, STOP_WAIT_MS);
		/* The rest of the group: wrappers, children, or a process that does not end. */
		kill(-s->pid, SIGKILL);
		waitid(P_PID, (id_t)s->pid, &info, WEXITED);
	}
	if (s->pidfd >= 0)
		close(s->pidfd);
	if (s->dir[0])
		remove_dir(s);
	*s = (struct pair_server){ .pidfd = -1 };
}
