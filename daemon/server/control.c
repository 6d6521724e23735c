#include "daemon/server/control.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"
#include "daemon/base/pidfile.h"
#include "daemon/server/options.h"
#include "daemon/server/places.h"

enum {
	STOP_MS = 30000,
	KILL_MS = 1000, /* a killed process is gone at once, unless the kernel is stuck */
};

/* The daemon addressed by a command. */
struct found {
	char path[PATH_MAX];
	pid_t pid;
	int pidfd;
};

static void found_deinit(struct found *f)
{
	close(f->pidfd);
}

static int find_at(const char *path, struct found *out, struct err *err)
{
	if (!path)
		return err_set(err, -ENOMEM, "out of memory");
	if (snprintf(out->path, sizeof(out->path), "%s", path) >= (int)sizeof(out->path))
		return err_set(err, -ENAMETOOLONG, "pid file: its name is too long");
	return pidfile_find(path, &out->pid, &out->pidfd, err);
}

static int find_in_tmp(struct found *out, struct err *err)
{
	char *path = places_in_tmp(OPTIONS_PID_FILE);
	int rc = find_at(path, out, err);

	free(path);
	return rc;
}

/* A daemon started with another environment may use the second place. */
static int find(const char *pid_file, struct found *out, struct err *err)
{
	struct err other = ERR_INIT;
	char *first;
	int rc;

	if (pid_file)
		return find_at(pid_file, out, err);
	first = places_in_runtime_dir(OPTIONS_PID_FILE);
	if (!first)
		return find_in_tmp(out, err);
	rc = find_at(first, out, err);
	free(first);
	if (rc != -ESRCH)
		return rc;
	rc = find_in_tmp(out, &other);
	if (rc == -ESRCH)
		return err_wrap(err, rc, "%s", other.msg);
	return rc < 0 ? err_set(err, rc, "%s", other.msg) : rc;
}

/* Reports why the command cannot be done. */
static int no_daemon(const struct err *err)
{
	if (err->code == -ESRCH) {
		printf("Daemon is not running (%s)\n", err->msg);
		return EXIT_NO;
	}
	fprintf(stderr, "goxel-daemon: %s\n", err->msg);
	return EXIT_FAILED;
}

int control_status(const char *pid_file)
{
	struct err err = ERR_INIT;
	struct found f = { .pidfd = -1 };

	if (find(pid_file, &f, &err) < 0)
		return no_daemon(&err);
	printf("Daemon is running (PID: %ld)\n", (long)f.pid);
	found_deinit(&f);
	return EXIT_OK;
}

/* Returns 0 also when it has just ended by itself. */
static int send_signal(const struct found *f, int signo)
{
	if (pidfd_send_signal(f->pidfd, signo, NULL, 0) == 0 || errno == ESRCH)
		return 0;
	fprintf(stderr, "goxel-daemon: cannot signal process %ld: %s\n", (long)f->pid,
		strerrordesc_np(errno));
	return -errno;
}

/* Returns true when it has ended in time. */
static bool wait_gone(const struct found *f, int timeout_ms)
{
	struct pollfd p = { .fd = f->pidfd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

static int stop(const struct found *f)
{
	if (send_signal(f, SIGTERM) < 0)
		return EXIT_FAILED;
	if (wait_gone(f, STOP_MS)) {
		printf("Daemon stopped (PID: %ld)\n", (long)f->pid);
		return EXIT_OK;
	}
	if (send_signal(f, SIGKILL) < 0)
		return EXIT_FAILED;
	if (!wait_gone(f, KILL_MS)) {
		fprintf(stderr, "goxel-daemon: process %ld does not end, even after SIGKILL\n",
			(long)f->pid);
		return EXIT_FAILED;
	}
	pidfile_remove_stale(f->path);
	printf("Daemon killed (PID: %ld): it did not stop within %d s\n", (long)f->pid,
	       STOP_MS / 1000);
	return EXIT_OK;
}

int control_stop(const char *pid_file)
{
	struct err err = ERR_INIT;
	struct found f = { .pidfd = -1 };
	int code;

	if (find(pid_file, &f, &err) < 0)
		return no_daemon(&err);
	code = stop(&f);
	found_deinit(&f);
	return code;
}

int control_reload(const char *pid_file)
{
	struct err err = ERR_INIT;
	struct found f = { .pidfd = -1 };
	int rc;

	if (find(pid_file, &f, &err) < 0)
		return no_daemon(&err);
	rc = send_signal(&f, SIGHUP);
	if (rc == 0)
		printf("Daemon reloads its configuration (PID: %ld)\n", (long)f.pid);
	found_deinit(&f);
	return rc < 0 ? EXIT_FAILED : EXIT_OK;
}
