/*
 * sections.h - the suite's small configuration language: sections of "key = value".
 *
 *	# a comment, on lines of its own
 *	[op add]
 *	params = [1, 2,
 *	          3]
 *
 * A heading is "[kind]" or "[kind name]". A value extends to the end of its line, without blanks
 *around it; lines that begin with a blank continue the value above them, joined by one space. This
 *file knows no keys; the visitor interprets them.
 */
#ifndef LOADGEN_WORKLOAD_SECTIONS_H
#define LOADGEN_WORKLOAD_SECTIONS_H

#include <stddef.h>

struct err;

enum { SECTIONS_LINE_BYTES_MAX = 64 * 1024 };

struct sections_visitor {
	/* A heading; name is "" when it has none. Texts stay valid while the parsed text does. */
	int (*section)(void *arg, const char *kind, const char *name, struct err *err);
	/* A key of the section above; key and value stay valid while the parsed text does. */
	int (*key)(void *arg, const char *key, const char *value, struct err *err);
	void *arg;
};

/*
 * Walks text[len], which is modified in place and must end with a NUL at text[len].
 * Returns 0, or the first failure with "NAME:LINE: " before its message.
 * Errors: -EPROTO for a line of another form; errors of the visitor.
 */
int sections_parse(const char *name, char *text, size_t len, const struct sections_visitor *v,
		   struct err *err);

#endif
