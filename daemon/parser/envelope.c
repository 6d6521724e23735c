#include "daemon/parser/envelope.h"

#include <errno.h>

static struct value *slot(struct envelope *e, struct span key)
{
	switch (key.len) {
	case 2:
		return span_eq(key, SPAN_LIT("id")) ? &e->id : NULL;
	case 4:
		return span_eq(key, SPAN_LIT("tool")) ? &e->tool : NULL;
	case 6:
		if (span_eq(key, SPAN_LIT("method")))
			return &e->method;
		return span_eq(key, SPAN_LIT("params")) ? &e->params : NULL;
	case 7:
		return span_eq(key, SPAN_LIT("jsonrpc")) ? &e->version : NULL;
	case 9:
		return span_eq(key, SPAN_LIT("arguments")) ? &e->arguments : NULL;
	default:
		return NULL;
	}
}

void envelope_find(struct value object, struct envelope *out)
{
	struct value member;
	bool more;

	*out = (struct envelope){ 0 };
	if (value_kind(object) != VALUE_OBJECT)
		return;
	for (more = value_first(object, &member); more; more = value_next(member, &member)) {
		struct value *found = slot(out, value_key(member));

		if (found)
			*found = member;
	}
}

static bool is_structured(struct value v)
{
	enum value_kind kind = value_kind(v);

	return kind == VALUE_ARRAY || kind == VALUE_OBJECT;
}

int envelope_judge(const struct envelope *e, struct rpc_request *request)
{
	struct value method = e->method;

	request->form = REQUEST_JSONRPC;
	request->params = e->params;
	if (e->tool.doc && !e->version.doc && !e->method.doc) {
		request->form = REQUEST_TOOL;
		request->params = e->arguments;
		method = e->tool;
	} else if (value_kind(e->version) != VALUE_STRING ||
		   !span_eq(value_string(e->version), SPAN_LIT("2.0"))) {
		return -EPROTO;
	}
	if (value_kind(method) != VALUE_STRING)
		return -EPROTO;
	request->method = value_string(method);
	if (request->params.doc && !is_structured(request->params))
		return -EPROTO;
	/* An id of another kind cannot be answered: it is as bad as a missing method. */
	if (e->id.doc && !envelope_id_is_valid(e))
		return -EPROTO;
	return 0;
}
