/*
 * reply_text.c - as in v15: a result is written as text directly into the connection's buffer.
 *
 * The last byte written tells whether a comma is needed: not after an opening bracket or a colon.
 */
#include <errno.h>

#include "daemon/json/number.h"
#include "daemon/json/text.h"
#include "daemon/parser/reply_builders.h"

struct reply_text {
	struct reply base;
	struct outbuf *out;
};

static inline struct outbuf *out_of(struct reply *r)
{
	return ((struct reply_text *)r)->out;
}

/* Room for a value of at most that many bytes, after writing the comma before it. */
static inline char *value_room(struct outbuf *out, size_t bytes)
{
	char *to = outbuf_room(out, bytes + 1);
	char last;

	if (!to || out->failed)
		return NULL;
	last = to[-1]; /* begin has written something */
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

static void text_form(struct reply *r, const struct reply_form *form, const int64_t *integers)
{
	const struct reply_piece *piece = form->pieces;
	const struct reply_piece *last = piece + form->count - 1;
	struct outbuf *out = out_of(r);
	char *to =
		value_room(out, (size_t)form->count * (REPLY_PIECE_BYTES + NUMBER_INTEGER_BYTES));
	char *start = to;

	if (!to)
		return;
	for (;; piece++) {
		memcpy(to, piece, REPLY_PIECE_BYTES); /* a constant size compiles to two moves */
		to += piece->bytes;
		if (piece == last)
			break;
		to += number_put_integer(to, *integers++);
	}
	out->len += (size_t)(to - start);
}

static int text_end(struct reply *r, struct span id)
{
	static const char key[8] = ",\"id\":";
	struct outbuf *out = out_of(r);
	char *to = outbuf_room(out, sizeof(key) + id.len);

	if (!to || out->failed)
		return -ENOMEM;
	memcpy(to, key, sizeof(key));
	to += 6;
	memcpy(to, id.ptr, id.len);
	to[id.len] = '}';
	out->len += 6 + id.len + 1;
	return 0;
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
	.form = text_form,
	.end = text_end,
};
