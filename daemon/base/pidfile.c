#include "daemon/base/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"

enum {
	TEXT_BYTES = 32, /* a number and a newline; a longer file is not a pid file */
	TRIES_MAX = 100,
	SETTLE_MS = 200, /* a starting daemon locks the file before it writes its number */
	BYTE_HELD = 0,
	BYTE_NAMED = 1,
};

static struct flock lock_of(short type, off_t byte)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
}

static int fail(struct err *err, int code, const char *path)
{
	return err_set(err, code, "pid file %s: %s", path, strerrordesc_np(-code));
}

static int not_ours(struct err *err, const char *path)
{
	return err_set(err, -EEXIST, "pid file %s: the file is not a pid file", path);
}

/* Reads the text of the file; false: longer than a number can be. */
static bool read_text(int fd, char text[TEXT_BYTES])
{
	ssize_t n = pread(fd, text, TEXT_BYTES, 0);

	if (n < 0 || n == TEXT_BYTES)
		return false;
	text[n] = '\0';
	return true;
}

/* The number in the file; 0: none. */
static pid_t number_in(int fd)
{
	char text[TEXT_BYTES];
	char *end;
	long number;

	if (!read_text(fd, text))
		return 0;
	number = strtol(text, &end, 10);
	return end != text && (!*end || *end == '\n') && number > 0 ? (pid_t)number : 0;
}

/* Whether path still refers to the open file. */
static bool is_named(int fd, const char *path)
{
	struct file_id id;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	id = (struct file_id){ .dev = st.st_dev, .ino = st.st_ino };
	return file_is(path, &id);
}

/* Opens the existing file or a new one. -EAGAIN: it was created or removed meanwhile. */
static int open_file(const char *path, struct err *err)
{
	int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = open(path, flags);

	/* In two steps: in /tmp the kernel refuses O_CREAT for files of other users. */
	if (fd < 0 && errno == ENOENT)
		fd = open(path, flags | O_CREAT | O_EXCL, 0644);
	if (fd >= 0)
		return fd;
	if (errno == EEXIST)
		return -EAGAIN;
	if (errno == ELOOP || errno == EISDIR || errno == ENXIO)
		return not_ours(err, path);
	return fail(err, -errno, path);
}

/* The holder of the lock on the byte: 0 none, -1 a process that the kernel does not name. */
static pid_t holder_of(int fd, int command, off_t byte)
{
	struct flock lock = lock_of(F_WRLCK, byte);

	if (fcntl(fd, command, &lock) < 0 || lock.l_type == F_UNLCK)
		return 0;
	return lock.l_pid > 0 ? lock.l_pid : -1;
}

static int lock_file(int fd, const char *path, struct err *err)
{
	struct flock held = lock_of(F_WRLCK, BYTE_HELD);
	struct flock named = lock_of(F_WRLCK, BYTE_NAMED);
	pid_t other;

	if (fcntl(fd, F_OFD_SETLK, &held) == 0 && fcntl(fd, F_SETLK, &named) == 0)
		return 0;
	if (errno != EAGAIN && errno != EACCES)
		return err_set(err, -errno, "pid file %s: cannot lock: %s", path,
			       strerrordesc_np(errno));
	other = holder_of(fd, F_GETLK, BYTE_NAMED);
	if (other > 0)
		return err_set(err, -EEXIST, "pid file %s: process %ld holds it", path,
			       (long)other);
	return err_set(err, -EEXIST, "pid file %s: another process holds it", path);
}

/*
 * Checks a locked file: 0 when the number can be written to it. -EAGAIN: try again with a new file,
 * because the name was removed or refers to another file, or others can write the file or know it
 * by another name.
 */
static int check_file(int fd, const char *path, struct err *err)
{
	char text[TEXT_BYTES];
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail(err, -errno, path);
	if (!S_ISREG(st.st_mode) || !read_text(fd, text) ||
	    text[strspn(text, "0123456789 \n")] != '\0')
		return not_ours(err, path);
	if (!is_named(fd, path))
		return -EAGAIN;
	if (st.st_uid == geteuid() && st.st_nlink == 1)
		return 0;
	if (unlink(path) < 0)
		return err_set(err, -errno, "pid file %s: cannot remove the old one: %s", path,
			       strerrordesc_np(errno));
	return -EAGAIN;
}

static int write_number(int fd, const char *path, struct err *err)
{
	char text[TEXT_BYTES];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	ssize_t n = ftruncate(fd, 0) < 0 ? -1 : pwrite(fd, text, (size_t)len, 0);
	int rc = n == len ? 0 : n < 0 ? -errno : -ENOSPC;

	if (rc == 0)
		return 0;
	unlink(path);
	return err_set(err, rc, "pid file %s: cannot write: %s", path, strerrordesc_np(-rc));
}

static int try_take(const char *path, struct err *err)
{
	struct stat st;
	int fd = open_file(path, err);
	int rc;

	if (fd < 0)
		return fd;
	/* Locking a device makes no sense. */
	rc = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? 0 : not_ours(err, path);
	if (rc == 0)
		rc = lock_file(fd, path, err);
	if (rc == 0)
		rc = check_file(fd, path, err);
	if (rc == 0)
		rc = write_number(fd, path, err);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

int pidfile_take(struct pidfile *p, const char *path, struct err *err)
{
	char *copy = strdup(path);
	int fd = -EAGAIN;

	if (!copy)
		return err_set(err, -ENOMEM, "pid file %s: out of memory", path);
	for (int i = 0; fd == -EAGAIN && i < TRIES_MAX; i++)
		fd = try_take(path, err);
	if (fd >= 0) {
		*p = (struct pidfile){ .fd = fd, .path = copy };
		return 0;
	}
	free(copy);
	return fd == -EAGAIN ? err_set(err, fd, "pid file %s: others keep changing it", path) : fd;
}

void pidfile_release(struct pidfile *p)
{
	if (p->fd < 0)
		return;
	if (is_named(p->fd, p->path))
		unlink(p->path);
	close(p->fd);
	free(p->path);
	*p = (struct pidfile)PIDFILE_NONE;
}

static int open_for_reading(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return err_set(err, -ESRCH, "no pid file %s", path);
	if (fd < 0 && errno != ELOOP)
		return fail(err, -errno, path);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	return err_set(err, -EINVAL, "pid file %s: the file is not a pid file", path);
}

/* Finds the lock holder named by the kernel; the file must contain its number. */
static int find_holder(int fd, const char *path, pid_t *out, struct err *err)
{
	uint64_t until_ns = clock_ns() + SETTLE_MS * NSEC_PER_MSEC;

	for (;;) {
		pid_t number = number_in(fd);
		pid_t named;

		if (holder_of(fd, F_OFD_GETLK, BYTE_HELD) == 0)
			return err_set(err, -ESRCH, "no daemon holds %s", path);
		named = holder_of(fd, F_GETLK, BYTE_NAMED);
		if (named > 0 && named == number) {
			*out = named;
			return 0;
		}
		if (clock_ns() < until_ns) {
			clock_sleep_until_ns(clock_ns() + 10 * NSEC_PER_MSEC);
			continue;
		}
		if (named > 0)
			return err_set(err, -EPERM,
				       "pid file %s: process %ld holds it, "
				       "but it contains another number",
				       path, (long)named);
		return err_set(err, -EPERM,
			       "pid file %s: a process holds it, and the kernel does not confirm "
			       "that it is %ld",
			       path, (long)number);
	}
}

int pidfile_find(const char *path, pid_t *pid, int *pidfd, struct err *err)
{
	int fd = open_for_reading(path, err);
	pid_t holder = 0;
	int process = -1;
	int rc;

	if (fd < 0)
		return fd;
	rc = find_holder(fd, path, &holder, err);
	if (rc == 0) {
		process = pidfd_open(holder, 0);
		if (process < 0)
			rc = errno == ESRCH ? err_set(err, -ESRCH, "no daemon holds %s", path)
					    : err_set(err, -errno, "process %ld: %s", (long)holder,
						      strerrordesc_np(errno));
	}
	/* The number may belong to another process by the time of pidfd_open: then the lock is
	 * gone. */
	if (rc == 0 && holder_of(fd, F_GETLK, BYTE_NAMED) != holder)
		rc = err_set(err, -ESRCH, "no daemon holds %s", path);
	close(fd);
	if (rc == 0) {
		*pid = holder;
		*pidfd = process;
	} else if (process >= 0) {
		close(process);
	}
	return rc;
}

void pidfile_remove_stale(const char *path)
{
	int fd = open_for_reading(path, NULL);

	if (fd < 0)
		return;
	if (number_in(fd) && holder_of(fd, F_OFD_GETLK, BYTE_HELD) == 0 && is_named(fd, path))
		unlink(path);
	close(fd);
}
