/* base64.h - RFC 4648 base64 with padding, as used in interval logs. */
#ifndef DAEMON_BASE_BASE64_H
#define DAEMON_BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/base/strbuf.h"

void base64_encode(struct strbuf *out, const void *bytes, size_t len);

/* The most bytes that base64_decode writes. */
size_t base64_decoded_max(size_t text_len);

/* Decodes all of text. Returns the number of bytes, or -EPROTO: a character outside the alphabet, a
 * length that is not a multiple of four, or padding in the middle. */
long base64_decode(struct span text, uint8_t *out);

#endif
