/*
 * file.h - whole files: read with a bound, written so that a reader sees either the old or the new
 * file.
 *
 * Reading and writing large files takes long, so both stop with the codes of cancel_check.
 */
#ifndef DAEMON_BASE_FILE_H
#define DAEMON_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "daemon/base/span.h"

struct err;
struct strbuf;

/* Reads all of path into fresh memory (free it), NUL after the last byte. -EMSGSIZE above
 * max_bytes. */
int file_read(const char *path, size_t max_bytes, char **out, size_t *len, struct err *err);

/* The same into a strbuf, which may be counted. */
int file_read_into(const char *path, size_t max_bytes, struct strbuf *out, struct err *err);

/* The same for regular files only; others are -EINVAL: opening a pipe would wait for its writer. */
int file_read_regular(const char *path, size_t max_bytes, char **out, size_t *len, struct err *err);

/*
 * Writes a file without a name, syncs it, and then gives it the name path (file_write.c). On
 * failure the old file stays and no new file is left. A new file has the default mode; a replaced
 * file keeps its mode. -EINVAL: devices, pipes and the names of open files are not plain files, and
 * stay. Threads: any.
 */
int file_write_atomic(const char *path, struct span bytes, struct err *err);

/* The same for name in an open folder (O_PATH is enough). name has no slash. */
int file_write_atomic_at(int folder_fd, const char *name, struct span bytes, struct err *err);

int file_make_dirs(const char *path, struct err *err); /* like mkdir -p */
bool file_exists(const char *path);

/* The file that a name referred to at one time. */
struct file_id {
	dev_t dev;
	ino_t ino;
};

int file_id_of(const char *path, struct file_id *out);    /* of a link: the link; negative errno */
bool file_is(const char *path, const struct file_id *id); /* path still refers to it */

#endif
