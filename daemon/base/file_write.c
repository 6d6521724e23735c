/*
 * Writes a whole file atomically (file.h).
 *
 * The bytes go to a file without a name (O_TMPFILE), which the kernel frees when the process is
 * killed. linkat then gives it a name. linkat cannot replace an existing file, so in that case the
 * new file first gets a temporary name, which is renamed at once: only a kill between those two
 * calls leaves that name. On file systems without O_TMPFILE it has the temporary name from the
 * start.
 *
 * The kernel chooses the mode of a new file, from 0666 and the umask: reading the umask would mean
 * changing it, which other threads would see.
 */
#include "daemon/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/cancel.h"
#include "daemon/base/err.h"

enum {
	TEMP_NAME_BYTES = 32, /* for any target, since the longest name has no room for a suffix */
	TEMP_TRIES_MAX = 100,
	PIECE_BYTES = 1 << 20, /* written between two calls of cancel_check */
};

/* A new file that has no final name yet. */
struct draft {
	int folder_fd;
	const char *name;
	int fd;
	char temp[TEMP_NAME_BYTES]; /* "": the file has no name yet */
};

static int write_all(int fd, struct span bytes)
{
	while (bytes.len) {
		size_t len = bytes.len < PIECE_BYTES ? bytes.len : PIECE_BYTES;
		int rc = cancel_check();
		ssize_t put;

		if (rc < 0)
			return rc;
		put = write(fd, bytes.ptr, len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		bytes.ptr += put;
		bytes.len -= (size_t)put;
	}
	return 0;
}

static int choose_temp(char temp[TEMP_NAME_BYTES])
{
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	snprintf(temp, TEMP_NAME_BYTES, ".goxel-%016" PRIx64, random);
	return 0;
}

static int open_named(struct draft *d, mode_t mode)
{
	int rc = -EEXIST;

	for (int i = 0; rc == -EEXIST && i < TEMP_TRIES_MAX; i++) {
		rc = choose_temp(d->temp);
		if (rc)
			break;
		d->fd = openat(d->folder_fd, d->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			       mode);
		rc = d->fd < 0 ? -errno : 0;
	}
	if (rc)
		d->temp[0] = '\0';
	return rc;
}

static int open_nameless(struct draft *d, mode_t mode)
{
	d->temp[0] = '\0';
	d->fd = openat(d->folder_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
	return d->fd < 0 ? -errno : 0;
}

/* Gives the nameless file the temporary name. */
static int link_temp(struct draft *d, const char *self)
{
	int rc = -EEXIST;

	for (int i = 0; rc == -EEXIST && i < TEMP_TRIES_MAX; i++) {
		rc = choose_temp(d->temp);
		if (rc)
			break;
		rc = linkat(AT_FDCWD, self, d->folder_fd, d->temp, AT_SYMLINK_FOLLOW) ? -errno : 0;
	}
	if (rc)
		d->temp[0] = '\0';
	return rc;
}

/* -EOPNOTSUPP: links cannot be made here, also when the kernel returns another code for that. */
static int publish(struct draft *d)
{
	char self[64];

	if (!d->temp[0]) {
		snprintf(self, sizeof(self), "/proc/self/fd/%d", d->fd);
		if (linkat(AT_FDCWD, self, d->folder_fd, d->name, AT_SYMLINK_FOLLOW) == 0)
			return 0;
		if (errno != EEXIST || link_temp(d, self))
			return -EOPNOTSUPP;
	}
	return renameat(d->folder_fd, d->temp, d->folder_fd, d->name) ? -errno : 0;
}

static int fill(const struct draft *d, struct span bytes, const struct stat *old)
{
	int rc = write_all(d->fd, bytes);

	if (!rc && old && fchmod(d->fd, old->st_mode & 07777))
		rc = -errno;
	if (!rc && fsync(d->fd))
		rc = -errno;
	return rc;
}

/* old: the file that is replaced; NULL: none. */
static int write_draft(struct draft *d, struct span bytes, const struct stat *old, bool is_named)
{
	/* Others must not open it before it has the mode of the old file. */
	mode_t mode = old ? 0600 : 0666;
	int rc = is_named ? open_named(d, mode) : open_nameless(d, mode);

	if (rc)
		return rc;
	rc = fill(d, bytes, old);
	if (!rc)
		rc = publish(d);
	if (rc && d->temp[0])
		unlinkat(d->folder_fd, d->temp, 0);
	if (close(d->fd) && !rc)
		rc = -errno;
	return rc;
}

/*
 * Files that a plain file must not replace: /dev/full, a pipe, or /dev/stdout, which is a link into
 * /proc. For a folder, rename fails.
 */
static bool is_irreplaceable(int folder_fd, const char *name, const struct stat *old)
{
	static const char proc[] = "/proc/";
	char to[sizeof(proc)] = "";

	if (readlinkat(folder_fd, name, to, sizeof(proc) - 1) > 0 && strcmp(to, proc) == 0)
		return true;
	return old && !S_ISREG(old->st_mode) && !S_ISDIR(old->st_mode);
}

/* Makes the new name durable. */
static int sync_folder(int folder_fd)
{
	int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return -errno;
	/* Some file systems cannot sync a folder and return EINVAL; nothing more can be done. */
	if (fsync(fd) && errno != EINVAL)
		rc = -errno;
	close(fd);
	return rc;
}

/* shown: the path used in messages. */
static int write_shown(int folder_fd, const char *name, const char *shown, struct span bytes,
		       struct err *err)
{
	struct draft d = { .folder_fd = folder_fd, .name = name, .fd = -1 };
	struct stat st;
	const struct stat *old = fstatat(folder_fd, name, &st, 0) == 0 ? &st : NULL;
	int rc;

	if (is_irreplaceable(folder_fd, name, old))
		return err_set(err, -EINVAL, "%s: cannot write: it is not a plain file", shown);
	rc = write_draft(&d, bytes, old, false);
	/* Old kernels take O_TMPFILE as an attempt to write a folder. */
	if (rc == -EOPNOTSUPP || rc == -EISDIR || rc == -EINVAL)
		rc = write_draft(&d, bytes, old, true);
	if (rc)
		return err_set(err, rc, "%s: cannot write: %s", shown, strerrordesc_np(-rc));
	rc = sync_folder(folder_fd);
	if (rc)
		return err_set(err, rc, "%s: written, but its folder not synced: %s", shown,
			       strerrordesc_np(-rc));
	return 0;
}

int file_write_atomic_at(int folder_fd, const char *name, struct span bytes, struct err *err)
{
	return write_shown(folder_fd, name, name, bytes, err);
}

int file_write_atomic(const char *path, struct span bytes, struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	int len = slash ? (int)(slash - path) : 0;
	char folder[PATH_MAX];
	int fd;
	int rc;

	if (!slash)
		snprintf(folder, sizeof(folder), ".");
	else if (snprintf(folder, sizeof(folder), "%.*s", len ? len : 1, path) >=
		 (int)sizeof(folder))
		return err_set(err, -ENAMETOOLONG, "%s: path too long", path);
	if (!*name)
		return err_set(err, -EISDIR, "%s: cannot write: not the name of a file", path);
	fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "%s: cannot create: %s", path, strerrordesc_np(errno));
	rc = write_shown(fd, name, path, bytes, err);
	close(fd);
	return rc;
}
