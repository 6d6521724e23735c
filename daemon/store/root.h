/*
 * root.h - where clients may read and write files.
 *
 * With a folder, paths are resolved by the kernel beneath it (openat2 with RESOLVE_BENEATH):
 * neither
 * ".." nor a symbolic link leads out. Kernels without that call get a walk that follows no link and
 * takes no "..". Paths may be relative to the folder or absolute inside it.
 * Without one any path is taken, which suits a socket that only its owner can open; a server that
 * listens further says so and then nothing is taken.
 * Threads: any, once initialized.
 */
#ifndef DAEMON_STORE_ROOT_H
#define DAEMON_STORE_ROOT_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/base/span.h"

struct err;
struct strbuf;

enum root_kind {
	ROOT_ANY,    /* every path */
	ROOT_DIR,    /* those in the folder */
	ROOT_REFUSES /* none: a folder is needed and was not given */
};

/* Caller-allocated. */
struct root {
	enum root_kind kind;
	int fd;          /* ROOT_DIR: of the folder */
	char *path;      /* ROOT_DIR: absolute, without links; owned */
	bool is_walking; /* openat2 is not to be had */
};

/* dir NULL: ROOT_ANY, or, with is_needed, ROOT_REFUSES. -ENOENT, -ENOTDIR, -EACCES, -ENOMEM. */
int root_init(struct root *r, const char *dir, bool is_needed, struct err *err);
void root_deinit(struct root *r);

/*
 * As file_read and file_write_atomic (daemon/base/file.h), for regular files. root NULL: any path.
 * Errors beside theirs: -EACCES outside of the root, -EINVAL for what is no path or no regular
 * file. Messages begin with the path.
 */
int root_read(const struct root *r, struct span path, size_t max_bytes, char **out, size_t *len,
	      struct err *err);
/* The same into a strbuf, perhaps a counted one. */
int root_read_into(const struct root *r, struct span path, size_t max_bytes, struct strbuf *out,
		   struct err *err);
int root_write(const struct root *r, struct span path, struct span bytes, struct err *err);

#endif
