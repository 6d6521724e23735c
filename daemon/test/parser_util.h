/*
 * parser_util.h - for tests of the parser axis: every backend with every vector width, texts that
 * end at a guard page, and a dump that must be the same for all backends.
 */
#ifndef DAEMON_TEST_PARSER_UTIL_H
#define DAEMON_TEST_PARSER_UTIL_H

#include <stddef.h>
#include <string.h>

#include "daemon/base/span.h"
#include "daemon/json/outbuf.h"
#include "daemon/json/value.h"
#include "daemon/parser/parser.h"

enum { PARSERS_MAX = 8 };

/* The opened parsers; the reference is the first. */
struct parsers {
	struct parser *list[PARSERS_MAX];
	char names[PARSERS_MAX][32]; /* "simd/avx2" */
	size_t count;
};

void parsers_open(struct parsers *ps);
void parsers_close(struct parsers *ps);

/* Memory whose last readable byte is followed by a page that cannot be read. */
struct guard {
	char *base;
	size_t bytes;
};

void guard_open(struct guard *g, size_t bytes_max);
void guard_close(struct guard *g);

/* Copies text so that exactly padding_bytes, all equal to fill, are between its end and
 * the page. */
struct span guard_put(const struct guard *g, struct span text, size_t padding_bytes, char fill);

/* Copies and returns the length. */
static inline size_t put_bytes(char *to, struct span from)
{
	memcpy(to, from.ptr, from.len);
	return from.len;
}

/* Appends what methods can see of v; checks that look-ups and iteration agree. */
void dump_value(struct outbuf *out, struct value v);

/* Writes v as the result, like the method `echo`. */
void write_value(struct reply *r, struct value v);

/* Appends the outcome of parsing the text with p: the values, or the fault. */
void dump_parse(struct outbuf *out, struct parser *p, struct span text);

#endif
