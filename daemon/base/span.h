/*
 * span.h - borrowed bytes: never freed, not NUL-terminated, valid until the event named by the
 * function that returns them.
 */
#ifndef DAEMON_BASE_SPAN_H
#define DAEMON_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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

/* The end of s from a byte of it on. */
static inline struct span span_from(struct span s, const char *at)
{
	return span_of(at, s.len - (size_t)(at - s.ptr));
}

/* s where the bytes of `from` are at `to` now; what is not part of `from` stays. */
static inline struct span span_moved(struct span s, struct span from, const char *to)
{
	uintptr_t at = (uintptr_t)s.ptr - (uintptr_t)from.ptr;

	return at <= from.len ? span_of(to + at, s.len) : s;
}

/* printf("%.*s", SPAN_ARG(s)) */
#define SPAN_ARG(s) (int)(s).len, (s).ptr

#endif
