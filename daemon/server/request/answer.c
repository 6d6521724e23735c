/*
 * answer.c - answers a message: parse, protocol, method, fault.
 */
#include "daemon/server/request/answer.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/cancel.h"
#include "daemon/delivery/delivery.h"
#include "daemon/parser/parser.h"
#include "daemon/rpc/detect.h"
#include "daemon/server/request/answer_fault.h"
#include "daemon/server/request/answer_request.h"
#include "daemon/server/request/client.h"
#include "daemon/server/request/worker.h"
#include "daemon/transport/transport.h"

/* How often a batch checks whether it should continue, since its requests may be very short. */
enum { BATCH_CHECK_COUNT = 64 };

/* The remaining requests of this message are answered with the reason why they are not run. */
static void stop_message(struct message *m, int code)
{
	m->refusal_code = RPC_STOPPED;
	m->refusal = code == -ETIMEDOUT ? "Stopped: the requests of this batch took longer than "
					  "their time limit"
					: "Stopped: the daemon is stopping";
}

/*
 * Called after a request of a batch: sends replies while the batch runs, if the thread may wait for
 * the client. False: nobody receives the rest.
 */
static bool go_on(struct worker *w, struct message *m)
{
	bool is_full = w->out.len >= WORKER_FLUSH_BYTES;
	int rc;

	if (w->conn->flags & CONN_CLOSING)
		return false;
	if (w->is_reader || (!is_full && m->answered_count % BATCH_CHECK_COUNT))
		return true;
	if (is_full && worker_stream(w) < 0) {
		transport_hangup(w->conn); /* an array that was started cannot become an error */
		return false;
	}
	if (w->watch.is_long)
		context_leave(&w->lease); /* other threads need the project, too */
	rc = cancel_check();
	if (rc < 0 && !m->refusal)
		stop_message(m, rc);
	return true;
}

/* Answers one request of a batch, after the mark before its reply. */
static enum answered answer_item(struct worker *w, struct message *m)
{
	uint64_t replies_count = w->replies_count;
	enum answered end;

	answer_mark(w, m->has_replies ? ',' : '[');
	end = answer_request(w, m);
	if (w->replies_count == replies_count)
		w->out.len--; /* a notification, or nothing was done */
	else
		m->has_replies = true;
	return end;
}

/* Answers requests in the order of the text as far as this thread may; the rest stays in m. */
static enum answered answer_batch(struct worker *w, struct message *m)
{
	bool more = true;

	while (more) {
		if (answer_item(w, m) == RETRY_ELSEWHERE)
			return RETRY_ELSEWHERE;
		m->answered_count++;
		m->method = NULL;
		more = value_next(m->at, &m->at) && go_on(w, m);
	}
	if (m->has_replies)
		answer_mark(w, ']');
	return ANSWERED;
}

/* Starts a batch. False: it is invalid and has been answered. */
static bool begin_batch(struct worker *w, struct message *m, struct value batch)
{
	uint32_t count = value_count(batch);

	m->is_batch = true;
	w->call.fault.code = 0;
	if (count == 0)
		fault_set(&w->call.fault, RPC_INVALID_REQUEST, "Invalid Request: empty batch");
	else if (count > RPC_BATCH_MAX)
		fault_set(&w->call.fault, RPC_INVALID_REQUEST,
			  "Invalid Request: a batch of %u requests, at most %d", count,
			  RPC_BATCH_MAX);
	if (w->call.fault.code) {
		answer_bare_fault(w);
		return false;
	}
	value_first(batch, &m->at);
	/* A dropped parse is repeated: skip the requests already answered. */
	for (uint32_t i = 0; i < m->answered_count; i++)
		value_next(m->at, &m->at);
	return true;
}

/* Answers a client that speaks HTTP with an HTTP error. */
static bool refuse_http(struct worker *w, struct span text)
{
	if (!rpc_is_http(text))
		return false;
	rpc_refuse_http(&w->out);
	transport_hangup(w->conn);
	return true;
}

/* False: the text is not JSON, or there is no memory; it has been answered. */
static bool parse(struct worker *w, struct message *m)
{
	struct parse_fault why = { 0 };
	struct value root = { 0 };
	int rc = delivery_open_text(w->cfg->delivery, m);

	if (rc == 0)
		rc = parser_parse(w->parser, m->text, &root, &why);
	if (rc < 0) {
		if (rc == -EPROTO)
			fault_set(&w->call.fault, RPC_PARSE_ERROR, "Parse error: %s at byte %u",
				  why.why, why.byte_index);
		else
			fault_set(&w->call.fault, RPC_INTERNAL_ERROR,
				  "Out of memory for the request");
		w->requests_count++;
		answer_bare_fault(w);
		return false;
	}
	m->parser = w->parser;
	m->at = root;
	return value_kind(root) != VALUE_ARRAY || begin_batch(w, m, root);
}

static inline void end_message(struct worker *w, struct message *m)
{
	parser_reset(w->parser);
	delivery_close_text(w->cfg->delivery, m);
}

void answer_drop(struct worker *w, struct message *m)
{
	end_message(w, m);
}

enum answered answer_message(struct worker *w, struct message *m)
{
	uint64_t replies_count = w->replies_count;
	enum answered end = ANSWERED;

	if (m->text.ptr[0] != '{' && m->text.ptr[0] != '[' && refuse_http(w, m->text))
		return ANSWERED;
	if (!w->is_reader)
		watch_begin(&w->watch, w->conn);
	if (m->parser || parse(w, m))
		end = m->is_batch ? answer_batch(w, m) : answer_request(w, m);
	if (!w->is_reader)
		watch_end(&w->watch);
	if (end == RETRY_ELSEWHERE)
		return end; /* its parse is passed on with it */
	end_message(w, m);
	if (m->has_replies || w->replies_count != replies_count)
		answer_mark(w, '\n');
	stage_mark(&m->clock, STAGE_SERIALIZE);
	if (m->clock.on && w->clocks_count < WORKER_CLOCKS_MAX)
		w->clocks[w->clocks_count++] = m->clock;
	return ANSWERED;
}

void answer_too_long(struct worker *w)
{
	size_t max_bytes = client_request_max(w->conn, w->cfg->request_bytes_max);

	fault_set(&w->call.fault, RPC_PARSE_ERROR,
		  "Parse error: JSON message too large: more than %zu bytes%s", max_bytes,
		  max_bytes < w->cfg->request_bytes_max ? " before authenticate" : "");
	w->requests_count++;
	answer_bare_fault(w);
	answer_mark(w, '\n');
}

void answer_cut_off(struct worker *w, struct span rest)
{
	size_t blank = 0;

	while (blank < rest.len && strchr(" \t\r\n", rest.ptr[blank]))
		blank++;
	if (blank == rest.len || w->conn->scan.skipping)
		return;
	fault_set(&w->call.fault, RPC_PARSE_ERROR,
		  "Parse error: the connection ended within a request, after %zu bytes",
		  rest.len - blank);
	w->requests_count++;
	answer_bare_fault(w);
	answer_mark(w, '\n');
}
