/*
 * folder_lock.h - one process at a time does something to a name in a folder. The lock is on the
 * folder itself, so that no file is left behind; all who use it must ask for it.
 */
#ifndef DAEMON_BASE_FOLDER_LOCK_H
#define DAEMON_BASE_FOLDER_LOCK_H

#include <stdint.h>

struct err;

/*
 * Locks the folder of path: *fd is to be closed afterwards, -1 where the folder cannot be locked
 * (it may not be read, its file system has no locks) and one must do without. -ETIMEDOUT: another
 * process has had it for timeout_ns; whoever may read a folder can lock it. -EINTR: TERM or INT,
 * which the caller has blocked, came meanwhile.
 */
int folder_lock(const char *path, uint64_t timeout_ns, int *fd, struct err *err);

#endif
