/*
 * env.h - what methods work on: one per thread that runs them, filled by the server.
 */
#ifndef DAEMON_METHODS_ENV_H
#define DAEMON_METHODS_ENV_H

#include <stdint.h>

#include "daemon/context/context.h"

struct reply;

/* What only the server knows. Any thread. */
struct method_host {
	void *server;
	/* Adds members (reply_key + value) to the object that `status` answers. */
	void (*write_status)(void *server, struct reply *r);
	/* Asks the daemon to drain and exit; NULL where that is not possible. */
	void (*shut_down)(void *server);
};

struct method_env {
	struct context_lease *lease;
	const struct method_host *host; /* NULL: no server (tests, benchmarks) */
	uint64_t started_ns;            /* CLOCK_MONOTONIC */
};

#endif
