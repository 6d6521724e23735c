/*
 * pidfile.h - a file with the number of the process that runs, locked by that process.
 *
 * A number alone proves nothing: after a crash another process may get the same number, and in /tmp
 * anybody may write a file. So the kernel is asked: the process that takes the file holds two locks
 * on it until it ends, in whatever way. byte 0  an open file description lock: a process holds the
 * file. Only the end of the process removes it. byte 1  a POSIX lock, for which the kernel names
 * the holder. It is lost when the process opens and closes the file again; then no process is
 * signalled. flock(2), which libbsd's pidfile_open uses, does not name its holder.
 */
#ifndef DAEMON_BASE_PIDFILE_H
#define DAEMON_BASE_PIDFILE_H

#include <sys/types.h>

struct err;

/* Caller-allocated. Initialize with PIDFILE_NONE. */
struct pidfile {
	int fd;
	char *path; /* owned */
};

#define PIDFILE_NONE     \
	{                \
		.fd = -1 \
	}

/*
 * Locks path and writes the number of this process to it. A file that no process holds is replaced,
 * whatever number it contains. -EEXIST: a process holds it, or it is not a pid file (a link, a
 * pipe, text).
 */
int pidfile_take(struct pidfile *p, const char *path, struct err *err);

/* Removes the file if the name still refers to it, and releases the locks. No-op if nothing was
 * taken. */
void pidfile_release(struct pidfile *p);

/*
 * The process that holds path: *pid, and its descriptor *pidfd (close it), through which it can be
 * signalled without reaching another process that gets the same number later. -ESRCH: there is no
 * file, or no process holds it. -EPERM: it is held, but the kernel does not confirm that its number
 * is that of the holder.
 */
int pidfile_find(const char *path, pid_t *pid, int *pidfd, struct err *err);

/* Removes a file that no process holds. */
void pidfile_remove_stale(const char *path);

#endif
