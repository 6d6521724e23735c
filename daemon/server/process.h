/*
 * process.h - the daemon as a process: background, user and group, limits, and what systemd asks of
 * it.
 */
#ifndef DAEMON_SERVER_PROCESS_H
#define DAEMON_SERVER_PROCESS_H

#include <stddef.h>

struct err;

/*
 * Forks. In the parent, waits until the child says process_detached or dies and does not return but
 * exits: 0, or with the child's code. In the child returns 0 with *ready_fd for process_detached.
 */
int process_daemonize(int *ready_fd, struct err *err);

/* Tells the waiting parent that all is well, and lets go of the terminal. */
void process_detached(int ready_fd);

/* A file of ours; O_PATH is enough. */
struct process_file {
	int fd;
	const char *path; /* for messages */
};

/*
 * user or group may be NULL. The files are handed over first, so that the new owner can use them
 * and take them away. -EINVAL: no such user or group.
 */
int process_become(const char *user, const char *group, const struct process_file *files,
		   size_t count, struct err *err);

/*
 * Raises the limit of descriptors to wanted, as far as the hard limit goes. A lower one is a line
 * of the log; -EMFILE: too low for a single connection.
 */
int process_allow_files(unsigned long wanted, struct err *err);

/* Tells systemd (NOTIFY_SOCKET) what state this is; nothing where there is no systemd. */
void process_notify(const char *state);

/* Listening sockets that systemd handed over (LISTEN_FDS): the count, first is 3. */
int process_inherited_sockets(void);

#endif
