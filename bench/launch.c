#include "bench/launch.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"

enum {
	RETRY_NS = 50000, /* between attempts to connect */
	DEADLINE_S = 10,
	CHUNK_BYTES = 1 << 16,
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
	return err_set(err, -errno, "there is no goxel-daemon beside this program");
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

static int wait_for(int fd, short events, struct err *err)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (poll(&p, 1, DEADLINE_S * 1000) == 1)
		return 0;
	return err_set(err, -ETIMEDOUT, "the daemon does not answer");
}

static int send_all(int fd, struct span bytes, struct err *err)
{
	while (bytes.len) {
		ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN) {
			int rc = wait_for(fd, POLLOUT, err);

			if (rc < 0)
				return rc;
			continue;
		}
		if (n <= 0)
			return err_set(err, -EPIPE, "the daemon takes no request");
		bytes = span_of(bytes.ptr + n, bytes.len - (size_t)n);
	}
	return 0;
}

int launch_ask(int fd, struct span request, struct strbuf *reply, struct err *err)
{
	int rc = send_all(fd, request, err);

	strbuf_clear(reply);
	while (rc == 0) {
		char chunk[CHUNK_BYTES];
		ssize_t n;

		rc = wait_for(fd, POLLIN, err);
		if (rc < 0)
			break;
		n = recv(fd, chunk, sizeof(chunk), 0);
		if (n <= 0)
			return err_set(err, -EPIPE, "the daemon hung up");
		strbuf_add(reply, chunk, (size_t)n);
		if (reply->failed)
			return err_set(err, -ENOMEM, "out of memory for the reply");
		if (chunk[n - 1] == '\n')
			return 0;
	}
	return rc;
}
