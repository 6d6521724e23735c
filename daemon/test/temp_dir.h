/* temp_dir.h - a new folder for the files and sockets of a test, removed afterwards. */
#ifndef DAEMON_TEST_TEMP_DIR_H
#define DAEMON_TEST_TEMP_DIR_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct temp_dir {
	char path[64]; /* short: socket paths have 107 bytes */
};

static inline int temp_dir_open(struct temp_dir *dir)
{
	snprintf(dir->path, sizeof(dir->path), "/tmp/goxel-test.XXXXXX");
	return mkdtemp(dir->path) ? 0 : -1;
}

/* Writes "<folder>/<name>" into out. */
static inline const char *temp_dir_path(const struct temp_dir *dir, const char *name, char *out,
					size_t cap)
{
	snprintf(out, cap, "%s/%s", dir->path, name);
	return out;
}

static inline int temp_dir_remove_one(const char *path, const struct stat *st, int kind,
				      struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static inline void temp_dir_close(struct temp_dir *dir)
{
	nftw(dir->path, temp_dir_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
