/* file.h - whole files: read with a bound, written so that a reader sees the old or the new one. */
#ifndef DAEMON_BASE_FILE_H
#define DAEMON_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/base/span.h"

struct err;

/* Reads all of path into fresh memory (free it), NUL after the last byte. -EMSGSIZE above
 * max_bytes. */
int file_read(const char *path, size_t max_bytes, char **out, size_t *len, struct err *err);

/* Temporary name beside it, write, fsync, rename. On failure the old file stays and the temporary
 * one is gone. -EINVAL: devices, pipes and the names of open files are no plain files, and stay. */
int file_write_atomic(const char *path, struct span bytes, struct err *err);

int file_make_dirs(const char *path, struct err *err); /* like mkdir -p */
bool file_exists(const char *path);

#endif
