/*
 * answer.c - from one text to its reply: parse, protocol, method, fault.
 */
#include "daemon/server/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/cancel.h"
#include "daemon/base/log.h"
#include "daemon/buffers/buffers.h"
#include "daemon/dispatch/dispatch.h"
#include "daemon/methods/methods.h"
#include "daemon/parser/parser.h"
#include "daemon/rpc/detect.h"
#include "daemon/rpc/reply.h"
#include "daemon/rpc/request.h"
#include "daemon/server/client.h"
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
static void run_method(struct worker *w, const struct rpc_request *req, const struct method *method)
{
	size_t start = w->out.len;
	bool is_silent = req->id.len == 0 && req->form == REQUEST_JSONRPC;
	struct span id = req->id.len ? req->id : SPAN_LIT("null");
	int rc;

	w->call.method = method;
	w->call.params = req->params;
	w->call.client_id = w->conn->id;
	w->is_too_large = false;
	w->reply->ops->begin(w->reply, &w->out);
	rc = method_call(&w->call);
	context_done(&w->lease);
	if (rc == -EAGAIN) {
		/* Somebody else has the project, and this thread has other clients, too. */
		w->out.len = start;
		w->out.failed = false;
		w->is_long = true;
		return;
	}
	w->requests_count++;
	stage_mark(&w->clock, STAGE_EXECUTE);
	if (rc == 0 && w->reply->ops->end(w->reply, id) < 0)
		rc = fault_reply(w);
	if (w->cfg->has_request_log && (method->flags & METHOD_EDITS))
		note_edit(w, req, w->out.len - start);
	if (is_silent) {
		w->out.len = start;
		w->out.failed = false;
		w->notifications_count++;
		return;
	}
	if (rc < 0) {
		if (!w->call.fault.code)
			fault_stopped(w, rc);
		answer_fault(w, start, req);
		return;
	}
	if (req->form == REQUEST_TOOL)
		tool_wrap(&w->out, start);
	w->replies_count++;
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

static bool is_short(const struct worker *w, const struct method *method)
{
	return (method->flags & METHOD_SHORT) &&
	       !(w->cfg->has_slow_edits && (method->flags & METHOD_EDITS));
}

/* One request, alone or of a batch. The reply, if any, is without a newline. */
static void answer(struct worker *w, struct value v)
{
	struct rpc_request req;
	const struct method *method = find_method(w, v, &req);
	bool is_valid = w->call.fault.code != RPC_INVALID_REQUEST;

	stage_mark(&w->clock, STAGE_PARSE);
	if (is_valid && must_authenticate(w)) {
		authenticate(w, &req);
		return;
	}
	if (w->is_inline && method && !is_short(w, method)) {
		w->is_long = true;
		return;
	}
	if (method && !w->refusal) {
		run_method(w, &req, method);
		return;
	}
	w->requests_count++;
	if (w->refusal)
		fault_set(&w->call.fault, w->refusal_code, "%s", w->refusal);
	/* A notification is never answered; but what is no valid request is no notification. */
	if (is_valid && !req.id.len && req.form == REQUEST_JSONRPC) {
		metrics_add_error(w->call.fault.code);
		w->notifications_count++;
		return;
	}
	answer_fault(w, w->out.len, &req);
}

/* True when one request of the batch is not for the reading thread. */
static bool has_long(struct worker *w, struct value batch)
{
	struct value v;

	if (must_authenticate(w))
		return false; /* all but the token is refused, which takes no time */
	for (bool more = value_first(batch, &v); more; more = value_next(v, &v)) {
		struct rpc_request req;
		const struct method *method = find_method(w, v, &req);

		if (method && !is_short(w, method))
			return true;
	}
	return false;
}

/* From now on the requests of this message are answered with why they are not run. */
static void stop_message(struct worker *w, int code)
{
	w->refusal_code = RPC_STOPPED;
	w->refusal = code == -ETIMEDOUT ? "Stopped: the requests of this batch took longer than "
					  "their time limit"
					: "Stopped: the daemon is stopping";
}

/*
 * After the i-th request of a batch: replies leave as they come, where the thread may wait for the
 * client. False: nobody takes the rest.
 */
static bool go_on(struct worker *w, uint32_t i)
{
	bool is_full = w->out.len >= WORKER_FLUSH_BYTES;
	int rc;

	if (w->conn->flags & CONN_CLOSING)
		return false;
	if (!w->may_wait || (!is_full && i % BATCH_CHECK_COUNT))
		return true;
	if (is_full && worker_stream(w) < 0) {
		transport_hangup(w->conn); /* an array that has begun cannot become an error */
		return false;
	}
	if (w->watch.is_long)
		context_leave(&w->lease); /* others want the project, too */
	rc = cancel_check();
	if (rc < 0 && !w->refusal)
		stop_message(w, rc);
	return true;
}

static void answer_all(struct worker *w, struct value batch)
{
	bool has_replies = false;
	uint32_t i = 0;
	struct value v;

	for (bool more = value_first(batch, &v); more; more = value_next(v, &v)) {
		uint64_t replies_count = w->replies_count;

		add_mark(w, has_replies ? ',' : '[');
		answer(w, v);
		if (w->is_long) { /* the first one: nothing was done */
			w->out.len--;
			return;
		}
		w->lease.no_wait = false; /* what has begun is ended here */
		if (w->replies_count == replies_count)
			w->out.len--; /* a notification */
		else
			has_replies = true;
		if (!go_on(w, ++i))
			break;
	}
	w->lease.no_wait = w->is_inline;
	if (has_replies)
		add_mark(w, ']');
}

static void answer_batch(struct worker *w, struct value batch)
{
	uint32_t count = value_count(batch);

	w->call.fault.code = 0;
	if (count == 0 || count > RPC_BATCH_MAX) {
		if (count == 0)
			fault_set(&w->call.fault, RPC_INVALID_REQUEST,
				  "Invalid Request: empty batch");
		else
			fault_set(&w->call.fault, RPC_INVALID_REQUEST,
				  "Invalid Request: a batch of %u requests, at most %d", count,
				  RPC_BATCH_MAX);
		answer_bare_fault(w);
		return;
	}
	if (w->is_inline && has_long(w, batch)) {
		w->is_long = true;
		return;
	}
	answer_all(w, batch);
}

/* Somebody took this for a web server: say so in his language. */
static bool refuse_http(struct worker *w, struct span text)
{
	if (!rpc_is_http(text))
		return false;
	rpc_refuse_http(&w->out);
	transport_hangup(w->conn);
	return true;
}

/* One framed text. False: it is not for this thread, and nothing was done. */
bool answer_text(struct worker *w, struct span text)
{
	struct parse_fault why;
	struct value root;
	uint64_t replies_count = w->replies_count;
	const char *refusal = w->refusal;
	int rc;

	w->is_long = false;
	if (text.ptr[0] != '{' && text.ptr[0] != '[' && refuse_http(w, text))
		return true;
	if (w->may_wait)
		watch_begin(&w->watch, w->conn);
	rc = parser_parse(w->parser, text, &root, &why);
	if (rc == -EPROTO)
		fault_set(&w->call.fault, RPC_PARSE_ERROR, "Parse error: %s at byte %u", why.why,
			  why.byte_index);
	else if (rc < 0)
		fault_set(&w->call.fault, RPC_INTERNAL_ERROR, "Out of memory for the request");
	if (rc < 0) {
		w->requests_count++;
		answer_bare_fault(w);
	} else if (value_kind(root) == VALUE_ARRAY) {
		answer_batch(w, root);
	} else {
		answer(w, root);
	}
	parser_reset(w->parser);
	if (w->may_wait)
		watch_end(&w->watch);
	w->refusal = refusal;
	if (w->is_long)
		return false;
	if (w->replies_count != replies_count)
		end_line(w);
	stage_mark(&w->clock, STAGE_SERIALIZE);
	if (w->clock.on && w->clocks_count < WORKER_CLOCKS_MAX)
		w->clocks[w->clocks_count++] = w->clock;
	return true;
}

/* As v14 took every request: into memory of its own before anybody looks at it. */
bool answer_copy(struct worker *w, struct span text)
{
	size_t cap;
	char *copy = buffers_get(w->cfg->buffers, text.len + PARSER_PADDING_BYTES, &cap);
	bool is_done;

	if (!copy) {
		fault_set(&w->call.fault, RPC_INTERNAL_ERROR, "Out of memory for the request");
		answer_bare_fault(w);
		end_line(w);
		return true;
	}
	memcpy(copy, text.ptr, text.len);
	is_done = answer_text(w, span_of(copy, text.len));
	buffers_put(w->cfg->buffers, copy, cap);
	return is_done;
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

void answer_cut_off(struct worker *w, size_t request_bytes)
{
	fault_set(&w->call.fault, RPC_PARSE_ERROR,
		  "Parse error: the connection ended within a request, after %zu bytes",
		  request_bytes);
	w->requests_count++;
	answer_bare_fault(w);
	end_line(w);
}
