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

#include "daemon/base/cancel.h"
#include "daemon/base/err.h"
#include "daemon/base/strbuf.h"

enum {
	READ_CHUNK = 64 * 1024,
	PIECE_BYTES = 1 << 20, /* read between two calls of cancel_check */
};

/* Reads to the end of fd; the size from stat is only a hint (0 for files of /proc). */
static int read_all(int fd, size_t max_bytes, struct strbuf *sb)
{
	struct stat st;
	size_t hint = READ_CHUNK;

	if (fstat(fd, &st) == 0 && st.st_size > 0 && (size_t)st.st_size <= max_bytes)
		hint = (size_t)st.st_size + 1; /* one more, to detect the end without growing */
	for (;;) {
		size_t room;
		ssize_t got;
		int rc = cancel_check();

		if (rc < 0)
			return rc;
		if (strbuf_reserve(sb, hint))
			return -ENOMEM;
		room = hint < PIECE_BYTES ? hint : PIECE_BYTES;
		got = read(fd, sb->ptr + sb->len, room);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return 0;
		sb->len += (size_t)got;
		if (sb->len > max_bytes)
			return -EMSGSIZE;
		hint = hint > (size_t)got ? hint - (size_t)got : READ_CHUNK;
	}
}

/* Closes fd. */
static int read_open(int fd, const char *path, size_t max_bytes, struct strbuf *out,
		     struct err *err)
{
	int rc = read_all(fd, max_bytes, out);

	close(fd);
	if (!rc && strbuf_reserve(out, 0))
		rc = -ENOMEM;
	if (rc == -EMSGSIZE)
		return err_set(err, rc, "%s: larger than the limit of %zu bytes", path, max_bytes);
	if (rc)
		return err_set(err, rc, "%s: cannot read: %s", path, strerrordesc_np(-rc));
	out->ptr[out->len] = '\0';
	return 0;
}

/* Hands the contents of sb to a caller that has no strbuf. */
static int hand_over(struct strbuf *sb, int rc, char **out, size_t *len)
{
	if (rc < 0) {
		strbuf_deinit(sb);
		return rc;
	}
	*len = sb->len;
	*out = strbuf_take(sb);
	return 0;
}

int file_read_into(const char *path, size_t max_bytes, struct strbuf *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, -errno, "%s: cannot open: %s", path, strerrordesc_np(errno));
	return read_open(fd, path, max_bytes, out, err);
}

int file_read(const char *path, size_t max_bytes, char **out, size_t *len, struct err *err)
{
	struct strbuf sb = { 0 };

	return hand_over(&sb, file_read_into(path, max_bytes, &sb, err), out, len);
}

int file_read_regular(const char *path, size_t max_bytes, char **out, size_t *len, struct err *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct strbuf sb = { 0 };
	struct stat st;

	if (fd < 0)
		return err_set(err, -errno, "%s: cannot open: %s", path, strerrordesc_np(errno));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return hand_over(&sb, read_open(fd, path, max_bytes, &sb, err), out, len);
	close(fd);
	return err_set(err, -EINVAL, "%s: not a regular file", path);
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
	/* The existing name may also be a file. */
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

int file_id_of(const char *path, struct file_id *out)
{
	struct stat st;

	if (lstat(path, &st))
		return -errno;
	*out = (struct file_id){ .dev = st.st_dev, .ino = st.st_ino };
	return 0;
}

bool file_is(const char *path, const struct file_id *id)
{
	struct file_id now = { 0 };

	return file_id_of(path, &now) == 0 && now.dev == id->dev && now.ino == id->ino;
}
