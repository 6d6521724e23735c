/*
 * script_pool.h - the daemon's side of the script server: starts it, takes processes from it and
 * ends them.
 *
 * One process is always ready, so that a script waits neither for a fork nor for the sandbox:
 * whoever takes a process requests the next one. A server that has died is started again. Threads:
 * any.
 */
#ifndef DAEMON_METHODS_SCRIPT_SCRIPT_POOL_H
#define DAEMON_METHODS_SCRIPT_SCRIPT_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct err;

enum {
	SCRIPTS_MAX = 32, /* running at once; further ones wait up to SCRIPT_WAIT_S */
	SCRIPT_WAIT_S = 5,
};

struct script_runner {
	int fd;    /* the socket to the process */
	int pidfd; /* the process */
	int pid;
};

/*
 * Takes a process that is ready for a script. -EAGAIN: all places are in use; -ECANCELED,
 * -ETIMEDOUT of cancel_check; -EOPNOTSUPP: this program cannot start a server; and errors of
 * posix_spawn, fork and recvmsg.
 */
int script_pool_get(struct script_runner *out, struct err *err);

/* For a process that has run for long: it gets a tenth of the processor time of others that want
 * it. */
void script_pool_lower(const struct script_runner *r);

/* Ends the process, whatever state it is in. */
void script_pool_put(struct script_runner *r);

/* Notes what a process reported about its sandbox: 0, or why it has no system call filter. */
void script_pool_note_sandbox(int code);

/* Call when the daemon ends and no script runs any more. Returns when the server has ended. */
void script_pool_stop(void);

struct script_status {
	bool is_sandbox_known; /* a process has reported it */
	int sandbox_code;      /* 0: in force; or a negative errno */
	uint32_t running_count;
	uint64_t runs_count;
	uint64_t servers_count; /* started so far; more than one means that one has died */
};
void script_pool_status(struct script_status *out);

#endif
