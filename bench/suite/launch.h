/* launch.h - starts the goxel-daemon in this program's folder, in a directory of its own. */
#ifndef BENCH_SUITE_LAUNCH_H
#define BENCH_SUITE_LAUNCH_H

#include <stdint.h>
#include <sys/types.h>

#include "daemon/base/sock.h"
#include "daemon/base/span.h"
#include "daemon/base/strbuf.h"

struct err;

enum { LAUNCH_PATH_MAX = 96 /* short enough for a socket's name */ };

struct launch {
	char dir[LAUNCH_PATH_MAX]; /* new; plain files in it are removed at the end */
	char socket[LAUNCH_PATH_MAX + 8];
	char daemon[4096]; /* the program */
	struct sock_addr addr;
	pid_t pid; /* 0 = not running */
};

/* -ENOENT: there is no daemon. Nothing to deinit on failure. */
int launch_init(struct launch *l, struct err *err);
void launch_deinit(struct launch *l);

int launch_start(struct launch *l, const char *preset, struct err *err);
void launch_end(struct launch *l);

/* Retries until the deadline; returns the descriptor, or -errno. */
int launch_connect(struct launch *l, uint64_t deadline_ns, struct err *err);

/*
 * Sends request, which ends in a line end, and waits for a line, 10 s at most; reply gets it
 * without its end. Errors: those of sock_receive_line.
 */
int launch_ask(int fd, struct span request, struct strbuf *reply, struct err *err);

#endif
