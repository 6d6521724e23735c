#include "daemon/rpc/reply.h"

#include <string.h>

#include "daemon/json/number.h"
#include "daemon/json/text.h"

/* Writes the contents of a piece. */
static void say_piece(struct reply *r, struct span text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

	for (size_t i = 0; i < text.len;) {
		const char *p = text.ptr + i;
		size_t bytes = 1;

		if (strchr("{}[]", *p)) {
			r->ops->mark(r, *p);
		} else if (*p == '"') {
			bytes = strcspn(p + 1, "\"");
			reply_key(r, span_of(p + 1, bytes));
			bytes += strlen("\"\":");
		} else if (*p != ',') {
			bytes = strspn(p, letters); /* true, false, null */
			reply_raw(r, span_of(p, bytes));
		}
		i += bytes;
	}
}

void reply_form_apart(struct reply *r, const struct reply_form *form, const int64_t *integers)
{
	for (uint32_t i = 0; i < form->count; i++) {
		if (i)
			reply_integer(r, integers[i - 1]);
		say_piece(r, span_of(form->pieces[i].text, form->pieces[i].bytes));
	}
}

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
