/*
 * process.h - the daemon as a process: background, pid file, user and group, and the commands that
 * speak to a running one through its pid file.
 */
#ifndef DAEMON_SERVER_PROCESS_H
#define DAEMON_SERVER_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

struct err;

/*
 * Forks. In the parent, waits until the child says process_detached or dies and does not return but
 * exits: 0, or with the child's code. In the child returns 0 with *ready_fd for process_detached.
 */
int process_daemonize(int *ready_fd, struct err *err);

/* Tells the waiting parent that all is well, and lets go of the terminal. */
void process_detached(int ready_fd);

/*
 * Creates path with the process id. A file whose process lives is -EEXIST; one left behind is
 * replaced.
 */
int process_write_pid(const char *path, struct err *err);
void process_remove_pid(const char *path); /* only if it is ours */

/* The living process of a pid file; -ESRCH: none. */
int process_read_pid(const char *path, pid_t *pid, struct err *err);

/*
 * user or group may be NULL. The files (a NULL-terminated list) are handed over first, so that the
 * new owner can use them and take them away.
 */
int process_become(const char *user, const char *group, const char *const *files, struct err *err);

/* The path as it is from any directory; free it. NULL when out of memory. */
char *process_absolute(const char *path);

/* The commands; they print their answer and return an exit code. */
int process_status(const char *pid_file);
int process_stop(const char *pid_file);
int process_reload(const char *pid_file);

/* Raises the limit of descriptors to at least count, as far as the hard limit goes. */
void process_allow_files(unsigned long count);

/* Tells systemd (NOTIFY_SOCKET) what state this is; nothing where there is no systemd. */
void process_notify(const char *state);

/* Listening sockets that systemd handed over (LISTEN_FDS): the count, first is 3. */
int process_inherited_sockets(void);

#endif
