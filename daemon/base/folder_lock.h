/*
 * folder_lock.h - lets one process at a time change a name in a folder. The lock is on the folder
 * itself, so that no lock file is left behind; all users must take it.
 */
#ifndef DAEMON_BASE_FOLDER_LOCK_H
#define DAEMON_BASE_FOLDER_LOCK_H

#include <stdint.h>

struct err;

/*
 * Locks the folder of path. Close *fd afterwards; it is -1 when the folder cannot be locked (it is
 * not readable, or its file system has no locks) and the caller must do without. -ETIMEDOUT:
 * another process has held the lock for timeout_ns; any process that may read a folder can lock it.
 * -EINTR: TERM or INT, which the caller has blocked, arrived meanwhile.
 */
int folder_lock(const char *path, uint64_t timeout_ns, int *fd, struct err *err);

#endif
