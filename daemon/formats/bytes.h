/* bytes.h - a bounded little-endian reader. It never reads outside its span and reports where it
 * stopped. */
#ifndef DAEMON_FORMATS_BYTES_H
#define DAEMON_FORMATS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/base/strbuf.h"

struct err;

struct bytes {
	struct span all;
	size_t base; /* of all.ptr in the file, for messages */
	size_t at;
	bool failed; /* a read went past the end; such reads return 0 */
};

static inline size_t bytes_left(const struct bytes *b)
{
	return b->all.len - b->at;
}

/* The next len bytes, or an empty span and failed. */
struct span bytes_take(struct bytes *b, size_t len);
/* The same, as a separate reader. */
struct bytes bytes_sub(struct bytes *b, size_t len);

uint8_t bytes_u8(struct bytes *b);
uint32_t bytes_u32(struct bytes *b);
int32_t bytes_i32(struct bytes *b);

/* Returns -EPROTO and sets err to "byte N: why". */
int bytes_fault(const struct bytes *b, const char *why, struct err *err);

void put_u8(struct strbuf *sb, unsigned value);
void put_u32(struct strbuf *sb, uint32_t value);
void put_i32(struct strbuf *sb, int32_t value);
void put_f32(struct strbuf *sb, float value);

/* Reserves a u32 that patch later sets to the length of what follows it. */
size_t put_length(struct strbuf *sb);
void patch_u32(struct strbuf *sb, size_t at, uint32_t value);

#endif
