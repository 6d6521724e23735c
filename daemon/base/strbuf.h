/*
 * strbuf.h - an owned, growing text. Appending returns no error: the first failure to grow sets
 * `failed`, later appends do nothing, and the user of the text checks once at the end. The text is
 * always NUL-terminated. A zeroed strbuf is empty and valid; one of strbuf_counted takes its memory
 * from the budget.
 */
#ifndef DAEMON_BASE_STRBUF_H
#define DAEMON_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/budget.h"
#include "daemon/base/span.h"

struct strbuf {
	char *ptr; /* NULL while empty */
	size_t len;
	size_t cap;
	bool failed;        /* memory ran out */
	uint8_t is_counted; /* 0, or enum budget_kind + 1; stays until it is overwritten */
};

static inline struct strbuf strbuf_counted(enum budget_kind kind)
{
	return (struct strbuf){ .is_counted = (uint8_t)(kind + 1) };
}

void strbuf_deinit(struct strbuf *sb);
void strbuf_clear(struct strbuf *sb); /* keeps the memory */

/* Makes room for `extra` more bytes. Returns 0 or -ENOMEM (and sets failed). */
int strbuf_reserve(struct strbuf *sb, size_t extra);

void strbuf_add(struct strbuf *sb, const void *bytes, size_t len);
void strbuf_add_str(struct strbuf *sb, const char *text);
void strbuf_add_char(struct strbuf *sb, char c);
void strbuf_add_i64(struct strbuf *sb, int64_t value);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends text escaped as the inside of a JSON string; bytes that are not UTF-8 become U+FFFD. */
void strbuf_add_json(struct strbuf *sb, struct span text);

static inline struct span strbuf_span(const struct strbuf *sb)
{
	return (struct span){ sb->ptr ? sb->ptr : "", sb->len };
}

/* Hands the memory to the caller (free it); the strbuf, which must not be counted, is empty
 * afterwards. NULL when failed. */
char *strbuf_take(struct strbuf *sb);

#endif
