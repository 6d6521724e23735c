#include "daemon/base/strbuf.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/chars.h"

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

/* Number of bytes from p on that need no escape in a JSON string. */
static size_t plain_run(const char *p, size_t left)
{
	size_t n = 0, good;

	while (n < left && (unsigned char)p[n] >= 0x20 && p[n] != '"' && p[n] != '\\') {
		size_t len = chars_utf8_sequence(p + n, left - n, &good);

		if (len == 0)
			break;
		n += len;
	}
	return n;
}

static void add_escaped(struct strbuf *sb, unsigned char c)
{
	char escape[CHARS_ESCAPE_BYTES_MAX];
	size_t bytes;

	if (c >= 0x80) {
		strbuf_add(sb, "\xef\xbf\xbd", 3); /* U+FFFD, one for each bad byte */
		return;
	}
	bytes = chars_put_escape(escape, c);
	strbuf_add(sb, escape, bytes);
}

void strbuf_add_json(struct strbuf *sb, struct span text)
{
	const char *p = text.ptr;
	size_t left = text.len;

	while (left) {
		size_t run = plain_run(p, left);

		strbuf_add(sb, p, run);
		p += run;
		left -= run;
		if (left) {
			add_escaped(sb, (unsigned char)*p);
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
