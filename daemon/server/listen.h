/*
 * listen.h - the sockets that the daemon listens on: made, or handed over by systemd.
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
	size_t count;      /* 0 once somebody else has taken them over */
	char *socket_path; /* owned, absolute: the socket file to take away; NULL: none of ours */
	struct file_id socket_id; /* of that file: another daemon's of the same name stays */
	char *token;              /* owned; NULL: none needed */
};

/* A descriptor (O_PATH) of the socket file; -ESTALE when its name stands for another one. */
int listen_open_file(const struct listen *l, struct err *err);

/* Zeroed before. listen_close afterwards, whatever came. */
int listen_open(struct listen *l, const struct options *o, struct err *err);
void listen_close(struct listen *l);

#endif
