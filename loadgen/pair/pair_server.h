/*
 * pair_server.h - a server of a block: started by goxel-start, which guards it and measures the
 * time to its first reply, and ended when the block is over.
 */
#ifndef LOADGEN_PAIR_PAIR_SERVER_H
#define LOADGEN_PAIR_PAIR_SERVER_H

#include <sched.h>
#include <sys/types.h>

#include "loadgen/pair/pair_arm.h"

struct err;

struct pair_start {
	const struct pair_home *home; /* where goxel-start is */
	const struct pair_arm *arm;
	const char
		*base; /* folder of the sitting; the guard removes it when this process has ended */
	const cpu_set_t *cpus; /* where the server may run */
	uint32_t pad_bytes;    /* of environment, to move its stack */
	uint64_t timeout_ns;   /* for its first reply */
	int stop_fd;           /* readable when the sitting is to end */
};

struct pair_server {
	pid_t pid; /* of the command; 0 = none */
	int pidfd;
	char dir[PATH_MAX];
	struct sock_addr addr;
	uint64_t first_reply_ns; /* from exec to the first reply */
	char how_ended[64];      /* "exit 1", "killed by SIGKILL"; empty while it lives */
};

/*
 * Starts the server in a new folder and waits for its first reply.
 * Errors: -EINTR stop_fd is readable; -ECHILD it ended, -ETIMEDOUT it never answered (both with the
 * last line of its log); errors of creating files and processes.
 * Owns: out; pair_server_stop, also after failure.
 */
int pair_server_start(const struct pair_start *s, struct pair_server *out, struct err *err);

/* False once it has ended; how_ended says how. */
bool pair_server_is_alive(struct pair_server *s);

/* SIGTERM, and SIGKILL to its group after 5 s; removes its folder. Does nothing if it was not
 * started. */
void pair_server_stop(struct pair_server *s);

#endif
