/*
 * worker.h - everything that one thread needs to answer requests; here the axes come together.
 *
 * A worker parses, dispatches, runs and replies for a group: the messages that wait together on one
 * connection. Its replies are sent in one write, or one per WORKER_FLUSH_BYTES. Used by one
 * thread at a time, the one that created it.
 */
#ifndef DAEMON_SERVER_REQUEST_WORKER_H
#define DAEMON_SERVER_REQUEST_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/context/context.h"
#include "daemon/json/outbuf.h"
#include "daemon/methods/env.h"
#include "daemon/rpc/method.h"
#include "daemon/server/request/watch.h"
#include "daemon/telemetry/stages.h"

struct buffers;
struct cache;
struct conn;
struct delivery;
struct dispatch;
struct drawers;
struct err;
struct journal;
struct message;
struct parser;
struct parser_pool;
struct renders;
struct root;
struct token;

enum {
	WORKER_FLUSH_BYTES = 64 * 1024,
	/* A batch waits for its client while more than this is unsent: the memory held for one
	 * message is limited by the largest reply, not by the number of replies. */
	WORKER_UNSENT_BYTES_MAX = 1 << 20,
	/* For errors when memory is out: the longest text of a fault, escaped, and an id of
	 * WORKER_SPARE_ID_MAX. */
	WORKER_SPARE_BYTES = 4096,
	WORKER_SPARE_ID_MAX = 1024,
	WORKER_CLOCKS_MAX = 4, /* sampled requests of one write */
};

enum worker_protocol { PROTOCOL_AUTO, PROTOCOL_JSONRPC, PROTOCOL_MCP };

/* Shared by all workers; unchanged while they run. */
struct worker_cfg {
	const char *parser;
	struct parser_pool *parsers; /* for messages passed on with their parse */
	struct delivery *delivery;
	struct dispatch *dispatch;
	struct context *context;
	struct buffers *buffers;
	const struct method_host *host;
	struct renders *renders;
	struct cache *pictures; /* NULL: no cache */
	struct drawers *drawers;
	const struct root *root;
	struct journal *journal; /* flushed before replies are sent; NULL: there is none */
	bool has_slow_edits;     /* the journal waits for the disk: no edits in a reading thread */
	uint64_t started_ns;
	size_t request_bytes_max;
	enum worker_protocol protocol;
	uint64_t write_limit_ns; /* limit of the time in which a client reads nothing; 0: none */
	bool has_fast_path;
	bool has_request_log;
	struct token *token; /* of TCP clients */
	const struct watch_rules *rules;
};

struct worker {
	const struct worker_cfg *cfg;
	struct parser *parser;
	struct reply *reply;
	struct context_lease lease;
	struct method_env env;
	struct outbuf out;
	struct watch watch;
	struct call call;
	bool is_reader;    /* of a reading thread, which must not wait */
	bool is_too_large; /* a reply was cut at RPC_REPLY_BYTES_MAX */

	/* of the group */
	struct conn *conn;
	uint64_t read_bytes; /* these are added to the metrics at its end */
	uint64_t requests_count;
	uint64_t refused_count; /* of these, answered without being run */
	uint64_t replies_count;
	uint64_t notifications_count;
	struct stage_clock clocks[WORKER_CLOCKS_MAX]; /* wait for their write */
	unsigned clocks_count;
	char spare[WORKER_SPARE_BYTES]; /* out's buffer when memory is out */
};

int worker_init(struct worker *w, const struct worker_cfg *cfg, bool is_reader, struct err *err);
void worker_deinit(struct worker *w);

/* Around a group of messages of c; their replies are sent at the latest when the group ends. */
void worker_begin(struct worker *w, struct conn *c);
void worker_end(struct worker *w);

/* Passes on the parser of this worker with the parse of m; the worker gets another one. If there is
 * none, the parse is dropped. */
void worker_give_parse(struct worker *w, struct message *m);

/* Takes over the parse that came with m, if any. */
void worker_take_parse(struct worker *w, struct message *m);

/* Sends the replies that are complete. */
void worker_flush(struct worker *w);

/*
 * The same in the middle of a batch; also waits until the client has read most of it. Only for
 * threads that may wait. Returns 0, a negative code of cancel_check, -ETIMEDOUT when the client
 * reads nothing, or -EPIPE: the rest of the batch cannot be sent.
 */
int worker_stream(struct worker *w);

/* Sends the complete replies and continues in the spare buffer, since there is no memory for
 * another one. A short error fits. */
void worker_use_spare(struct worker *w);

#endif
