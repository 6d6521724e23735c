/*
 * listen.h - the sockets that the daemon listens on: opened, or inherited from systemd.
 */
#ifndef DAEMON_SERVER_LISTEN_H
#define DAEMON_SERVER_LISTEN_H

#include <stddef.h>

#include "daemon/base/file.h"

struct err;
struct options;

enum { LISTEN_MAX = 16 };

struct listen {
	int fds[LISTEN_MAX];
	size_t count;      /* 0 after they were handed to another owner */
	char *socket_path; /* owned, absolute: the socket file to remove; NULL: none of ours */
	struct file_id socket_id; /* of that file: another daemon's file of that name is kept */
	char *token;              /* owned; NULL: none needed */
};

/* A descriptor (O_PATH) of the socket file; -ESTALE when its name refers to another file. */
int listen_open_file(const struct listen *l, struct err *err);

/* Zero *l before; call listen_close afterwards, also on failure. */
int listen_open(struct listen *l, const struct options *o, struct err *err);
void listen_close(struct listen *l);

#endif
