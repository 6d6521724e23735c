/*
 * server.h - the daemon without its command line: opens the axes, connects them, serves until
 * stopped.
 */
#ifndef DAEMON_SERVER_SERVER_H
#define DAEMON_SERVER_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/methods/env.h"
#include "daemon/parser/parser_pool.h"
#include "daemon/server/notices.h"
#include "daemon/server/preset.h"
#include "daemon/server/request/crew.h"
#include "daemon/server/request/readers.h"
#include "daemon/server/request/token.h"
#include "daemon/server/request/worker.h"
#include "daemon/transport/transport.h"

struct buffers;
struct context;
struct delivery;
struct dispatch;
struct err;
struct journal;
struct journal_cfg;
struct queue;
struct cache;
struct drawers;
struct renders;
struct root;

struct server_cfg {
	const struct axes *axes; /* borrowed */
	const int *listen_fds;   /* owned by the server on success */
	size_t listen_count;
	size_t queue_size;
	size_t connections_max;
	size_t request_bytes_max;
	uint64_t request_limit_ns; /* time limit for one message; 0: no limit */
	/* How long connections may wait for their clients; 0: no limit. */
	uint64_t idle_limit_ns;
	uint64_t read_limit_ns;  /* for completing a request */
	uint64_t write_limit_ns; /* for reading replies */
	enum worker_protocol protocol;
	const char *token;       /* of TCP clients; NULL: none needed */
	void (*woken)(void);     /* on the thread of server_run, after server_wake; may be NULL */
	const struct root *root; /* of clients' files; borrowed; NULL: anywhere */
	const struct journal_cfg *journal; /* without its functions; NULL: no journal */
};

struct server {
	struct server_cfg cfg;
	struct axes axes;
	struct buffers *buffers;
	struct delivery *delivery;
	struct parser_pool parsers;
	struct context *context;
	struct journal *journal; /* NULL: none */
	struct dispatch *dispatch;
	struct queue *queue;
	struct renders *renders;
	struct cache *pictures; /* NULL: no cache */
	struct drawers *drawers;
	struct transport *transport;
	struct method_host host;
	struct worker_cfg worker_cfg;
	struct crew crew;
	struct readers readers;
	_Atomic size_t connections_count;
	struct notices notices;
	struct token token;
	struct watch_rules rules;
	_Atomic uint64_t stopped_ns; /* when server_stop was called first; 0: it was not */
	bool has_stuck_threads;      /* some did not end: what they use is not freed */
};

/* Errors are those of the axes. Then nothing is left open, and the caller still owns the
 * descriptors. */
int server_open(struct server *s, const struct server_cfg *cfg, struct err *err);

/* Serves until server_stop; then ends within 5 s, see server.c. */
int server_run(struct server *s, struct err *err);

/* Any thread, also a signal handler. */
void server_stop(struct server *s);
void server_wake(struct server *s);
/* With has_stuck_threads the process must exit, since these threads still use the server. */
void server_close(struct server *s);

/* The members that `status` shows of the server: preset, axes, start-up, stages, counters. */
void server_write_status(void *server, struct reply *r);

/* What `get_config` shows of the server: preset, axes, limits of the command line. */
void server_write_config(void *server, struct reply *r);

/* The same counters as lines of the log (USR1). */
void server_log_statistics(struct server *s);

#endif
