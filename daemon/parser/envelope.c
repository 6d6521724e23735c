#include "daemon/parser/envelope.h"

#include <errno.h>

enum envelope_slot envelope_slot(struct span key)
{
	switch (key.len) {
	case 2:
		return span_eq(key, SPAN_LIT("id")) ? ENVELOPE_ID : ENVELOPE_SLOTS;
	case 4:
		return span_eq(key, SPAN_LIT("tool")) ? ENVELOPE_TOOL : ENVELOPE_SLOTS;
	case 6:
		if (span_eq(key, SPAN_LIT("method")))
			return ENVELOPE_METHOD;
		return span_eq(key, SPAN_LIT("params")) ? ENVELOPE_PARAMS : ENVELOPE_SLOTS;
	case 7:
		return span_eq(key, SPAN_LIT("jsonrpc")) ? ENVELOPE_VERSION : ENVELOPE_SLOTS;
	case 9:
		return span_eq(key, SPAN_LIT("arguments")) ? ENVELOPE_ARGUMENTS : ENVELOPE_SLOTS;
	default:
		return ENVELOPE_SLOTS;
	}
}

static bool can_be_params(uint8_t kind)
{
	return kind == VALUE_NONE || kind == VALUE_ARRAY || kind == VALUE_OBJECT;
}

int envelope_judge(const struct envelope *e, struct rpc_request *request)
{
	const uint8_t *kinds = e->kinds;
	bool is_tool = kinds[ENVELOPE_TOOL] != VALUE_NONE && kinds[ENVELOPE_METHOD] == VALUE_NONE &&
		       kinds[ENVELOPE_VERSION] == VALUE_NONE;

	request->form = is_tool ? REQUEST_TOOL : REQUEST_JSONRPC;
	request->method = is_tool ? e->tool : e->method;
	request->params = is_tool ? e->arguments : e->params;
	if (!is_tool && (kinds[ENVELOPE_VERSION] != VALUE_STRING || e->version.len != 3 ||
			 memcmp(e->version.ptr, "2.0", 3) != 0))
		return -EPROTO;
	if (kinds[is_tool ? ENVELOPE_TOOL : ENVELOPE_METHOD] != VALUE_STRING ||
	    !can_be_params(kinds[is_tool ? ENVELOPE_ARGUMENTS : ENVELOPE_PARAMS]))
		return -EPROTO;
	/* An id of another type cannot be returned: an error like a missing method. */
	if (kinds[ENVELOPE_ID] != VALUE_NONE && !envelope_id_is_valid(e))
		return -EPROTO;
	return 0;
}
