#include "daemon/server/request/answer_request.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/base/log.h"
#include "daemon/delivery/message.h"
#include "daemon/dispatch/dispatch.h"
#include "daemon/methods/methods.h"
#include "daemon/parser/parser.h"
#include "daemon/rpc/reply.h"
#include "daemon/server/request/answer_fault.h"
#include "daemon/server/request/client.h"
#include "daemon/server/request/decide.h"
#include "daemon/server/request/token.h"
#include "daemon/server/request/tool.h"
#include "daemon/server/request/worker.h"
#include "daemon/telemetry/metrics.h"
#include "daemon/transport/transport.h"

/* The debug lines that v14 writes for each edit: always formatted, written only if debug is on. */
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

/* The method was stopped before it had a result: rc is of cancel_check. */
static void fault_stopped(struct worker *w, int rc)
{
	fault_set(&w->call.fault, RPC_STOPPED, "%s",
		  rc == -ETIMEDOUT
			  ? "Stopped: the request took longer than its time limit"
			  : "Stopped: the client has disconnected or the daemon is stopping");
}

/* The method had a result, but the reply could not be written. */
static int fault_reply(struct worker *w)
{
	if (w->is_too_large)
		return fault_set(&w->call.fault, RPC_INTERNAL_ERROR,
				 "The reply has more than %d MiB: ask for a part of it, or for a "
				 "file",
				 RPC_REPLY_BYTES_MAX >> 20);
	return fault_set(&w->call.fault, RPC_INTERNAL_ERROR, "Out of memory for the reply");
}

/* Runs the method. After start it leaves the reply, the fault, or nothing for a notification. */
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
		/* Another thread has the project, and this thread must not wait: it has other
		 * clients. */
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

/* The only request allowed before the client has shown the token. After a failure the connection is
 * closing: nothing after it is answered. */
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

/* Why the daemon does not accept requests of this form; NULL if it does. */
static const char *refused_form(const struct worker *w, enum request_form form)
{
	if (w->cfg->protocol == PROTOCOL_JSONRPC && form == REQUEST_TOOL)
		return "Invalid Request: tool calls are off (--protocol jsonrpc)";
	if (w->cfg->protocol == PROTOCOL_MCP && form == REQUEST_JSONRPC)
		return "Invalid Request: JSON-RPC is off (--protocol mcp)";
	return NULL;
}

/* Finds the method of a request; NULL and w->call.fault if there is none. */
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

/* Answers a request that is not run, with w->call.fault. */
static void answer_unrun(struct worker *w, const struct message *m, bool is_valid)
{
	w->requests_count++;
	if (m->refusal) {
		fault_set(&w->call.fault, m->refusal_code, "%s", m->refusal);
		w->refused_count++;
	}
	/* Notifications are never answered; but an invalid request is no notification. */
	if (is_valid && !m->request.id.len && m->request.form == REQUEST_JSONRPC) {
		metrics_add_error(w->call.fault.code);
		w->notifications_count++;
		return;
	}
	answer_fault(w, w->out.len, &m->request);
}

enum answered answer_request(struct worker *w, struct message *m)
{
	bool is_valid = true;

	if (!m->method) { /* else another thread has found it */
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
