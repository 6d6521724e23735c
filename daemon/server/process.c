#include "daemon/server/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/cli.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/server/listen.h"

enum { STOP_S = 30 };

int process_daemonize(int *ready_fd, struct err *err)
{
	int fds[2];
	pid_t pid = 0;
	char word;
	int state;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(err, -errno, "pipe: %s", strerrordesc_np(errno));
	pid = fork();
	if (pid < 0) {
		int rc = err_set(err, -errno, "fork: %s", strerrordesc_np(errno));

		close(fds[0]);
		close(fds[1]);
		return rc;
	}
	if (pid == 0) {
		close(fds[0]);
		setsid();
		*ready_fd = fds[1];
		return 0;
	}
	close(fds[1]);
	if (read(fds[0], &word, 1) == 1)
		_exit(EXIT_OK);
	/* The child has ended without a word: its message is on stderr. */
	if (waitpid(pid, &state, 0) == pid && WIFEXITED(state))
		_exit(WEXITSTATUS(state));
	_exit(EXIT_FAILED);
}

void process_detached(int ready_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		close(null);
	}
	if (write(ready_fd, "1", 1) < 0)
		errno = 0; /* the parent was killed: nobody waits for the word */
	close(ready_fd);
}

int process_read_pid(const char *path, pid_t *pid, struct err *err)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe would make us wait */
	char *end;
	long number;
	ssize_t n;

	if (fd < 0)
		return err_set(err, -ESRCH, "no pid file %s", path);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	number = strtol(text, &end, 10);
	if (n <= 0 || end == text || (*end && *end != '\n') || number <= 0)
		return err_set(err, -ESRCH, "pid file %s holds no process id", path);
	if (kill((pid_t)number, 0) < 0 && errno == ESRCH)
		return err_set(err, -ESRCH, "process %ld of pid file %s is gone", number, path);
	*pid = (pid_t)number;
	return 0;
}

/* A number or nothing in a plain file. Anything else is somebody's, and a slip to name it. */
static bool may_replace(const char *path)
{
	char text[32] = "";
	struct stat st;
	ssize_t n;
	int fd;

	if (lstat(path, &st) < 0)
		return true;
	if (S_ISLNK(st.st_mode))
		return true; /* only the link would go */
	fd = S_ISREG(st.st_mode) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n >= 0 && strspn(text, "0123456789 \n") == (size_t)n;
}

int process_write_pid(const char *path, struct err *err)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	pid_t other = 0;
	ssize_t written;
	int fd;
	int rc;

	if (process_read_pid(path, &other, NULL) == 0 && other != getpid())
		return err_set(err, -EEXIST, "pid file %s: process %ld lives", path, (long)other);
	if (!may_replace(path))
		return err_set(err, -EEXIST, "pid file %s: what is there is no pid file", path);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_set(err, -errno, "pid file %s: %s", path, strerrordesc_np(errno));
	written = write(fd, text, (size_t)len);
	rc = written == len ? 0 : written < 0 ? -errno : -ENOSPC;
	close(fd);
	if (rc == 0)
		return 0;
	unlink(path);
	return err_set(err, rc, "pid file %s: cannot write: %s", path, strerrordesc_np(-rc));
}

void process_remove_pid(const char *path)
{
	pid_t pid = 0;

	if (process_read_pid(path, &pid, NULL) == 0 && pid == getpid())
		unlink(path);
}

char *process_absolute(const char *path)
{
	char *dir;
	char *whole = NULL;

	if (path[0] == '/')
		return strdup(path);
	dir = getcwd(NULL, 0);
	if (dir && asprintf(&whole, "%s/%s", dir, path) < 0)
		whole = NULL;
	free(dir);
	return whole;
}

int process_become(const char *user, const char *group, const char *const *files, struct err *err)
{
	const struct passwd *pw = NULL;
	const struct group *gr = NULL;

	if (group) {
		gr = getgrnam(group); /* NOLINT(concurrency-mt-unsafe): no threads yet */
		if (!gr)
			return err_set(err, -ENOENT, "no group named '%s'", group);
	}
	if (user) {
		pw = getpwnam(user); /* NOLINT(concurrency-mt-unsafe): as above */
		if (!pw)
			return err_set(err, -ENOENT, "no user named '%s'", user);
	}
	if (!pw && !gr)
		return 0;
	for (; *files; files++)
		if (chown(*files, pw ? pw->pw_uid : (uid_t)-1, gr ? gr->gr_gid : pw->pw_gid) < 0)
			return err_set(err, -errno, "hand %s over to %s: %s", *files,
				       user ? user : group, strerrordesc_np(errno));
	if (geteuid() == 0 && setgroups(0, NULL) < 0)
		return err_set(err, -errno, "setgroups: %s", strerrordesc_np(errno));
	if ((gr || pw) && setgid(gr ? gr->gr_gid : pw->pw_gid) < 0)
		return err_set(err, -errno, "become group '%s': %s", group ? group : user,
			       strerrordesc_np(errno));
	if (pw && setuid(pw->pw_uid) < 0)
		return err_set(err, -errno, "become user '%s': %s", user, strerrordesc_np(errno));
	return 0;
}

/* Prints what keeps the commands from their work. */
static int not_running(const struct err *err)
{
	printf("Daemon is not running (%s)\n", err->msg);
	return EXIT_NO;
}

int process_status(const char *pid_file)
{
	struct err err = ERR_INIT;
	pid_t pid = 0;

	if (process_read_pid(pid_file, &pid, &err) < 0)
		return not_running(&err);
	printf("Daemon is running (PID: %ld)\n", (long)pid);
	return EXIT_OK;
}

/* True when it is gone before the deadline. */
static bool wait_gone(pid_t pid, uint64_t deadline_ns)
{
	while (kill(pid, 0) == 0) {
		uint64_t now_ns = clock_ns();

		if (now_ns >= deadline_ns)
			return false;
		clock_sleep_until_ns(now_ns + 10 * NSEC_PER_MSEC);
	}
	return true;
}

int process_stop(const char *pid_file)
{
	struct err err = ERR_INIT;
	pid_t pid = 0;

	if (process_read_pid(pid_file, &pid, &err) < 0)
		return not_running(&err);
	if (kill(pid, SIGTERM) < 0) {
		fprintf(stderr, "goxel-daemon: cannot stop process %ld: %s\n", (long)pid,
			strerrordesc_np(errno));
		return EXIT_FAILED;
	}
	if (!wait_gone(pid, clock_ns() + STOP_S * NSEC_PER_SEC)) {
		kill(pid, SIGKILL);
		(void)wait_gone(pid, clock_ns() + NSEC_PER_SEC);
		unlink(pid_file);
		printf("Daemon killed (PID: %ld): it did not stop within %d s\n", (long)pid,
		       STOP_S);
		return EXIT_OK;
	}
	printf("Daemon stopped (PID: %ld)\n", (long)pid);
	return EXIT_OK;
}

int process_reload(const char *pid_file)
{
	struct err err = ERR_INIT;
	pid_t pid = 0;

	if (process_read_pid(pid_file, &pid, &err) < 0)
		return not_running(&err);
	if (kill(pid, SIGHUP) < 0) {
		fprintf(stderr, "goxel-daemon: cannot signal process %ld: %s\n", (long)pid,
			strerrordesc_np(errno));
		return EXIT_FAILED;
	}
	printf("Daemon reads its configuration again (PID: %ld)\n", (long)pid);
	return EXIT_OK;
}

void process_allow_files(unsigned long count)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= count)
		return;
	limit.rlim_cur = limit.rlim_max < count ? limit.rlim_max : count;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

void process_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET"); /* NOLINT(concurrency-mt-unsafe): only read */
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	size_t len;
	int fd;

	if (!path || (path[0] != '/' && path[0] != '@'))
		return;
	len = strlen(path);
	if (len >= sizeof(addr.sun_path))
		return;
	memcpy(addr.sun_path, path, len);
	if (path[0] == '@')
		addr.sun_path[0] = '\0'; /* the abstract name space */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&addr,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

int process_inherited_sockets(void)
{
	const char *pid = getenv("LISTEN_PID"); /* NOLINT(concurrency-mt-unsafe): only read */
	const char *fds = getenv("LISTEN_FDS"); /* NOLINT(concurrency-mt-unsafe): only read */
	long count;

	if (!pid || !fds || strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	count = strtol(fds, NULL, 10);
	return count > 0 && count < LISTEN_MAX ? (int)count : 0; /* one is left for --tcp */
}
