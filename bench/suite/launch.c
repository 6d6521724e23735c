#include "bench/suite/launch.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/sock_io.h"

enum {
	RETRY_NS = 50000, /* between attempts to connect */
	DEADLINE_S = 10,
	REPLY_BYTES_MAX = 1 << 30,
};

static int find_daemon(struct launch *l, struct err *err)
{
	ssize_t n = readlink("/proc/self/exe", l->daemon, sizeof(l->daemon) - 32);
	char *slash;

	if (n < 0)
		return err_set(err, -errno, "read /proc/self/exe: %s", strerrordesc_np(errno));
	l->daemon[n] = '\0';
	slash = strrchr(l->daemon, '/');
	slash = slash ? slash + 1 : l->daemon;
	snprintf(slash, (size_t)(l->daemon + sizeof(l->daemon) - slash), "goxel-daemon");
	if (access(l->daemon, X_OK) == 0)
		return 0;
	return err_set(err, -errno, "there is no goxel-daemon next to this program");
}

int launch_init(struct launch *l, struct err *err)
{
	const char *tmp = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): only read */
	int rc;
	int n;

	*l = (struct launch){ 0 };
	rc = find_daemon(l, err);
	if (rc < 0)
		return rc;
	n = snprintf(l->dir, sizeof(l->dir), "%s/goxel-bench.XXXXXX", tmp ? tmp : "/tmp");
	if (n < 0 || (size_t)n >= sizeof(l->dir))
		return err_set(err, -EINVAL, "TMPDIR is too long for a socket's name");
	if (!mkdtemp(l->dir))
		return err_set(err, -errno, "make %s: %s", l->dir, strerrordesc_np(errno));
	snprintf(l->socket, sizeof(l->socket), "%s/s", l->dir);
	rc = sock_parse_unix(l->socket, &l->addr, err);
	if (rc < 0)
		launch_deinit(l);
	return rc;
}

void launch_deinit(struct launch *l)
{
	DIR *dir;
	struct dirent *entry;

	launch_end(l);
	dir = opendir(l->dir);
	while (dir && (entry = readdir(dir))) /* NOLINT(concurrency-mt-unsafe): a stream of ours */
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(l->dir);
}

int launch_start(struct launch *l, const char *preset, struct err *err)
{
	char *argv[] = { l->daemon,
			 (char *)(uintptr_t) "--preset",
			 (char *)(uintptr_t)preset,
			 (char *)(uintptr_t) "--foreground",
			 (char *)(uintptr_t) "--socket",
			 l->socket,
			 NULL };
	posix_spawn_file_actions_t actions;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", 1, 0);
	if (rc == 0)
		rc = posix_spawn(&l->pid, l->daemon, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc)
		l->pid = 0;
	return rc ? err_set(err, -rc, "start %s: %s", l->daemon, strerrordesc_np(rc)) : 0;
}

void launch_end(struct launch *l)
{
	if (!l->pid)
		return;
	kill(l->pid, SIGTERM);
	waitpid(l->pid, NULL, 0);
	l->pid = 0;
}

int launch_connect(struct launch *l, uint64_t deadline_ns, struct err *err)
{
	for (;;) {
		int fd = sock_connect(&l->addr, NSEC_PER_SEC, err);

		if (fd >= 0 || clock_ns() >= deadline_ns)
			return fd;
		if (waitpid(l->pid, NULL, WNOHANG) == l->pid) {
			l->pid = 0;
			return err_set(err, -ECHILD, "the daemon ended before it answered");
		}
		*err = ERR_INIT;
		clock_sleep_until_ns(clock_ns() + RETRY_NS);
	}
}

int launch_ask(int fd, struct span request, struct strbuf *reply, struct err *err)
{
	uint64_t deadline_ns = clock_ns() + DEADLINE_S * NSEC_PER_SEC;
	int rc = sock_send_all(fd, request, deadline_ns);

	if (rc == 0)
		rc = sock_receive_line(fd, deadline_ns, REPLY_BYTES_MAX, reply);
	return rc < 0 ? err_set(err, rc, "the daemon does not answer: %s", strerrordesc_np(-rc))
		      : 0;
}
