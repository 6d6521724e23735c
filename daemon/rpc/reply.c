#include "daemon/rpc/reply.h"

#include "daemon/rpc/number.h"
#include "daemon/rpc/text.h"

void reply_fault(struct outbuf *out, const struct rpc_fault *fault, struct span id)
{
	static const struct span head = SPAN_LIT("{\"jsonrpc\":\"2.0\",\"error\":{\"code\":");
	static const struct span message = SPAN_LIT(",\"message\":");
	static const struct span tail = SPAN_LIT("},\"id\":");
	char *to;

	outbuf_add(out, head.ptr, head.len);
	to = outbuf_room(out, NUMBER_INTEGER_BYTES);
	if (to)
		out->len += number_put_integer(to, fault->code);
	outbuf_add(out, message.ptr, message.len);
	text_put_string(out, span_str(fault->text));
	outbuf_add(out, tail.ptr, tail.len);
	if (id.len)
		outbuf_add(out, id.ptr, id.len);
	else
		outbuf_add(out, "null", 4);
	outbuf_add(out, "}", 1);
}
