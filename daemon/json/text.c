#include "daemon/json/text.h"

#include <stdint.h>
#include <string.h>

#include "daemon/base/chars.h"

enum { REPLACEMENT = 0xfffd /* for what is no UTF-8 */ };

static const uint64_t every_byte = 0x0101010101010101u;
static const uint64_t high_bits = 0x8080808080808080u;

static uint64_t load8(const void *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* Sets the high bit of bytes that need an escape or are not ASCII. Bytes above the first hit may be
 * wrong hits; the first one is right. */
static uint64_t special_bytes(uint64_t word)
{
	uint64_t quote = word ^ (every_byte * '"');
	uint64_t slash = word ^ (every_byte * '\\');

	return ((word - every_byte * 0x20) | (quote - every_byte) | (slash - every_byte) | word) &
	       high_bits;
}

bool text_is_utf8(struct span text)
{
	size_t good;
	size_t step;

	for (size_t i = 0; i < text.len; i += step) {
		step = 8;
		if (text.len - i >= 8 && !(load8(text.ptr + i) & high_bits))
			continue;
		step = chars_utf8_sequence(text.ptr + i, text.len - i, &good);
		if (!step)
			return false;
	}
	return true;
}

/* Copies the byte or sequence at *from as JSON. Returns bytes written. */
static size_t put_special(char *to, const unsigned char **from, size_t avail)
{
	unsigned char c = **from;
	size_t good;
	size_t len;

	if (c < 0x20 || c == '"' || c == '\\') {
		(*from)++;
		return chars_put_escape(to, c);
	}
	len = chars_utf8_sequence((const char *)*from, avail, &good);
	if (!len) {
		*from += good ? good : 1;
		return text_put_utf8(to, REPLACEMENT);
	}
	memcpy(to, *from, len);
	*from += len;
	return len;
}

void text_put_string(struct outbuf *out, struct span text)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	const unsigned char *end = p + text.len;
	char *start;
	char *to;

	if (text.len > SIZE_MAX / CHARS_ESCAPE_BYTES_MAX - 16) {
		out->failed = true;
		return;
	}
	/* Most texts need no escape: room for all escapes is requested only when needed. */
	start = to = outbuf_room(out, text.len + 2 + 8);
	if (!to)
		return;
	*to++ = '"';
	while (end - p >= 8 && !special_bytes(load8(p))) {
		memcpy(to, p, 8);
		to += 8;
		p += 8;
	}
	out->len += (size_t)(to - start);
	start = to = outbuf_room(out, (size_t)(end - p) * CHARS_ESCAPE_BYTES_MAX + 1);
	if (!to)
		return;
	while (p < end) {
		if (end - p >= 8 && !special_bytes(load8(p))) {
			memcpy(to, p, 8);
			to += 8;
			p += 8;
			continue;
		}
		if (*p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\')
			*to++ = (char)*p++;
		else
			to += put_special(to, &p, (size_t)(end - p));
	}
	*to++ = '"';
	out->len += (size_t)(to - start);
}

size_t text_put_utf8(char *to, unsigned code_point)
{
	if (code_point < 0x80) {
		to[0] = (char)code_point;
		return 1;
	}
	if (code_point < 0x800) {
		to[0] = (char)(0xc0 | code_point >> 6);
		to[1] = (char)(0x80 | (code_point & 0x3f));
		return 2;
	}
	if (code_point < 0x10000) {
		to[0] = (char)(0xe0 | code_point >> 12);
		to[1] = (char)(0x80 | (code_point >> 6 & 0x3f));
		to[2] = (char)(0x80 | (code_point & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | code_point >> 18);
	to[1] = (char)(0x80 | (code_point >> 12 & 0x3f));
	to[2] = (char)(0x80 | (code_point >> 6 & 0x3f));
	to[3] = (char)(0x80 | (code_point & 0x3f));
	return 4;
}

int text_hex4(const char *digits)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		int digit = chars_hex(digits[i]);

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

/* Decodes the escape whose letter is at from[1]. Returns bytes read; writes *written bytes. */
static size_t unescape_one(char *to, const char *from, size_t *written)
{
	static const char plain[128] = { ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r',
					 ['t'] = '\t', ['"'] = '"',  ['/'] = '/',  ['\\'] = '\\' };
	unsigned code_point;

	if (from[1] != 'u') {
		*to = plain[(unsigned char)from[1] & 0x7f];
		*written = 1;
		return 2;
	}
	code_point = (unsigned)text_hex4(from + 2);
	if (code_point >= 0xd800 && code_point < 0xdc00) {
		unsigned low = (unsigned)text_hex4(from + 8);

		code_point = 0x10000 + ((code_point - 0xd800) << 10) + (low - 0xdc00);
		*written = text_put_utf8(to, code_point);
		return 12;
	}
	*written = text_put_utf8(to, code_point);
	return 6;
}

size_t text_unescape(char *to, const char *from, size_t len)
{
	const char *end = from + len;
	char *start = to;

	while (from < end) {
		const char *slash = memchr(from, '\\', (size_t)(end - from));
		size_t plain = (size_t)((slash ? slash : end) - from);
		size_t written;

		memcpy(to, from, plain);
		to += plain;
		from += plain;
		if (!slash)
			break;
		from += unescape_one(to, from, &written);
		to += written;
	}
	return (size_t)(to - start);
}
