#include "daemon/base/folder_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"

enum { RETRY_MS = 10 };

static bool is_told_to_end(void)
{
	sigset_t waiting;

	return sigpending(&waiting) == 0 &&
	       (sigismember(&waiting, SIGTERM) == 1 || sigismember(&waiting, SIGINT) == 1);
}

/* flock itself has no time-out. */
static int wait_for_lock(int fd, const char *folder, uint64_t timeout_ns, struct err *err)
{
	uint64_t deadline_ns = clock_ns() + timeout_ns;

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (is_told_to_end())
			return err_set(err, -EINTR,
				       "told to end while another process had folder %s locked",
				       folder);
		if (clock_ns() >= deadline_ns)
			return err_set(err, -ETIMEDOUT,
				       "another process has had folder %s locked for %.1f s",
				       folder, (double)timeout_ns / NSEC_PER_SEC);
		clock_sleep_until_ns(clock_ns() + RETRY_MS * NSEC_PER_MSEC);
	}
	return 0;
}

int folder_lock(const char *path, uint64_t timeout_ns, int *fd, struct err *err)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int rc;

	*fd = -1;
	if (!slash)
		snprintf(folder, sizeof(folder), ".");
	else if (snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path),
			  path) >= (int)sizeof(folder))
		return err_set(err, -ENAMETOOLONG, "%s: path too long", path);
	*fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return 0;
	rc = wait_for_lock(*fd, folder, timeout_ns, err);
	if (rc) {
		close(*fd);
		*fd = -1;
	}
	return rc == -ETIMEDOUT || rc == -EINTR ? rc : 0;
}
