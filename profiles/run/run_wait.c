/* run_wait.c - the programs of a run, and the events that it waits for. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "profiles/run/options.h"
#include "profiles/run/run_private.h"

enum { EXIT_INTERRUPTED = 130, POLL_MS_MAX = 60000 };

const char *folder_path(const struct run *r, const char *name, char *out, size_t cap)
{
	snprintf(out, cap, "%s/%s", r->folder.path, name);
	return out;
}

void words_add_program(const struct run *r, struct words *w, const char *program)
{
	words_addf(w, "%s/%s", r->options->bin, program);
}

int open_output(struct run *r, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	return fd < 0 ? run_fail(r, EXIT_FAILED, "write %s: %s", path, strerrordesc_np(errno)) : fd;
}

int run_start(struct run *r, struct child *c, const struct words *own, const struct words *guard,
	      int out_fd, int err_fd)
{
	struct words w = { 0 };
	struct err err = ERR_INIT;
	int rc;

	words_add_program(r, &w, "goxel-start");
	words_add(&w, "--end-with");
	words_addf(&w, "%d", (int)getpid());
	if (guard)
		words_add_all(&w, guard);
	words_add(&w, "--");
	words_add_all(&w, own);
	rc = child_start(c, &w, out_fd, err_fd, &err);
	words_deinit(&w);
	return rc < 0 ? run_fail(r, EXIT_FAILED, "%s", err.msg) : 0;
}

int run_check_interrupt(struct run *r)
{
	struct signalfd_siginfo info;

	if (read(r->signal_fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	r->exit_code = EXIT_INTERRUPTED;
	snprintf(r->reason, sizeof(r->reason), "interrupted by SIG%s",
		 sigabbrev_np((int)info.ssi_signo));
	fputc('\n', stderr);
	return -ECANCELED;
}

/* Discards the events; the caller looks for what has changed. */
static void empty_watch(const struct run *r)
{
	char events[4096];

	while (read(r->watch_fd, events, sizeof(events)) > 0)
		;
}

/* An entry that poll ignores if there is nothing to wait for. */
static int fd_of(const struct child *c)
{
	return c->pid && !c->has_ended ? c->pidfd : -1;
}

int run_wait(struct run *r, uint64_t deadline_ns)
{
	struct pollfd fds[] = { { .fd = r->signal_fd, .events = POLLIN },
				{ .fd = r->watch_fd, .events = POLLIN },
				{ .fd = r->load_out, .events = POLLIN },
				{ .fd = fd_of(&r->server), .events = POLLIN },
				{ .fd = fd_of(&r->load), .events = POLLIN },
				{ .fd = fd_of(&r->profile), .events = POLLIN },
				{ .fd = fd_of(&r->tool), .events = POLLIN } };
	uint64_t now_ns = clock_ns();
	uint64_t left_ms = deadline_ns > now_ns ? (deadline_ns - now_ns) / NSEC_PER_MSEC + 1 : 0;
	int rc = poll(fds, sizeof(fds) / sizeof(fds[0]),
		      left_ms > POLL_MS_MAX ? POLL_MS_MAX : (int)left_ms);

	if (rc < 0 && errno != EINTR)
		return run_fail(r, EXIT_FAILED, "wait: %s", strerrordesc_np(errno));
	if (rc > 0 && fds[1].revents)
		empty_watch(r);
	if (rc > 0 && fds[2].revents)
		load_forward(r);
	return rc > 0 && fds[0].revents ? run_check_interrupt(r) : 0;
}

int run_tool(struct run *r, const struct words *w, const char *out_name, const char *err_name)
{
	char path[PATH_MAX];
	int out_fd = open_output(r, folder_path(r, out_name, path, sizeof(path)));
	int err_fd = out_fd < 0 ? -1 : open_output(r, folder_path(r, err_name, path, sizeof(path)));
	int rc = err_fd < 0 ? -ECANCELED : run_start(r, &r->tool, w, NULL, out_fd, err_fd);

	if (out_fd >= 0)
		close(out_fd);
	if (err_fd >= 0)
		close(err_fd);
	while (rc == 0 && child_lives(&r->tool))
		rc = run_wait(r, UINT64_MAX);
	/* Ctrl-C may have reached it before it had a group of its own. */
	if (rc == 0)
		rc = run_check_interrupt(r);
	if (rc == 0)
		rc = child_exit_code(&r->tool);
	else
		child_stop(&r->tool, 2 * NSEC_PER_SEC);
	child_close(&r->tool);
	return rc;
}
