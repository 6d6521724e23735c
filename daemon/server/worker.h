/*
 * worker.h - one thread's means of answering requests: the place where the axes meet.
 *
 * A worker frames, parses, dispatches, runs and replies for a group: the requests that wait
 * together on one connection. Its replies leave in one write, or one for each
 * WORKER_FLUSH_BYTES. Used by one thread at a time, which made it.
 */
#ifndef DAEMON_SERVER_WORKER_H
#define DAEMON_SERVER_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/context/context.h"
#include "daemon/methods/env.h"
#include "daemon/rpc/method.h"
#include "daemon/rpc/outbuf.h"
#include "daemon/server/watch.h"
#include "daemon/telemetry/stages.h"

struct buffers;
struct conn;
struct dispatch;
struct err;
struct parser;
struct cache;
struct journal;
struct drawers;
struct renders;
struct root;
struct token;

enum {
	WORKER_FLUSH_BYTES = 64 * 1024,
	/* A batch waits for its client while more than this is unsent: what one message makes the
	 * daemon hold is bounded by the largest reply, not by their number. */
	WORKER_UNSENT_BYTES_MAX = 1 << 20,
	/* For errors when memory is out: the longest text of a fault, escaped, and an id of
	 * WORKER_SPARE_ID_MAX. */
	WORKER_SPARE_BYTES = 4096,
	WORKER_SPARE_ID_MAX = 1024,
	/* A longer request is no short one, whatever its method: it is not even parsed in the
	 * reading thread. Parsing so much costs about what handing it over does. */
	WORKER_INLINE_BYTES_MAX = 16 * 1024,
	WORKER_CLOCKS_MAX = 4, /* sampled requests of one write */
};

enum worker_protocol { PROTOCOL_AUTO, PROTOCOL_JSONRPC, PROTOCOL_MCP };

/* What all workers share; unchanged while they run. */
struct worker_cfg {
	const char *parser;
	struct dispatch *dispatch;
	struct context *context;
	struct buffers *buffers;
	const struct method_host *host;
	struct renders *renders;
	struct cache *pictures; /* NULL: none are kept */
	struct drawers *drawers;
	const struct root *root;
	struct journal *journal; /* settled before replies leave; NULL: there is none */
	bool has_slow_edits;     /* the journal waits for the disk: no edit in a reading thread */
	uint64_t started_ns;
	size_t request_bytes_max;
	enum worker_protocol protocol;
	uint64_t write_limit_ns; /* without a client taking anything of its replies; 0: none */
	bool has_zero_copy;
	bool has_request_log;
	struct token *token; /* of TCP clients */
	const struct watch_rules *rules;
};

/* What to do with the requests. */
enum worker_mode {
	WORKER_RUN,           /* all of them; the thread may wait */
	WORKER_INLINE,        /* up to the first that is not short */
	WORKER_REFUSE_FULL,   /* answer one with "server busy": the queue is full */
	WORKER_REFUSE_MEMORY, /* the same: there is no memory to hand it over */
};

/* Why worker_group stopped. */
enum worker_end {
	WORKER_DONE,    /* nothing but the beginning of a request is left */
	WORKER_LONG,    /* the next request is whole, and not for this thread: it is long, or
			   its project is in other hands */
	WORKER_STALLED, /* the connection takes no more replies now, or is closing */
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
	bool is_inline;
	bool may_wait;       /* for its client or a project: no thread that reads */
	bool is_too_large;   /* a reply was cut at RPC_REPLY_BYTES_MAX */
	const char *refusal; /* answer with it instead of running; NULL: run */
	int refusal_code;

	/* the request under way */
	struct conn *conn;
	struct stage_clock clock;
	bool is_long; /* found to be no short one */

	/* of the group, added to the metrics at its end */
	uint64_t read_bytes;
	uint64_t requests_count;
	uint64_t replies_count;
	uint64_t notifications_count;
	struct stage_clock clocks[WORKER_CLOCKS_MAX]; /* wait for their write */
	unsigned clocks_count;
	char spare[WORKER_SPARE_BYTES]; /* out's buffer when memory is out */
};

int worker_init(struct worker *w, const struct worker_cfg *cfg, struct err *err);
void worker_deinit(struct worker *w);

/*
 * Answers the whole requests at the start of bytes, in order, and sends the replies. Returns how
 * many bytes are dealt with; c->scan then fits the rest.
 */
size_t worker_group(struct worker *w, struct conn *c, struct span bytes, enum worker_mode mode,
		    enum worker_end *end);

/* Answers one request that was framed already, PARSER_PADDING_BYTES readable behind it. clock, when
 * not NULL, goes on. */
void worker_one(struct worker *w, struct conn *c, struct span request,
		const struct stage_clock *clock);

/* Private to answer.c and worker.c: */

/* Sends the replies that are complete. */
void worker_flush(struct worker *w);

/*
 * The same in the middle of a batch, and waits until the client has taken most of it. Only where
 * the thread may wait. Returns 0, or a negative code of cancel_check, -ETIMEDOUT when the client
 * takes nothing, or -EPIPE: the rest of the batch reaches nobody.
 */
int worker_stream(struct worker *w);

/* Sends the replies that are complete and goes on in the spare buffer: there is no memory for
 * another. A short error fits. */
void worker_use_spare(struct worker *w);

/* Answers the rest of a connection that has ended: an unfinished request. */
void worker_cut_off(struct worker *w, struct conn *c, struct span rest);

#endif
