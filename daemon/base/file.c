#include "daemon/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "daemon/base/strbuf.h"

enum { READ_CHUNK = 64 * 1024 };

/* Reads to the end of fd; sizes of stat are only a hint (files of /proc say 0). */
static int read_all(int fd, size_t max_bytes, struct strbuf *sb)
{
	struct stat st;
	size_t hint = READ_CHUNK;

	if (fstat(fd, &st) == 0 && st.st_size > 0 && (size_t)st.st_size <= max_bytes)
		hint = (size_t)st.st_size + 1; /* one more sees the end without growing */
	for (;;) {
		ssize_t got;

		if (strbuf_reserve(sb, hint))
			return -ENOMEM;
		got = read(fd, sb->ptr + sb->len, hint);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return 0;
		sb->len += (size_t)got;
		if (sb->len > max_bytes)
			return -EMSGSIZE;
		hint = READ_CHUNK;
	}
}

int file_read(const char *path, size_t max_bytes, char **out, size_t *len, struct err *err)
{
	struct strbuf sb = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_set(err, -errno, "%s: cannot open: %s", path, strerrordesc_np(errno));
	rc = read_all(fd, max_bytes, &sb);
	close(fd);
	if (!rc && strbuf_reserve(&sb, 0))
		rc = -ENOMEM;
	if (rc) {
		strbuf_deinit(&sb);
		if (rc == -EMSGSIZE)
			return err_set(err, rc, "%s: larger than the limit of %zu bytes", path,
				       max_bytes);
		return err_set(err, rc, "%s: cannot read: %s", path, strerrordesc_np(-rc));
	}
	sb.ptr[sb.len] = '\0';
	*len = sb.len;
	*out = strbuf_take(&sb);
	return 0;
}

static int write_all(int fd, struct span bytes)
{
	while (bytes.len) {
		ssize_t put = write(fd, bytes.ptr, bytes.len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		bytes.ptr += put;
		bytes.len -= (size_t)put;
	}
	return 0;
}

/* Makes the rename itself durable. */
static int sync_folder_of(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int len = slash ? (int)(slash - path) : 0;
	int fd;
	int rc = 0;

	if (!slash)
		snprintf(folder, sizeof(folder), ".");
	else
		snprintf(folder, sizeof(folder), "%.*s", len ? len : 1, path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Some file systems cannot sync a folder and say EINVAL; there is nothing more to do. */
	if (fsync(fd) && errno != EINVAL)
		rc = -errno;
	close(fd);
	return rc;
}

/* A new file keeps the mode that plain creation would give; an old one keeps its own. */
static mode_t mode_for(const char *path)
{
	struct stat st;
	mode_t mask;

	if (stat(path, &st) == 0)
		return st.st_mode & 07777;
	mask = umask(0);
	umask(mask);
	return 0666 & ~mask;
}

/*
 * What a plain file would take the place of for good: /dev/full, a pipe, or /dev/stdout, which is a
 * link into /proc. A folder is the rename's to refuse.
 */
static bool is_irreplaceable(const char *path)
{
	static const char proc[] = "/proc/";
	char to[sizeof(proc)] = "";
	struct stat st;

	if (readlink(path, to, sizeof(proc) - 1) > 0 && strcmp(to, proc) == 0)
		return true;
	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

int file_write_atomic(const char *path, struct span bytes, struct err *err)
{
	char tmp[PATH_MAX];
	int fd;
	int rc;

	if (is_irreplaceable(path))
		return err_set(err, -EINVAL, "%s: cannot write: it is no plain file", path);
	if (snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path) >= (int)sizeof(tmp))
		return err_set(err, -ENAMETOOLONG, "%s: path too long", path);
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return err_set(err, -errno, "%s: cannot create: %s", path, strerrordesc_np(errno));
	rc = write_all(fd, bytes);
	if (!rc && (fchmod(fd, mode_for(path)) || fsync(fd)))
		rc = -errno;
	if (close(fd) && !rc)
		rc = -errno;
	if (!rc && rename(tmp, path))
		rc = -errno;
	if (rc) {
		unlink(tmp);
		return err_set(err, rc, "%s: cannot write: %s", path, strerrordesc_np(-rc));
	}
	rc = sync_folder_of(path);
	if (rc)
		return err_set(err, rc, "%s: written, but its folder not synced: %s", path,
			       strerrordesc_np(-rc));
	return 0;
}

int file_make_dirs(const char *path, struct err *err)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	struct stat st;

	if (len == 0)
		return err_set(err, -EINVAL, "empty path");
	if (len >= sizeof(part))
		return err_set(err, -ENAMETOOLONG, "%s: path too long", path);
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		if (part[i] != '/' && part[i] != '\0')
			continue;
		part[i] = '\0';
		if (mkdir(part, 0777) && errno != EEXIST)
			return err_set(err, -errno, "%s: cannot make folder %s: %s", path, part,
				       strerrordesc_np(errno));
		part[i] = path[i];
	}
	/* What existed already may also be a file. */
	if (stat(path, &st))
		return err_set(err, -errno, "%s: %s", path, strerrordesc_np(errno));
	if (!S_ISDIR(st.st_mode))
		return err_set(err, -ENOTDIR, "%s exists and is not a folder", path);
	return 0;
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}
