#include "daemon/test/caller.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/methods/methods.h"

void caller_join(struct caller *c, struct context *context, const char *parser)
{
	size_t count;
	const struct method *const *methods = methods_all(&count);
	struct err err = ERR_INIT;

	*c = (struct caller){ .context = context };
	c->out.grow = outbuf_grow_malloc;
	assert(context_attach(context, &c->lease, &err) == 0);
	assert(parser_open(parser, &c->parser, &err) == 0);
	assert(parser_reply_open(c->parser, &c->reply, &err) == 0);
	assert(dispatch_open("hash", methods, count, &c->dispatch, &err) == 0);
	c->env.lease = &c->lease;
}

void caller_open(struct caller *c, const char *context, const char *parser)
{
	struct context_cfg cfg = { .leases_count = 4 };
	struct context *made;
	struct err err = ERR_INIT;

	assert(context_open(context, &cfg, &made, &err) == 0);
	caller_join(c, made, parser);
}

void caller_part(struct caller *c)
{
	context_detach(&c->lease);
	parser_reply_close(c->reply);
	parser_close(c->parser);
	dispatch_close(c->dispatch);
	free(c->out.ptr);
	free(c->text);
}

void caller_close(struct caller *c)
{
	struct context *context = c->context;

	caller_part(c);
	context_close(context);
}

void caller_prepare(struct caller *c, const char *method, const char *params)
{
	size_t cap = strlen(method) + strlen(params) + 128 + PARSER_PADDING_BYTES;

	free(c->text);
	c->text = calloc(1, cap);
	assert(c->text);
	snprintf(c->text, cap, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\"%s%s,\"id\":7}", method,
		 *params ? ",\"params\":" : "", params);
}

int caller_run(struct caller *c)
{
	struct call call = { .env = &c->env, .reply = c->reply };
	struct rpc_request request;
	struct parse_fault fault;
	struct value root;
	int rc;

	c->out.len = 0;
	assert(parser_parse(c->parser, span_str(c->text), &root, &fault) == 0);
	assert(parser_envelope(c->parser, root, &request) == 0);
	call.method = dispatch_find(c->dispatch, request.method);
	call.params = request.params;
	c->reply->ops->begin(c->reply, &c->out);
	if (call.method)
		rc = method_call(&call);
	else
		rc = fault_set(&call.fault, RPC_METHOD_NOT_FOUND, "Method not found: %.*s",
			       SPAN_ARG(request.method));
	context_done(&c->lease);
	if (!rc) {
		assert(c->reply->ops->end(c->reply, request.id) == 0);
	} else {
		c->reply->ops->begin(c->reply, &c->out); /* drops what was written */
		c->out.len = 0;
		reply_fault(&c->out, &call.fault, request.id);
	}
	assert(!c->out.failed);
	parser_reset(c->parser);
	return rc;
}

const char *caller_call(struct caller *c, const char *method, const char *params)
{
	const char *start;
	char *end;

	caller_prepare(c, method, params);
	caller_run(c);
	outbuf_add(&c->out, "", 1);
	start = strstr(c->out.ptr, "\"result\":");
	start = start ? start + 9 : strstr(c->out.ptr, "\"error\":") + 8;
	end = strstr(c->out.ptr, ",\"id\":7}");
	assert(end);
	*end = 0;
	return start;
}
