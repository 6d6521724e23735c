/*
 * text.h - JSON strings and UTF-8, for replies and parsers.
 */
#ifndef DAEMON_JSON_TEXT_H
#define DAEMON_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/base/span.h"
#include "daemon/json/outbuf.h"

/* All of it is UTF-8. */
bool text_is_utf8(struct span text);

/* Appends "text" in quotes, escaped as JSON requires; bytes that are not UTF-8 become U+FFFD. */
void text_put_string(struct outbuf *out, struct span text);

/* Writes the code point as UTF-8 and returns the bytes used, 1 to 4. */
size_t text_put_utf8(char *to, unsigned code_point);

/* The value of four hexadecimal digits, or -1. */
int text_hex4(const char *digits);

/*
 * Decodes the inside of a JSON string that is known to be valid. to has room for len bytes.
 * Returns the bytes written.
 */
size_t text_unescape(char *to, const char *from, size_t len);

#endif
