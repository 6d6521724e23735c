/*
 * render_folder.h - the folder of the managed picture files: who owns it, and which of its files
 * belong to a daemon that no longer runs.
 *
 * Several daemons may share a folder. Each creates an empty file ".owner-<tag>" in it and holds a
 * lock on that file; the names of its pictures contain the tag. An owner file without a lock
 * belongs to a daemon that was killed; it is removed together with its pictures.
 *
 * Threads: one at a time for each folder.
 */
#ifndef DAEMON_RENDER_RENDER_FOLDER_H
#define DAEMON_RENDER_RENDER_FOLDER_H

#include <limits.h>
#include <stdbool.h>

struct err;

enum { RENDER_TAG_BYTES = 9 }; /* 8 digits and NUL */

/* Caller-allocated. */
struct render_folder {
	const char *asked; /* borrowed */
	bool has_other;    /* use "<asked>-<uid>" instead when the folder is not ours */
	char path[PATH_MAX];
	char tag[RENDER_TAG_BYTES]; /* of this daemon; "" before the first use */
	int owner_fd;               /* locked; -1: none yet */
};

/* Does nothing but remove the files of killed daemons. */
void render_folder_init(struct render_folder *f, const char *path, bool has_other);
void render_folder_deinit(struct render_folder *f); /* removes the owner file; the folder stays */

/*
 * Creates the folder if it does not exist, and this daemon's owner file in it. Returns a descriptor
 * of the folder (O_PATH; close it), or a negative errno: -ENOTDIR for a link or a file, -EPERM for
 * a folder that is not ours or that everybody may write to. path and tag are valid from then on.
 */
int render_folder_open(struct render_folder *f, struct err *err);

#endif
