/*
 * answer.c - from one message to its reply: parse, protocol, method, fault.
 */
#include "daemon/server/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/cancel.h"
#include "daemon/base/log.h"
#include "daemon/delivery/delivery.h"
#include "daemon/dispatch/dispatch.h"
#include "daemon/methods/methods.h"
#include "daemon/parser/parser.h"
#include "daemon/rpc/detect.h"
#include "daemon/rpc/reply.h"
#include "daemon/rpc/request.h"
#include "daemon/server/client.h"
#include "daemon/server/decide.h"
#include "daemon/server/token.h"
#include "daemon/server/tool.h"
#include "daemon/server/worker.h"
#include "daemon/telemetry/metrics.h"
#include "daemon/transport/transport.h"

/* Between two looks of a batch whether it should go on: its requests may be very short. */
enum { BATCH_CHECK_COUNT = 64 };

/* What stands between replies reaches the client also when memory is out. */
static void add_mark(struct worker *w, char mark)
{
	if (!outbuf_room(&w->out, 1))
		worker_use_spare(w);
	outbuf_add(&w->out, &mark, 1);
}

static void end_line(struct worker *w)
{
	add_mark(w, '\n');
}

static void write_fault(struct worker *w, enum request_form form, struct span id)
{
	if (form == REQUEST_TOOL)
		tool_fault(&w->out, &w->call.fault);
	else
		reply_fault(&w->out, &w->call.fault, id);
}

/* Drops what is behind start and answers with w->call.fault. Every client gets its answer, if need
 * be without an id that is too long for the spare buffer. */
static void answer_fault(struct worker *w, size_t start, const struct rpc_request *req)
{
	bool is_long_id = req->id.len > WORKER_SPARE_ID_MAX;

	metrics_add_error(w->call.fault.code);
	w->out.len = start;
	w->out.failed = false;
	write_fault(w, req->form, req->id);
	if (w->out.failed) {
		w->out.len = start;
		worker_use_spare(w);
		write_fault(w, req->form, is_long_id ? SPAN_LIT("null") : req->id);
	}
	w->replies_count++;
}

static void answer_bare_fault(struct worker *w)
{
	struct rpc_request none = { .form = REQUEST_JSONRPC };

	answer_fault(w, w->out.len, &none);
}

/* What the older daemon wrote of each edit; formatted always, as it did, and written on demand. */
static void note_edit(const struct worker *w, const struct rpc_request *req, size_t reply_bytes)
{
	char line[3][RPC_FAULT_TEXT_MAX];
	const struct method *method = w->call.method;

	snprintf(line[0], sizeof(line[0]), "client %llu: %s, id %.*s",
		 (unsigned long long)w->call.client_id, method->name, SPAN_ARG(req->id));
	snprintf(line[1], sizeof(line[1]), "client %llu: %s, %u parameters",
		 (unsigned long long)w->call.client_id, method->name,
		 (unsigned)value_count(req->params));
	snprintf(line[2], sizeof(line[2]), "client %llu: %s, %zu bytes of reply, code %d",
		 (unsigned long long)w->call.client_id, method->name, reply_bytes,
		 w->call.fault.code);
	for (int i = 0; i < 3; i++)
		log_debug("request", "%s", line[i]);
}

/* The method was stopped before it had anything to say: rc is of cancel_check. */
static void fault_stopped(struct worker *w, int rc)
{
	fault_set(&w->call.fault, RPC_STOPPED, "%s",
		  rc == -ETIMEDOUT ? "Stopped: the request took longer than its time limit"
				   : "Stopped: the client has left or the daemon is stopping");
}

/* There is a result, but no reply. */
static int fault_reply(struct worker *w)
{
	if (w->is_too_large)
		return fault_set(&w->call.fault, RPC_INTERNAL_ERROR,
				 "The reply has more than %d MiB: ask for a part of it, or for a "
				 "file",
				 RPC_REPLY_BYTES_MAX >> 20);
	return fault_set(&w->call.fault, RPC_INTERNAL_ERROR, "Out of memory for the reply");
}

/* Runs the method and leaves the reply, the fault, or for a notification nothing behind start. */
static enum answered run_method(struct worker *w, struct message *m)
{
	const struct rpc_request *req = &m->request;
	size_t start = w->out.len;
	bool is_silent = req->id.len == 0 && req->form == REQUEST_JSONRPC;
	struct span id = req->id.len ? req->id : SPAN_LIT("null");
	int rc;

	w->call.method = m->method;
	w->call.params = req->params;
	w->call.client_id = w->conn->id;
	w->is_too_large = false;
	w->reply->ops->begin(w->reply, &w->out);
	rc = method_call(&w->call);
	context_done(&w->lease);
	if (rc == -EAGAIN) {
		/* Another thread has the project, and this one has other clients. */
		w->out.len = start;
		w->out.failed = false;
		return RETRY_ELSEWHERE;
	}
	w->requests_count++;
	stage_mark(&m->clock, STAGE_EXECUTE);
	if (rc == 0 && w->reply->ops->end(w->reply, id) < 0)
		rc = fault_reply(w);
	if (w->cfg->has_request_log && (m->method->flags & METHOD_EDITS))
		note_edit(w, req, w->out.len - start);
	if (is_silent) {
		w->out.len = start;
		w->out.failed = false;
		w->notifications_count++;
		return ANSWERED;
	}
	if (rc < 0) {
		if (!w->call.fault.code)
			fault_stopped(w, rc);
		answer_fault(w, start, req);
		return ANSWERED;
	}
	if (req->form == REQUEST_TOOL)
		tool_wrap(&w->out, start);
	w->replies_count++;
	return ANSWERED;
}

static bool must_authenticate(const struct worker *w)
{
	return w->cfg->token->text && !client_of(w->conn)->is_trusted;
}

/* Sets w->call.fault unless the request shows the token. */
static void check_token(struct worker *w, const struct rpc_request *req)
{
	struct value token = value_member(req->params, "token");
	bool is_text = value_kind(token) == VALUE_STRING;

	w->call.fault.code = 0;
	if (!span_is(req->method, "authenticate")) {
		fault_set(&w->call.fault, RPC_UNAUTHORIZED,
			  "Authentication required: call authenticate with the token first");
		return;
	}
	switch (token_check(w->cfg->token, is_text ? value_string(token) : span_of("", 0))) {
	case TOKEN_RIGHT:
		return;
	case TOKEN_WRONG:
		fault_set(&w->call.fault, RPC_UNAUTHORIZED, "Wrong token");
		return;
	case TOKEN_TOO_MANY:
		fault_set(&w->call.fault, RPC_UNAUTHORIZED,
			  "Too many wrong tokens: try again in a second");
		return;
	}
}

/* The one thing that a client may ask which has not shown the token. After a failure the
 * connection is closing: nothing after it is answered. */
static void authenticate(struct worker *w, const struct rpc_request *req)
{
	size_t start = w->out.len;

	w->requests_count++;
	check_token(w, req);
	if (w->call.fault.code) {
		answer_fault(w, start, req);
		transport_hangup(w->conn);
		return;
	}
	client_of(w->conn)->is_trusted = true;
	w->reply->ops->begin(w->reply, &w->out);
	reply_bool(w->reply, true);
	if (w->reply->ops->end(w->reply, req->id.len ? req->id : SPAN_LIT("null")) < 0)
		w->out.len = start;
	w->replies_count++;
}

/* Why this daemon does not take requests of that form; NULL if it does. */
static const char *refused_form(const struct worker *w, enum request_form form)
{
	if (w->cfg->protocol == PROTOCOL_JSONRPC && form == REQUEST_TOOL)
		return "Invalid Request: tool calls are off (--protocol jsonrpc)";
	if (w->cfg->protocol == PROTOCOL_MCP && form == REQUEST_JSONRPC)
		return "Invalid Request: JSON-RPC is off (--protocol mcp)";
	return NULL;
}

/* The method a request asks for, or NULL and w->call.fault. */
static const struct method *find_method(struct worker *w, struct value v, struct rpc_request *req)
{
	const struct method *method;
	const char *refused;
	struct span name;
	int rc;

	w->call.fault.code = 0;
	*req = (struct rpc_request){ .form = REQUEST_JSONRPC };
	rc = value_kind(v) == VALUE_OBJECT ? parser_envelope(w->parser, v, req) : -EPROTO;
	if (rc == -ENOMEM) {
		fault_set(&w->call.fault, RPC_INTERNAL_ERROR, "Out of memory for the request");
		return NULL;
	}
	if (rc < 0) {
		fault_set(&w->call.fault, RPC_INVALID_REQUEST, "Invalid Request");
		return NULL;
	}
	refused = refused_form(w, req->form);
	if (refused) {
		fault_set(&w->call.fault, RPC_INVALID_REQUEST, "%s", refused);
		return NULL;
	}
	name = req->method;
	if (req->form == REQUEST_TOOL)
		name = tool_method(name, req->params);
	method = dispatch_find(w->cfg->dispatch, name);
	if (!method)
		fault_set(&w->call.fault, RPC_METHOD_NOT_FOUND, "Method not found: %.*s",
			  (int)(name.len < RPC_METHOD_NAME_MAX ? name.len : RPC_METHOD_NAME_MAX),
			  name.ptr);
	return method;
}

/* A request that is not run, with w->call.fault. */
static void answer_unrun(struct worker *w, const struct message *m, bool is_valid)
{
	w->requests_count++;
	if (m->refusal) {
		fault_set(&w->call.fault, m->refusal_code, "%s", m->refusal);
		w->refused_count++;
	}
	/* A notification is never answered; but what is no valid request is no notification. */
	if (is_valid && !m->request.id.len && m->request.form == REQUEST_JSONRPC) {
		metrics_add_error(w->call.fault.code);
		w->notifications_count++;
		return;
	}
	answer_fault(w, w->out.len, &m->request);
}

/* The next request, alone or of a batch. The reply, if any, is without a newline. */
static enum answered answer_next(struct worker *w, struct message *m)
{
	bool is_valid = true;

	if (!m->method) { /* else another thread has read it */
		m->method = find_method(w, m->at, &m->request);
		is_valid = w->call.fault.code != RPC_INVALID_REQUEST;
		stage_mark(&m->clock, STAGE_PARSE);
	}
	if (is_valid && must_authenticate(w)) {
		authenticate(w, &m->request);
		return ANSWERED;
	}
	if (m->method) {
		enum decision decision = decide(w, m);

		if (decision == RUN_HERE)
			return run_method(w, m);
		if (decision == HAND_OVER)
			return RETRY_ELSEWHERE;
	}
	answer_unrun(w, m, is_valid);
	return ANSWERED;
}

/* From now on the requests of this message are answered with why they are not run. */
static void stop_message(struct message *m, int code)
{
	m->refusal_code = RPC_STOPPED;
	m->refusal = code == -ETIMEDOUT ? "Stopped: the requests of this batch took longer than "
					  "their time limit"
					: "Stopped: the daemon is stopping";
}

/*
 * After a request of a batch: replies leave as they come, where the thread may wait for the client.
 * False: nobody takes the rest.
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
		transport_hangup(w->conn); /* an array that has begun cannot become an error */
		return false;
	}
	if (w->watch.is_long)
		context_leave(&w->lease); /* others want the project, too */
	rc = cancel_check();
	if (rc < 0 && !m->refusal)
		stop_message(m, rc);
	return true;
}

/* One request of a batch, and the mark before its reply. */
static enum answered answer_item(struct worker *w, struct message *m)
{
	uint64_t replies_count = w->replies_count;
	enum answered end;

	add_mark(w, m->has_replies ? ',' : '[');
	end = answer_next(w, m);
	if (w->replies_count == replies_count)
		w->out.len--; /* a notification, or nothing was done */
	else
		m->has_replies = true;
	return end;
}

/* What this thread does of it is in the order of the text; the rest stays in m. */
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
		add_mark(w, ']');
	return ANSWERED;
}

/* False: there is no such batch; it is answered. */
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
	/* A parse that was given up is made again: those before have been answered. */
	for (uint32_t i = 0; i < m->answered_count; i++)
		value_next(m->at, &m->at);
	return true;
}

/* A client that speaks HTTP has taken this for a web server. */
static bool refuse_http(struct worker *w, struct span text)
{
	if (!rpc_is_http(text))
		return false;
	rpc_refuse_http(&w->out);
	transport_hangup(w->conn);
	return true;
}

/* False: the text is no JSON, or there is no memory; it is answered. */
static bool parse(struct worker *w, struct message *m)
{
	struct parse_fault why = { 0 };
	struct value root;
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
		end = m->is_batch ? answer_batch(w, m) : answer_next(w, m);
	if (!w->is_reader)
		watch_end(&w->watch);
	if (end == RETRY_ELSEWHERE)
		return end; /* its parse goes with it */
	end_message(w, m);
	if (m->has_replies || w->replies_count != replies_count)
		end_line(w);
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
	end_line(w);
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
	end_line(w);
}
