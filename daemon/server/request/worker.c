#include "daemon/server/request/worker.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/base/cancel.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/buffers/buffers.h"
#include "daemon/delivery/message.h"
#include "daemon/parser/parser.h"
#include "daemon/parser/parser_pool.h"
#include "daemon/server/reclaim.h"
#include "daemon/store/journal.h"
#include "daemon/telemetry/metrics.h"
#include "daemon/transport/transport.h"

_Static_assert((int)PARSER_PADDING_BYTES <= (int)TRANSPORT_PADDING_BYTES,
	       "bytes read by the transport can be parsed in place");

enum {
	OUT_BYTES_FIRST = 4000,        /* within the middle tier of the pool */
	OUT_BYTES_COUNTED = 64 * 1024, /* larger buffers are taken from the budget */
	STREAM_WAIT_MS = 10, /* wait for a client to read, between two calls of cancel_check */
};

/* The buffer may also contain replies before the one that is too large. */
_Static_assert((size_t)RPC_REPLY_BYTES_MAX * 2 <= BUFFERS_BYTES_MAX, "a buffer holds a reply");

static void *get_counted(struct worker *w, size_t need, size_t *cap)
{
	void *ptr = buffers_get(w->cfg->buffers, need, cap);

	if (ptr && *cap > OUT_BYTES_COUNTED && !budget_take(BUDGET_REPLIES, *cap)) {
		buffers_put(w->cfg->buffers, ptr, *cap);
		ptr = NULL;
	}
	return ptr;
}

static void put_counted(struct worker *w, void *ptr, size_t cap)
{
	if (ptr == w->spare)
		return;
	if (cap > OUT_BYTES_COUNTED)
		budget_give(BUDGET_REPLIES, cap);
	buffers_put(w->cfg->buffers, ptr, cap);
}

static int grow_out(struct outbuf *out, size_t need)
{
	struct worker *w = out->owner;
	size_t cap;
	char *bigger;

	if (need > RPC_REPLY_BYTES_MAX) {
		w->is_too_large = true;
		return -EMSGSIZE;
	}
	if (need < OUT_BYTES_FIRST)
		need = OUT_BYTES_FIRST;
	if (need < out->cap * 2)
		need = out->cap * 2;
	bigger = get_counted(w, need, &cap);
	if (!bigger)
		return -ENOMEM;
	if (out->ptr) {
		memcpy(bigger, out->ptr, out->len);
		put_counted(w, out->ptr, out->cap);
	}
	out->ptr = bigger;
	out->cap = cap;
	return 0;
}

static void drop_out(struct worker *w)
{
	if (w->out.ptr)
		put_counted(w, w->out.ptr, w->out.cap);
	w->out = (struct outbuf){ .grow = grow_out, .owner = w };
}

static bool is_client_gone(void *ctx)
{
	const struct worker *w = ctx;

	return watch_client_is_gone(w->conn);
}

/* Sends between replies, never inside a batch's reply: it starts before that has been sent. */
static void notify_client(void *ctx, struct span line)
{
	struct worker *w = ctx;

	if (!transport_is_stalled(w->conn))
		(void)transport_send(w->conn, line);
}

int worker_init(struct worker *w, const struct worker_cfg *cfg, bool is_reader, struct err *err)
{
	int rc;

	*w = (struct worker){
		.cfg = cfg,
		.watch = { .rules = cfg->rules },
		.is_reader = is_reader,
	};
	drop_out(w);
	rc = parser_open(cfg->parser, &w->parser, err);
	if (rc < 0)
		goto out;
	rc = parser_reply_open(w->parser, &w->reply, err);
	if (rc < 0)
		goto out;
	rc = context_attach(cfg->context, &w->lease, err);
	if (rc < 0)
		goto out;
	w->lease.no_wait = is_reader;
	w->env = (struct method_env){
		.lease = &w->lease,
		.host = cfg->host,
		.started_ns = cfg->started_ns,
		.renders = cfg->renders,
		.pictures = cfg->pictures,
		.drawers = cfg->drawers,
		.root = cfg->root,
		.client = { .ctx = w, .is_gone = is_client_gone, .notify = notify_client },
	};
	w->call.env = &w->env;
	w->call.reply = w->reply;
	return 0;
out:
	parser_reply_close(w->reply);
	parser_close(w->parser);
	*w = (struct worker){ 0 }; /* so that worker_deinit does nothing */
	return rc;
}

void worker_deinit(struct worker *w)
{
	if (!w->cfg)
		return;
	drop_out(w);
	context_detach(&w->lease);
	parser_reply_close(w->reply);
	parser_close(w->parser);
	w->cfg = NULL;
}

/* Edits that the replies confirm must be in the journal first. If that fails, the replies must not
 * be sent. */
static void flush_journal(struct worker *w)
{
	if (w->cfg->has_slow_edits)
		context_leave(&w->lease); /* the project must not stay locked while waiting for the
					     disk */
	if (journal_flush(w->cfg->journal) < 0) {
		transport_hangup(w->conn);
		w->out.len = 0;
	}
}

/* The stage clocks of sampled requests end with the write of their replies. */
void worker_flush(struct worker *w)
{
	if (w->cfg->journal)
		flush_journal(w);
	if (w->out.len) {
		metrics_add(METRIC_WRITTEN_BYTES, w->out.len);
		(void)transport_send(w->conn, span_of(w->out.ptr, w->out.len));
		w->out.len = 0;
	}
	for (unsigned i = 0; i < w->clocks_count; i++) {
		stage_mark(&w->clocks[i], STAGE_WRITE);
		stages_record(&w->clocks[i]);
	}
	w->clocks_count = 0;
}

int worker_stream(struct worker *w)
{
	uint64_t limit_ns = w->cfg->write_limit_ns;
	uint64_t taken_ns = 0; /* when the client last read something */
	size_t unsent;

	worker_flush(w);
	unsent = transport_push(w->conn, 0);
	while (unsent > WORKER_UNSENT_BYTES_MAX) {
		size_t before = unsent;
		int rc = cancel_check();

		if (rc < 0)
			return rc;
		context_leave(&w->lease); /* the project must not stay locked while waiting for this
					     client */
		unsent = transport_push(w->conn, STREAM_WAIT_MS);
		if (unsent < before || !taken_ns)
			taken_ns = clock_ns();
		else if (limit_ns && clock_ns() - taken_ns >= limit_ns)
			return -ETIMEDOUT;
	}
	return (w->conn->flags & CONN_BROKEN) ? -EPIPE : 0;
}

void worker_use_spare(struct worker *w)
{
	worker_flush(w);
	drop_out(w);
	w->out.ptr = w->spare;
	w->out.cap = sizeof(w->spare);
}

void worker_begin(struct worker *w, struct conn *c)
{
	w->conn = c;
}

void worker_end(struct worker *w)
{
	if (!w->requests_count && !w->out.ptr && !w->lease.entry)
		return; /* all was handed over */
	context_leave(&w->lease);
	worker_flush(w);
	drop_out(w);
	reclaim_look();
	if (!w->requests_count)
		return;
	metrics_add(METRIC_READ_BYTES, w->read_bytes);
	metrics_add(METRIC_REQUESTS, w->requests_count);
	metrics_add(METRIC_REPLIES, w->replies_count);
	if (w->notifications_count)
		metrics_add(METRIC_NOTIFICATIONS, w->notifications_count);
	if (w->is_reader)
		metrics_add(METRIC_FAST_PATH, w->requests_count - w->refused_count);
	w->read_bytes = 0;
	w->requests_count = 0;
	w->refused_count = 0;
	w->replies_count = 0;
	w->notifications_count = 0;
}

void worker_give_parse(struct worker *w, struct message *m)
{
	struct parser *other;

	if (!m->parser)
		return;
	other = parser_pool_get(w->cfg->parsers);
	if (other) {
		w->parser = other;
		return;
	}
	parser_reset(w->parser);
	m->parser = NULL;
}

void worker_take_parse(struct worker *w, struct message *m)
{
	if (!m->parser)
		return;
	parser_pool_put(w->cfg->parsers, w->parser);
	w->parser = m->parser;
}
