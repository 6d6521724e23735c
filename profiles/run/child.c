#include "profiles/run/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"

enum { POLL_MS_MAX = 60000 };

static void take_word(struct words *w, char *word)
{
	if (!word || w->count == WORDS_MAX) {
		free(word);
		w->failed = true;
		return;
	}
	w->list[w->count++] = word;
}

void words_add(struct words *w, const char *word)
{
	take_word(w, strdup(word));
}

void words_addf(struct words *w, const char *fmt, ...)
{
	va_list args;
	char *word = NULL;

	va_start(args, fmt);
	if (vasprintf(&word, fmt, args) < 0)
		word = NULL;
	va_end(args);
	take_word(w, word);
}

void words_add_all(struct words *w, const struct words *more)
{
	for (size_t i = 0; i < more->count; i++)
		words_add(w, more->list[i]);
	w->failed |= more->failed;
}

void words_deinit(struct words *w)
{
	for (size_t i = 0; i < w->count; i++)
		free(w->list[i]);
	*w = (struct words){ 0 };
}

static int spawn(pid_t *pid, const struct words *w, int out_fd, int err_fd)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO);
	posix_spawnattr_setsigmask(&attr, &none);
	/* Now: goxel-start makes its own only later. */
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETPGROUP);
	rc = posix_spawn(pid, w->list[0], &actions, &attr, w->list, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

int child_start(struct child *c, const struct words *w, int out_fd, int err_fd, struct err *err)
{
	struct child child = { 0 };
	int rc = w->failed ? -E2BIG : spawn(&child.pid, w, out_fd, err_fd);

	if (rc < 0)
		return err_set(err, rc, "start %s: %s", w->count ? w->list[0] : "a program",
			       strerrordesc_np(-rc));
	child.pidfd = (int)syscall(SYS_pidfd_open, child.pid, 0);
	if (child.pidfd < 0) {
		rc = -errno;
		kill(child.pid, SIGKILL);
		waitpid(child.pid, NULL, 0);
		return err_set(err, rc, "watch %s: %s", w->list[0], strerrordesc_np(-rc));
	}
	*c = child;
	return 0;
}

bool child_lives(struct child *c)
{
	if (c->pid && !c->has_ended && waitpid(c->pid, &c->status, WNOHANG) == c->pid)
		c->has_ended = true;
	return !c->has_ended;
}

bool child_wait(struct child *c, uint64_t timeout_ns)
{
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };
	uint64_t deadline_ns = clock_ns() + timeout_ns;

	while (child_lives(c)) {
		uint64_t now_ns = clock_ns(), left_ms;

		if (now_ns >= deadline_ns)
			return false;
		left_ms = (deadline_ns - now_ns) / NSEC_PER_MSEC + 1;
		poll(&p, 1, left_ms > POLL_MS_MAX ? POLL_MS_MAX : (int)left_ms);
	}
	return true;
}

void child_stop(struct child *c, uint64_t timeout_ns)
{
	if (!c->pid || !child_lives(c))
		return;
	kill(c->pid, SIGTERM);
	if (child_wait(c, timeout_ns))
		return;
	fprintf(stderr, "goxel-run: process %d does not end: killing it\n", (int)c->pid);
	kill(c->pid, SIGKILL);
	child_wait(c, UINT64_MAX / 4);
}

void child_close(struct child *c)
{
	if (c->pid)
		close(c->pidfd);
	*c = (struct child){ 0 };
}

void child_how_ended(const struct child *c, char *out, size_t cap)
{
	if (WIFSIGNALED(c->status))
		snprintf(out, cap, "killed by SIG%s", sigabbrev_np(WTERMSIG(c->status)));
	else
		snprintf(out, cap, "exit %d", WEXITSTATUS(c->status));
}

int child_exit_code(const struct child *c)
{
	return WIFSIGNALED(c->status) ? 128 + WTERMSIG(c->status) : WEXITSTATUS(c->status);
}
