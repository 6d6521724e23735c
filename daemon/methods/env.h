/*
 * env.h - the environment of methods: one per thread that runs them, filled by the server.
 */
#ifndef DAEMON_METHODS_ENV_H
#define DAEMON_METHODS_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/context/context.h"

struct cache;
struct drawers;
struct renders;
struct reply;
struct root;

/* Functions of the server. Any thread. */
struct method_host {
	void *server;
	/* Adds members (reply_key + value) to the object that `status` answers. */
	void (*write_status)(void *server, struct reply *r);
	/* The same for `get_config`; may be NULL. */
	void (*write_config)(void *server, struct reply *r);
	/* Asks the daemon to drain and exit; NULL when not possible. */
	void (*shut_down)(void *server);
};

/* The client of a call. The functions are NULL when there is none (tests, benchmarks). */
struct method_client {
	void *ctx;
	bool (*is_gone)(void *ctx);                  /* a system call; any thread */
	void (*notify)(void *ctx, struct span line); /* sends a line; the thread of the call */
};

struct method_env {
	struct context_lease *lease;
	const struct method_host *host; /* NULL: no server (tests, benchmarks) */
	uint64_t started_ns;            /* CLOCK_MONOTONIC */
	struct renders *renders; /* picture files kept for clients; NULL: files are not kept */
	struct cache *pictures;  /* cached pictures; NULL: no cache */
	struct drawers *drawers; /* NULL: the thread of the call draws */
	const struct root *root; /* the folder that files must be in; NULL: anywhere */
	struct method_client client;
};

#endif
