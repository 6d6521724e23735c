/*
 * span.h - borrowed bytes: never freed, not NUL-terminated, valid until the event named by the
 * function that returns them.
 */
#ifndef DAEMON_BASE_SPAN_H
#define DAEMON_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *ptr;
	size_t len;
};

#define SPAN_LIT(text) ((struct span){ (text), sizeof(text) - 1 })

static inline struct span span_of(const char *ptr, size_t len)
{
	return (struct span){ ptr, len };
}

static inline struct span span_str(const char *text)
{
	return (struct span){ text, text ? strlen(text) : 0 };
}

static inline bool span_eq(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool span_is(struct span a, const char *text)
{
	return span_eq(a, span_str(text));
}

static inline bool span_starts(struct span a, struct span head)
{
	return a.len >= head.len && (head.len == 0 || memcmp(a.ptr, head.ptr, head.len) == 0);
}

/* printf("%.*s", SPAN_ARG(s)) */
#define SPAN_ARG(s) (int)(s).len, (s).ptr

#endif
