/*
 * process.h - the daemon as a process: background, user and group, limits, and the protocol of
 * systemd.
 */
#ifndef DAEMON_SERVER_PROCESS_H
#define DAEMON_SERVER_PROCESS_H

#include <stddef.h>

struct err;

/*
 * Forks. In the parent, waits until the child calls process_detached or dies, and exits: with 0, or
 * with the child's code. In the child, returns 0 with *ready_fd for process_detached.
 */
int process_daemonize(int *ready_fd, struct err *err);

/* Tells the waiting parent that the start succeeded, and detaches from the terminal. */
void process_detached(int ready_fd);

/* One of our files; O_PATH is enough. */
struct process_file {
	int fd;
	const char *path; /* for messages */
};

/*
 * user or group may be NULL. The files change owner first, so that the new user can use and remove
 * them. -EINVAL: no such user or group.
 */
int process_become(const char *user, const char *group, const struct process_file *files,
		   size_t count, struct err *err);

/*
 * Raises the limit of descriptors to wanted, up to the hard limit. A lower limit is logged;
 * -EMFILE: too low for a single connection.
 */
int process_allow_files(unsigned long wanted, struct err *err);

/* Reports the state to systemd (NOTIFY_SOCKET); no-op without systemd. */
void process_notify(const char *state);

/* Number of listening sockets inherited from systemd (LISTEN_FDS); the first one is 3. */
int process_inherited_sockets(void);

#endif
