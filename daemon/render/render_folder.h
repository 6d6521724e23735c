/*
 * render_folder.h - the folder of the managed picture files: whose it is, and what in it belongs to
 * a daemon that is gone.
 *
 * Several daemons may share a folder. Each puts an empty file ".owner-<tag>" into it and holds a
 * lock on that; the tag is part of the names of its pictures. A mark without a lock is of a daemon
 * that was killed, and goes with its pictures.
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
	bool has_other;    /* "<asked>-<uid>" takes its place where that is not ours */
	char path[PATH_MAX];
	char tag[RENDER_TAG_BYTES]; /* of this daemon; "" before the first use */
	int owner_fd;               /* locked; -1: none yet */
};

/* Costs nothing but the removal of what killed daemons have left. */
void render_folder_init(struct render_folder *f, const char *path, bool has_other);
void render_folder_deinit(struct render_folder *f); /* takes the mark away; the folder stays */

/*
 * Makes the folder if it is not there, and this daemon's mark in it. Returns a descriptor of the
 * folder (O_PATH; close it), or a negative errno: -ENOTDIR for a link or a file, -EPERM for a
 * folder that is not ours or in which everybody may write. path and tag are valid from then on.
 */
int render_folder_open(struct render_folder *f, struct err *err);

#endif
