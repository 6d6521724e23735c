/*
 * folder.h - the temporary folder of a run: sockets, and what the programs say. It goes with the
 * run; of a run that was killed together with everything that it had started, the next run removes
 * it.
 */
#ifndef PROFILES_RUN_FOLDER_H
#define PROFILES_RUN_FOLDER_H

struct err;

struct folder {
	char path[128];
	int lock_fd; /* held as long as the run lives */
};

/* Below $TMPDIR, or /tmp where that is too deep for a socket's path of 107 bytes. */
int folder_make(struct folder *f, struct err *err);
void folder_remove(struct folder *f); /* no-op when it was not made */

#endif
