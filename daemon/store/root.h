/*
 * root.h - where clients may read and write files.
 *
 * With a root folder, the kernel resolves paths beneath it (openat2 with RESOLVE_BENEATH): neither
 * ".." nor a symbolic link leads outside. On kernels without that call, a walk refuses all links
 * and "..". Paths may be relative to the folder or absolute inside it. Without a root folder any
 * path is allowed, which suits a socket that only its owner can open; a server that also listens
 * elsewhere sets is_needed, and then no path is allowed. Threads: any, once initialized.
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
	bool is_walking; /* openat2 is unavailable */
};

/* dir NULL: ROOT_ANY, or, with is_needed, ROOT_REFUSES. -ENOENT, -ENOTDIR, -EACCES, -ENOMEM. */
int root_init(struct root *r, const char *dir, bool is_needed, struct err *err);
void root_deinit(struct root *r);

/*
 * As file_read and file_write_atomic (daemon/base/file.h), for regular files. root NULL: any path.
 * Additional errors: -EACCES outside the root, -EINVAL for an invalid path or not a regular file.
 * Messages begin with the path.
 */
int root_read(const struct root *r, struct span path, size_t max_bytes, char **out, size_t *len,
	      struct err *err);
/* The same into a strbuf, which may be counted. */
int root_read_into(const struct root *r, struct span path, size_t max_bytes, struct strbuf *out,
		   struct err *err);
int root_write(const struct root *r, struct span path, struct span bytes, struct err *err);

#endif
