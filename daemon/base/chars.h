/* chars.h - what bytes of text mean: UTF-8, JSON's escapes, hexadecimal digits. */
#ifndef DAEMON_BASE_CHARS_H
#define DAEMON_BASE_CHARS_H

#include <stddef.h>

enum { CHARS_ESCAPE_BYTES_MAX = 6 /* \u001f */ };

/*
 * The length of the UTF-8 sequence at p (Unicode 15, table 3-7: no overlong forms, no surrogates,
 * nothing above U+10FFFF), or 0; *good_bytes is then how many bytes could still have become one.
 * avail >= 1 bytes may be read.
 */
size_t chars_utf8_sequence(const char *p, size_t avail, size_t *good_bytes);

/*
 * Writes the escape that c, a byte below 0x20, a quote or a backslash, has inside a JSON string; to
 * has room for CHARS_ESCAPE_BYTES_MAX. Returns its length.
 */
size_t chars_put_escape(char *to, unsigned char c);

/* The value of a hexadecimal digit of either case, or -1. */
static inline int chars_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
