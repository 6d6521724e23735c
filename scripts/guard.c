#include "scripts/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/err.h"

enum { END_MS = 5000, DESCRIPTORS_MAX = 16 };

static int pidfd_of(pid_t pid, struct err *err)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? err_set(err, -errno, "watch process %d: %s", (int)pid,
				strerrordesc_np(errno))
		      : fd;
}

static int caller_fd_of(pid_t caller, struct err *err)
{
	int fd = pidfd_of(caller, err);

	/* The number may have been reused before it was opened. */
	if (fd >= 0 && getppid() != caller) {
		close(fd);
		return err_set(err, -ESRCH, "process %d is not the caller, or has ended",
			       (int)caller);
	}
	return fd;
}

int guard_open(struct guard *g, pid_t caller, const char *folder, struct err *err)
{
	*g = (struct guard){ .group = getpid(), .folder = folder };
	g->caller_fd = caller_fd_of(caller, err);
	if (g->caller_fd < 0)
		return g->caller_fd;
	if (setpgid(0, 0) < 0)
		return err_set(err, -errno, "make a process group: %s", strerrordesc_np(errno));
	g->command_fd = pidfd_of(g->group, err);
	return g->command_fd < 0 ? g->command_fd : 0;
}

static bool has_ended(int pidfd, int timeout_ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) > 0;
}

int guard_relay_interrupts(pid_t caller, struct err *err)
{
	struct pollfd fds[2] = { { .fd = caller_fd_of(caller, err), .events = POLLIN },
				 { .events = POLLIN } };
	struct signalfd_siginfo info;
	sigset_t set;

	if (fds[0].fd < 0)
		return fds[0].fd;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	fds[1].fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fds[1].fd < 0)
		return err_set(err, -errno, "wait for signals: %s", strerrordesc_np(errno));
	while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
		if (fds[0].revents)
			break;
		if (fds[1].revents && read(fds[1].fd, &info, sizeof(info)) == sizeof(info))
			syscall(SYS_pidfd_send_signal, fds[0].fd, SIGUSR1, NULL, 0);
	}
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	remove(path);
	return 0; /* continue: files that cannot be removed stay */
}

/* Readers of the command's output must wait for the command's end, not for the guard's. */
static void leave_output(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; fd >= 0 && i <= STDERR_FILENO; i++)
		dup2(fd, i);
}

void guard_run(const struct guard *g)
{
	struct pollfd fds[] = { { .fd = g->caller_fd, .events = POLLIN },
				{ .fd = g->command_fd, .events = POLLIN } };

	setsid();
	leave_output();
	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	if (!fds[0].revents)
		return;
	if (!fds[1].revents) {
		kill(-g->group, SIGTERM);
		has_ended(g->command_fd, END_MS);
		/* Its children may live on; a signal to a process that is gone has no effect. */
		kill(-g->group, SIGKILL);
		has_ended(g->command_fd, END_MS);
	}
	if (g->folder) /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
		nftw(g->folder, remove_one, DESCRIPTORS_MAX, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}
