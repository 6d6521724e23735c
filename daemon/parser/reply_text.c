/*
 * reply_text.c - the v15 way: a result becomes text in the connection's buffer as it is said.
 *
 * The last byte written tells whether a comma is due: none behind an opening bracket or a colon.
 */
#include <errno.h>

#include "daemon/parser/reply_builders.h"
#include "daemon/rpc/number.h"
#include "daemon/rpc/text.h"

struct reply_text {
	struct reply base;
	struct outbuf *out;
};

static inline struct outbuf *out_of(struct reply *r)
{
	return ((struct reply_text *)r)->out;
}

/* Room for a value of at most bytes, with the comma before it already written. */
static inline char *value_room(struct outbuf *out, size_t bytes)
{
	char *to = outbuf_room(out, bytes + 1);
	char last;

	if (!to || out->failed)
		return NULL;
	last = to[-1]; /* begin wrote something */
	if (last != '[' && last != '{' && last != ':') {
		*to++ = ',';
		out->len++;
	}
	return to;
}

static int text_init(struct reply *r)
{
	(void)r;
	return 0;
}

static void text_deinit(struct reply *r)
{
	(void)r;
}

static void text_begin(struct reply *r, struct outbuf *out)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"result\":";

	((struct reply_text *)r)->out = out;
	outbuf_add(out, head, sizeof(head) - 1);
}

static void text_mark(struct reply *r, char bracket)
{
	struct outbuf *out = out_of(r);
	char *to = (bracket | 0x20) == '{' ? value_room(out, 1) : outbuf_room(out, 1);

	if (!to)
		return;
	*to = bracket;
	out->len++;
}

static void text_string(struct reply *r, struct span text)
{
	if (value_room(out_of(r), 0))
		text_put_string(out_of(r), text);
}

static void text_key(struct reply *r, struct span key)
{
	text_string(r, key);
	outbuf_add(out_of(r), ":", 1);
}

static void text_integer(struct reply *r, int64_t value)
{
	struct outbuf *out = out_of(r);
	char *to = value_room(out, NUMBER_INTEGER_BYTES);

	if (to)
		out->len += number_put_integer(to, value);
}

static void text_real(struct reply *r, double value)
{
	struct outbuf *out = out_of(r);
	char *to = value_room(out, NUMBER_REAL_BYTES);

	if (to)
		out->len += number_put_real(to, value);
}

static void text_raw(struct reply *r, struct span json)
{
	struct outbuf *out = out_of(r);
	char *to = value_room(out, json.len);

	if (!to)
		return;
	memcpy(to, json.ptr, json.len);
	out->len += json.len;
}

static int text_end(struct reply *r, struct span id)
{
	struct outbuf *out = out_of(r);

	outbuf_add(out, ",\"id\":", 6);
	outbuf_add(out, id.ptr, id.len);
	outbuf_add(out, "}", 1);
	return out->failed ? -ENOMEM : 0;
}

const struct reply_ops reply_text_ops = {
	.name = "text",
	.size = sizeof(struct reply_text),
	.init = text_init,
	.deinit = text_deinit,
	.begin = text_begin,
	.mark = text_mark,
	.key = text_key,
	.integer = text_integer,
	.real = text_real,
	.string = text_string,
	.raw = text_raw,
	.end = text_end,
};
