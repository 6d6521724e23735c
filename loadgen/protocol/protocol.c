/*
 * protocol.c - splitting replies.
 *
 * The fast path handles {"jsonrpc":"2.0","result":R,"id":NNNNNNNN}, which servers with compact
 * output send for our eight-digit ids: both ends are compared as words, R is not examined.
 * Everything else (padded output, other orders, errors) takes the general path.
 */
#include "loadgen/protocol/protocol.h"

#include <assert.h>
#include <errno.h>

#include "loadgen/workload/template.h"

struct cursor {
	const char *at;
	const char *end;
};

static void skip_blanks(struct cursor *c)
{
	while (c->at < c->end &&
	       (*c->at == ' ' || *c->at == '\t' || *c->at == '\r' || *c->at == '\n'))
		c->at++;
}

static bool take_char(struct cursor *c, char want)
{
	skip_blanks(c);
	if (c->at >= c->end || *c->at != want)
		return false;
	c->at++;
	return true;
}

/* Reads the contents of a string, with its escapes. */
static bool take_string(struct cursor *c, struct span *out)
{
	const char *start;

	if (!take_char(c, '"'))
		return false;
	start = c->at;
	while (c->at < c->end && *c->at != '"')
		c->at += *c->at == '\\' && c->at + 1 < c->end ? 2 : 1;
	if (c->at >= c->end)
		return false;
	*out = span_of(start, (size_t)(c->at - start));
	c->at++;
	return true;
}

/* Skips an object or array by counting brackets outside strings. */
static bool skip_nested(struct cursor *c)
{
	struct span text;
	int depth = 0;

	do {
		if (c->at >= c->end)
			return false;
		switch (*c->at) {
		case '{':
		case '[':
			if (++depth > PROTOCOL_DEPTH_MAX)
				return false;
			c->at++;
			break;
		case '}':
		case ']':
			depth--;
			c->at++;
			break;
		case '"':
			if (!take_string(c, &text))
				return false;
			break;
		default:
			c->at++;
		}
	} while (depth > 0);
	return true;
}

static bool ends_scalar(char c)
{
	return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool take_value(struct cursor *c, struct span *out)
{
	const char *start;
	struct span text;

	skip_blanks(c);
	start = c->at;
	if (start >= c->end)
		return false;
	if (*start == '{' || *start == '[') {
		if (!skip_nested(c))
			return false;
	} else if (*start == '"') {
		if (!take_string(c, &text))
			return false;
	} else {
		while (c->at < c->end && !ends_scalar(*c->at))
			c->at++;
	}
	*out = span_of(start, (size_t)(c->at - start));
	return out->len > 0;
}

static bool read_i64(struct span text, int64_t *out)
{
	bool negative = text.len > 0 && text.ptr[0] == '-';
	int64_t v = 0;

	if (text.len == negative)
		return false;
	for (size_t i = negative; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9' || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_sub_overflow(v, text.ptr[i] - '0', &v))
			return false;
	}
	/* Accumulated as a negative number, because INT64_MIN has no positive counterpart. */
	if (!negative && v == INT64_MIN)
		return false;
	*out = negative ? v : -v;
	return true;
}

/* Reads one member; false when there is none or it is malformed. */
static bool take_member(struct cursor *c, struct span *key, struct span *value)
{
	return take_string(c, key) && take_char(c, ':') && take_value(c, value);
}

static bool read_error_code(struct span body, int64_t *code)
{
	struct cursor c = { body.ptr, body.ptr + body.len };
	struct span key, value;

	if (!take_char(&c, '{'))
		return false;
	do {
		if (!take_member(&c, &key, &value))
			return false;
		if (span_is(key, "code"))
			return read_i64(value, code);
	} while (take_char(&c, ','));
	return false;
}

int protocol_scan_reply(struct span line, struct reply *out)
{
	struct cursor c = { line.ptr, line.ptr + line.len };
	struct reply reply = { 0 };
	bool has_version = false, has_result = false, has_id = false;

	if (!take_char(&c, '{'))
		return -EPROTO;
	do {
		struct span key, value;

		if (!take_member(&c, &key, &value))
			return -EPROTO;
		if (span_is(key, "jsonrpc")) {
			has_version = span_is(value, "\"2.0\"");
		} else if (span_is(key, "result")) {
			has_result = true;
			reply.body = value;
		} else if (span_is(key, "error")) {
			reply.is_error = true;
			reply.body = value;
			if (!read_error_code(value, &reply.error_code))
				return -EPROTO;
		} else if (span_is(key, "id")) {
			has_id = true;
			reply.has_id = read_i64(value, &reply.id);
		}
	} while (take_char(&c, ','));
	if (!take_char(&c, '}'))
		return -EPROTO;
	skip_blanks(&c);
	if (c.at != c.end || !has_version || !has_id || has_result == reply.is_error)
		return -EPROTO;
	*out = reply;
	return 0;
}

/*
 * Converts eight digits to a number; -1 when they are not digits. Little-endian: the first digit is
 * the lowest byte, and three multiplications combine neighbours pairwise. Source: the well-known
 * "SWAR" method for decimal digits.
 */
static int64_t read_eight_digits(const char *text)
{
	uint64_t v;

	memcpy(&v, text, sizeof(v));
	/* A digit has 3 in its high half, and still has it after adding 6. */
	if ((v & 0xf0f0f0f0f0f0f0f0u) != 0x3030303030303030u ||
	    ((v + 0x0606060606060606u) & 0xf0f0f0f0f0f0f0f0u) != 0x3030303030303030u)
		return -1;
	v = (v & 0x0f0f0f0f0f0f0f0fu) * 2561 >> 8;
	v = (v & 0x00ff00ff00ff00ffu) * 6553601 >> 16;
	return (int64_t)((v & 0x0000ffff0000ffffu) * 42949672960001u >> 32);
}

/* A word of unaligned text; comparing inline words makes the fast path fast. */
static uint64_t word_at(const char *text)
{
	uint64_t v;

	memcpy(&v, text, sizeof(v));
	return v;
}

/* Both are at least 26 bytes long. */
static bool same_head(const char *a, const char *b)
{
	return ((word_at(a) ^ word_at(b)) | (word_at(a + 8) ^ word_at(b + 8)) |
		(word_at(a + 16) ^ word_at(b + 16)) | (word_at(a + 18) ^ word_at(b + 18))) == 0;
}

int protocol_read_reply(struct span line, struct reply *out)
{
	static const char head[] = "{\"jsonrpc\":\"2.0\",\"result\":";
	enum { HEAD = sizeof(head) - 1, TAIL = 6 + REQUEST_ID_DIGITS + 1 };
	const char *tail;
	int64_t id;

	static_assert(HEAD == 26, "same_head compares so many bytes");
	if (line.len <= HEAD + TAIL || !same_head(line.ptr, head))
		return protocol_scan_reply(line, out);
	tail = line.ptr + line.len - TAIL;
	if (memcmp(tail, ",\"id", 4) != 0 || memcmp(tail + 4, "\":", 2) != 0 ||
	    tail[TAIL - 1] != '}')
		return protocol_scan_reply(line, out);
	id = read_eight_digits(tail + 6);
	if (id < 0)
		return protocol_scan_reply(line, out);
	out->is_error = false;
	out->has_id = true;
	out->id = id;
	out->error_code = 0;
	out->body = span_of(line.ptr + HEAD, (size_t)(tail - line.ptr) - HEAD);
	return 0;
}
