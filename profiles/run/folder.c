#include "profiles/run/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/err.h"

#define PREFIX "goxel-run."

/* A run that is alive locks its new folder within a minute. */
enum { BASE_BYTES_MAX = 70, LOCK_AFTER_S = 60, DESCRIPTORS_MAX = 16 };

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	remove(path);
	return 0; /* continue: a file that cannot be removed is left */
}

static void remove_tree(const char *path)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	nftw(path, remove_one, DESCRIPTORS_MAX, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* The lock's descriptor; -1 when another process holds the lock. */
static int take_lock(const char *folder)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/lock", folder);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool is_stale(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
	       st.st_mtime < time(NULL) - LOCK_AFTER_S;
}

static void remove_stale(const char *base)
{
	const struct dirent *entry;
	DIR *dir = opendir(base);

	if (!dir)
		return;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of our own */
	while ((entry = readdir(dir))) {
		char path[BASE_BYTES_MAX + 2 + 256];
		int fd;

		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0 ||
		    strlen(entry->d_name) != strlen(PREFIX) + 6)
			continue;
		snprintf(path, sizeof(path), "%s/%s", base, entry->d_name);
		fd = is_stale(path) ? take_lock(path) : -1;
		if (fd < 0)
			continue;
		remove_tree(path);
		close(fd);
	}
	closedir(dir);
}

int folder_make(struct folder *f, struct err *err)
{
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): only read */
	const char *base = getenv("TMPDIR");

	if (!base || !*base || strlen(base) > BASE_BYTES_MAX)
		base = "/tmp";
	remove_stale(base);
	snprintf(f->path, sizeof(f->path), "%s/" PREFIX "XXXXXX", base);
	if (!mkdtemp(f->path)) {
		f->path[0] = '\0';
		return err_set(err, -errno, "cannot make a directory in %s: %s", base,
			       strerrordesc_np(errno));
	}
	f->lock_fd = take_lock(f->path);
	if (f->lock_fd < 0) {
		rmdir(f->path);
		return err_set(err, -errno, "cannot lock %s", f->path);
	}
	return 0;
}

void folder_remove(struct folder *f)
{
	if (!f->path[0])
		return;
	remove_tree(f->path);
	close(f->lock_fd);
	f->path[0] = '\0';
}
