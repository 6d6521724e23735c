/*
 * pidfile.h - a file with the number of the process that runs, locked by that process.
 *
 * A number alone proves nothing: after a crash it belongs to another process one day, and in /tmp
 * anybody may write one. So the kernel is asked: who takes the file holds two locks on it until it
 * ends, however it ends.
 *   byte 0  an open file description lock: a process holds the file. Nothing but the end of the
 *           process takes it away.
 *   byte 1  a POSIX lock, for which the kernel says which process holds it. It is lost when the
 *           process opens and closes the file once more; then nobody is signalled.
 * flock(2), which libbsd's pidfile_open uses, does not name its holder.
 */
#ifndef DAEMON_BASE_PIDFILE_H
#define DAEMON_BASE_PIDFILE_H

#include <sys/types.h>

struct err;

/* Caller-allocated. PIDFILE_NONE before. */
struct pidfile {
	int fd;
	char *path; /* owned */
};

#define PIDFILE_NONE     \
	{                \
		.fd = -1 \
	}

/*
 * Locks path and writes the number of this process into it. A file that nobody holds is replaced,
 * whatever number it has. -EEXIST: a process holds it, or it is another file than a pid file (a
 * link, a pipe, text).
 */
int pidfile_take(struct pidfile *p, const char *path, struct err *err);

/* Removes the file if the name still stands for it, and lets go of it. Nothing taken: no-op. */
void pidfile_release(struct pidfile *p);

/*
 * The process that holds path: *pid, and its descriptor *pidfd (close it), by which it can be
 * signalled without hitting another process that gets the number later.
 * -ESRCH: no file, or nobody holds it. -EPERM: it is held, but not provably by the process whose
 * number it has.
 */
int pidfile_find(const char *path, pid_t *pid, int *pidfd, struct err *err);

/* Removes a file that nobody holds. */
void pidfile_remove_stale(const char *path);

#endif
