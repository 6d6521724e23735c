#include "daemon/server/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"
#include "daemon/base/log.h"
#include "daemon/server/listen.h"

enum {
	NOTIFY_S = 1,     /* that socket may have no reader */
	FILES_LEAST = 16, /* 10 for the daemon itself, others for connections and clients' files */
};

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
	/* The child has ended without a report: its message is on stderr. */
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
		errno = 0; /* the parent was killed: nobody waits for the report */
	close(ready_fd);
}

/*
 * Uses the descriptor, so that the name cannot be redirected to another file meanwhile. Files that
 * are not ours (a terminal, /dev/null) are not changed. A second name could belong to another user.
 */
static int hand_over(const struct process_file *f, uid_t uid, gid_t gid, struct err *err)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return err_set(err, -errno, "%s: %s", f->path, strerrordesc_np(errno));
	if (!S_ISREG(st.st_mode) && !S_ISSOCK(st.st_mode))
		return 0;
	if (st.st_nlink > 1)
		return err_set(err, -EPERM, "hand %s over: the file has other names as well",
			       f->path);
	if (fchownat(f->fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		return err_set(err, -errno, "hand %s over: %s", f->path, strerrordesc_np(errno));
	return 0;
}

int process_become(const char *user, const char *group, const struct process_file *files,
		   size_t count, struct err *err)
{
	const struct passwd *pw = NULL;
	const struct group *gr = NULL;
	int rc = 0;

	if (group) {
		gr = getgrnam(group); /* NOLINT(concurrency-mt-unsafe): no threads yet */
		if (!gr)
			return err_set(err, -EINVAL, "no group named '%s'", group);
	}
	if (user) {
		pw = getpwnam(user); /* NOLINT(concurrency-mt-unsafe): as above */
		if (!pw)
			return err_set(err, -EINVAL, "no user named '%s'", user);
	}
	if (!pw && !gr)
		return 0;
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = hand_over(&files[i], pw ? pw->pw_uid : (uid_t)-1, gr ? gr->gr_gid : pw->pw_gid,
			       err);
	if (rc < 0)
		return rc;
	if (geteuid() == 0 && setgroups(0, NULL) < 0)
		return err_set(err, -errno, "setgroups: %s", strerrordesc_np(errno));
	if ((gr || pw) && setgid(gr ? gr->gr_gid : pw->pw_gid) < 0)
		return err_set(err, -errno, "become group '%s': %s", group ? group : user,
			       strerrordesc_np(errno));
	if (pw && setuid(pw->pw_uid) < 0)
		return err_set(err, -errno, "become user '%s': %s", user, strerrordesc_np(errno));
	return 0;
}

int process_allow_files(unsigned long wanted, struct err *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return err_set(err, -errno, "limit of open files: %s", strerrordesc_np(errno));
	if (limit.rlim_cur < wanted) {
		limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur < FILES_LEAST)
		return err_set(err, -EMFILE,
			       "the limit of open files (ulimit -n) is %lu: at least %d are needed",
			       (unsigned long)limit.rlim_cur, FILES_LEAST);
	if (limit.rlim_cur < wanted)
		log_warn("server",
			 "the limit of open files (ulimit -n) is %lu, too low for "
			 "--max-connections: "
			 "connections beyond it wait or are refused",
			 (unsigned long)limit.rlim_cur);
	return 0;
}

void process_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET"); /* NOLINT(concurrency-mt-unsafe): only read */
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const struct timeval limit = { .tv_sec = NOTIFY_S };
	size_t len;
	int fd;

	if (!path || (path[0] != '/' && path[0] != '@'))
		return;
	len = strlen(path);
	if (len >= sizeof(addr.sun_path))
		return;
	memcpy(addr.sun_path, path, len);
	if (path[0] == '@')
		addr.sun_path[0] = '\0'; /* the abstract namespace */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
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
	return count > 0 && count < LISTEN_MAX ? (int)count : 0; /* one place is kept for --tcp */
}
