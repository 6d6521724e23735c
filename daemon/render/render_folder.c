#include "daemon/render/render_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "daemon/base/log.h"

static const char owner_prefix[] = ".owner-";

enum {
	OWNER_PREFIX_BYTES = sizeof(owner_prefix) - 1,
	OWNER_NAME_BYTES = OWNER_PREFIX_BYTES + RENDER_TAG_BYTES,
	DEAD_MAX = 16, /* killed daemons whose files one start removes */
	TRIES_MAX = 100,
};

/* -ENOENT when there is none. is_private: it must be ours, and writable by nobody else. */
static int open_checked(const char *path, bool is_private, struct err *err)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	mode_t others = is_private ? S_IWGRP | S_IWOTH : S_IWOTH;
	struct stat st;
	int rc = 0;

	if (fd < 0 && errno == ENOTDIR)
		return err_set(err, -ENOTDIR, "render folder %s: a link or a file has that name",
			       path);
	if (fd < 0)
		return err_set(err, -errno, "render folder %s: %s", path, strerrordesc_np(errno));
	if (fstat(fd, &st) < 0)
		rc = err_set(err, -errno, "render folder %s: %s", path, strerrordesc_np(errno));
	else if (st.st_uid != geteuid() && (is_private || st.st_uid != 0))
		rc = err_set(err, -EPERM,
			     "render folder %s: it belongs to user %u, not to this one", path,
			     (unsigned)st.st_uid);
	else if (st.st_mode & others)
		rc = err_set(err, -EPERM, "render folder %s: others may write to it (mode %04o)",
			     path, (unsigned)st.st_mode & 07777);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

static int open_or_make(const char *path, bool is_private, struct err *err)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_set(err, -errno, "make the render folder %s: %s", path,
			       strerrordesc_np(errno));
	return open_checked(path, is_private, err);
}

static int other_path(const struct render_folder *f, char out[PATH_MAX])
{
	return snprintf(out, PATH_MAX, "%s-%u", f->asked, (unsigned)geteuid()) < PATH_MAX
		       ? 0
		       : -ENAMETOOLONG;
}

static bool is_owner_name(const char *name)
{
	return strncmp(name, owner_prefix, OWNER_PREFIX_BYTES) == 0 &&
	       strspn(name + OWNER_PREFIX_BYTES, "0123456789abcdef") == RENDER_TAG_BYTES - 1 &&
	       strlen(name) == OWNER_NAME_BYTES - 1;
}

/* render_<time>_<session>_<tag><random>.png, where the last part consists of digits. */
static bool is_picture_of(const char *name, const char *tag)
{
	static const char end[] = ".png";
	size_t len = strlen(name);
	size_t last = (size_t)2 * (RENDER_TAG_BYTES - 1) + sizeof(end) - 1;

	return strncmp(name, "render_", 7) == 0 && len > last + 7 && name[len - last - 1] == '_' &&
	       strncmp(name + len - last, tag, RENDER_TAG_BYTES - 1) == 0 &&
	       strcmp(name + len - sizeof(end) + 1, end) == 0;
}

/* Returns the descriptor of the lock file if its daemon is gone, else -1. */
static int lock_dead(int folder_fd, const char *name)
{
	int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static size_t remove_pictures(DIR *d, const char *tag)
{
	const struct dirent *entry;
	size_t count = 0;

	rewinddir(d);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of our own */
	while ((entry = readdir(d)))
		if (is_picture_of(entry->d_name, tag))
			count += unlinkat(dirfd(d), entry->d_name, 0) == 0;
	return count;
}

static void remove_left_behind(DIR *d)
{
	char dead[DEAD_MAX][OWNER_NAME_BYTES];
	int fds[DEAD_MAX];
	size_t pictures_count = 0;
	int count = 0;
	const struct dirent *entry;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of our own */
	while (count < DEAD_MAX && (entry = readdir(d))) {
		if (!is_owner_name(entry->d_name))
			continue;
		fds[count] = lock_dead(dirfd(d), entry->d_name);
		if (fds[count] >= 0)
			memcpy(dead[count++], entry->d_name, OWNER_NAME_BYTES);
	}
	for (int i = 0; i < count; i++) {
		pictures_count += remove_pictures(d, dead[i] + OWNER_PREFIX_BYTES);
		unlinkat(dirfd(d), dead[i], 0);
		close(fds[i]);
	}
	if (count)
		log_info("renders", "pictures of killed daemons removed: %zu", pictures_count);
}

static void sweep(const char *path, bool is_private)
{
	int fd = open_checked(path, is_private, NULL);
	int list_fd;
	DIR *d;

	if (fd < 0)
		return;
	list_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(fd);
	if (list_fd < 0)
		return;
	d = fdopendir(list_fd);
	if (!d) {
		close(list_fd);
		return;
	}
	remove_left_behind(d);
	closedir(d);
}

void render_folder_init(struct render_folder *f, const char *path, bool has_other)
{
	char other[PATH_MAX];

	*f = (struct render_folder){ .asked = path, .has_other = has_other, .owner_fd = -1 };
	sweep(path, has_other);
	if (has_other && other_path(f, other) == 0)
		sweep(other, true);
}

static void owner_name(const struct render_folder *f, char out[OWNER_NAME_BYTES])
{
	snprintf(out, OWNER_NAME_BYTES, "%s%s", owner_prefix, f->tag);
}

void render_folder_deinit(struct render_folder *f)
{
	char path[PATH_MAX + OWNER_NAME_BYTES];
	char name[OWNER_NAME_BYTES];

	if (f->owner_fd < 0)
		return;
	owner_name(f, name);
	snprintf(path, sizeof(path), "%s/%s", f->path, name);
	unlink(path);
	close(f->owner_fd);
	f->owner_fd = -1;
}

/* 0 when the mark exists and is locked. Between creating and locking it, a cleanup of another
 * daemon may delete it. */
static int make_mark(struct render_folder *f, int folder_fd)
{
	char name[OWNER_NAME_BYTES];
	struct stat st;
	uint32_t random;
	int fd;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	snprintf(f->tag, sizeof(f->tag), "%08" PRIx32, random);
	owner_name(f, name);
	fd = openat(folder_fd, name, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? -EAGAIN : -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &st) < 0 || st.st_nlink == 0) {
		close(fd);
		return -EAGAIN;
	}
	f->owner_fd = fd;
	return 0;
}

static int ensure_mark(struct render_folder *f, int folder_fd, struct err *err)
{
	struct stat st;
	int rc = -EAGAIN;

	if (f->owner_fd >= 0 && fstat(f->owner_fd, &st) == 0 && st.st_nlink > 0)
		return 0;
	/* The folder was emptied by somebody else. */
	if (f->owner_fd >= 0)
		close(f->owner_fd);
	f->owner_fd = -1;
	for (int i = 0; rc == -EAGAIN && i < TRIES_MAX; i++)
		rc = make_mark(f, folder_fd);
	if (rc < 0)
		return err_set(err, rc, "write to the render folder %s: %s", f->path,
			       strerrordesc_np(-rc));
	return 0;
}

int render_folder_open(struct render_folder *f, struct err *err)
{
	int fd;
	int rc;

	if (!f->path[0]) {
		if (snprintf(f->path, sizeof(f->path), "%s", f->asked) >= (int)sizeof(f->path))
			return err_set(err, -ENAMETOOLONG, "render folder: its name is too long");
	}
	fd = open_or_make(f->path, f->has_other, err);
	if ((fd == -ENOTDIR || fd == -EPERM) && f->has_other && other_path(f, f->path) == 0)
		fd = open_or_make(f->path, true, err);
	if (fd < 0)
		return fd;
	rc = ensure_mark(f, fd, err);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}
