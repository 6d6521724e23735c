#include "daemon/base/strbuf.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 64 };

void strbuf_deinit(struct strbuf *sb)
{
	if (sb->is_counted)
		budget_free(sb->ptr);
	else
		free(sb->ptr);
	*sb = (struct strbuf){ .is_counted = sb->is_counted };
}

void strbuf_clear(struct strbuf *sb)
{
	sb->len = 0;
	sb->failed = false;
	if (sb->ptr)
		sb->ptr[0] = '\0';
}

static char *grow(const struct strbuf *sb, size_t cap)
{
	if (sb->is_counted)
		return budget_realloc((enum budget_kind)(sb->is_counted - 1), sb->ptr, cap);
	return realloc(sb->ptr, cap);
}

int strbuf_reserve(struct strbuf *sb, size_t extra)
{
	size_t want;
	size_t cap;
	char *grown;

	if (sb->failed)
		return -ENOMEM;
	if (__builtin_add_overflow(sb->len, extra, &want) ||
	    __builtin_add_overflow(want, 1, &want)) {
		sb->failed = true;
		return -ENOMEM;
	}
	if (want <= sb->cap)
		return 0;
	/* Doubling keeps appending O(1) per byte; near the top only the exact size is possible. */
	cap = sb->cap > SIZE_MAX / 2 ? want : sb->cap * 2;
	if (cap < want)
		cap = want;
	if (cap < FIRST_CAP)
		cap = FIRST_CAP;
	grown = grow(sb, cap);
	if (!grown) {
		sb->failed = true;
		return -ENOMEM;
	}
	sb->ptr = grown;
	sb->cap = cap;
	sb->ptr[sb->len] = '\0';
	return 0;
}

void strbuf_add(struct strbuf *sb, const void *bytes, size_t len)
{
	if (len == 0 || strbuf_reserve(sb, len))
		return;
	memcpy(sb->ptr + sb->len, bytes, len);
	sb->len += len;
	sb->ptr[sb->len] = '\0';
}

void strbuf_add_str(struct strbuf *sb, const char *text)
{
	strbuf_add(sb, text, strlen(text));
}

void strbuf_add_char(struct strbuf *sb, char c)
{
	strbuf_add(sb, &c, 1);
}

void strbuf_add_i64(struct strbuf *sb, int64_t value)
{
	char digits[20]; /* "-9223372036854775808" */
	char *end = digits + sizeof(digits);
	char *p = end;
	/* Negated as unsigned: -INT64_MIN does not fit int64_t. */
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

	do {
		*--p = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	if (value < 0)
		*--p = '-';
	strbuf_add(sb, p, (size_t)(end - p));
}

void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;
	va_list again;
	size_t room;
	int len;

	if (sb->failed)
		return;
	room = sb->cap - sb->len;
	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(sb->ptr ? sb->ptr + sb->len : NULL, room, fmt, ap);
	va_end(ap);
	if (len < 0) {
		sb->failed = true;
	} else if ((size_t)len < room) {
		sb->len += (size_t)len;
	} else if (strbuf_reserve(sb, (size_t)len) == 0) {
		vsnprintf(sb->ptr + sb->len, (size_t)len + 1, fmt, again);
		sb->len += (size_t)len;
	} else if (sb->ptr) {
		sb->ptr[sb->len] = '\0';
	}
	va_end(again);
}

/*
 * Length of the UTF-8 sequence at p, 0 when it is invalid. The ranges of the second byte exclude
 * overlong forms, surrogates and values above U+10FFFF (Unicode 15, table 3-7).
 */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	unsigned char least = 0x80;
	unsigned char most = 0xbf;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		len = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		len = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (p[0] == 0xe0)
		least = 0xa0;
	else if (p[0] == 0xed)
		most = 0x9f;
	else if (p[0] == 0xf0)
		least = 0x90;
	else if (p[0] == 0xf4)
		most = 0x8f;
	if (left < len || p[1] < least || p[1] > most)
		return 0;
	for (size_t i = 2; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

/* Number of bytes from p on that need no escape in a JSON string. */
static size_t plain_run(const unsigned char *p, size_t left)
{
	size_t n = 0;

	while (n < left && p[n] >= 0x20 && p[n] != '"' && p[n] != '\\') {
		size_t len = utf8_len(p + n, left - n);

		if (len == 0)
			break;
		n += len;
	}
	return n;
}

static void add_escaped(struct strbuf *sb, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	for (size_t i = 0; i + 1 < sizeof(letters); i += 2) {
		if ((unsigned char)letters[i] == c) {
			char two[2] = { '\\', letters[i + 1] };

			strbuf_add(sb, two, sizeof(two));
			return;
		}
	}
	if (c >= 0x80) {
		strbuf_add(sb, "\xef\xbf\xbd", 3); /* U+FFFD for each invalid byte */
	} else {
		char six[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

		strbuf_add(sb, six, sizeof(six));
	}
}

void strbuf_add_json(struct strbuf *sb, struct span text)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	size_t left = text.len;

	while (left) {
		size_t run = plain_run(p, left);

		strbuf_add(sb, p, run);
		p += run;
		left -= run;
		if (left) {
			add_escaped(sb, *p);
			p++;
			left--;
		}
	}
}

char *strbuf_take(struct strbuf *sb)
{
	char *text = NULL;

	assert(!sb->is_counted);
	if (!sb->failed && strbuf_reserve(sb, 0) == 0) {
		text = sb->ptr;
		sb->ptr = NULL;
	}
	strbuf_deinit(sb);
	return text;
}
