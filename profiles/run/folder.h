/*
 * folder.h - the temporary folder of a run: sockets and the output of the programs. It is removed
 * at the end of the run; if a run and everything it had started were killed, the next run removes
 * it.
 */
#ifndef PROFILES_RUN_FOLDER_H
#define PROFILES_RUN_FOLDER_H

struct err;

struct folder {
	char path[128];
	int lock_fd; /* held as long as the run lives */
};

/* Made in $TMPDIR, or in /tmp if that path is too long for a socket's path of 107 bytes. */
int folder_make(struct folder *f, struct err *err);
void folder_remove(struct folder *f); /* no-op when it was not made */

#endif
