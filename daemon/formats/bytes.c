#include "daemon/formats/bytes.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/err.h"

struct span bytes_take(struct bytes *b, size_t len)
{
	struct span s = { "", 0 };

	if (b->failed || len > bytes_left(b)) {
		b->failed = true;
		return s;
	}
	s = span_of(b->all.ptr + b->at, len);
	b->at += len;
	return s;
}

struct bytes bytes_sub(struct bytes *b, size_t len)
{
	struct bytes sub = { .base = b->base + b->at };

	sub.all = bytes_take(b, len);
	sub.failed = b->failed;
	return sub;
}

uint8_t bytes_u8(struct bytes *b)
{
	struct span s = bytes_take(b, 1);

	return s.len ? (uint8_t)s.ptr[0] : 0;
}

uint32_t bytes_u32(struct bytes *b)
{
	struct span s = bytes_take(b, 4);
	uint32_t value = 0;

	for (size_t i = s.len; i-- > 0;)
		value = value << 8 | (uint8_t)s.ptr[i];
	return value;
}

int32_t bytes_i32(struct bytes *b)
{
	return (int32_t)bytes_u32(b);
}

int bytes_fault(const struct bytes *b, const char *why, struct err *err)
{
	return err_set(err, -EPROTO, "byte %zu: %s", b->base + b->at,
		       b->failed ? "the file ends too early" : why);
}

void put_u8(struct strbuf *sb, unsigned value)
{
	strbuf_add_char(sb, (char)value);
}

void put_u32(struct strbuf *sb, uint32_t value)
{
	char text[4] = { (char)value, (char)(value >> 8), (char)(value >> 16),
			 (char)(value >> 24) };

	strbuf_add(sb, text, sizeof(text));
}

void put_i32(struct strbuf *sb, int32_t value)
{
	put_u32(sb, (uint32_t)value);
}

void put_f32(struct strbuf *sb, float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	put_u32(sb, bits);
}

size_t put_length(struct strbuf *sb)
{
	size_t at = sb->len;

	put_u32(sb, 0);
	return at;
}

void patch_u32(struct strbuf *sb, size_t at, uint32_t value)
{
	if (sb->failed)
		return;
	for (int i = 0; i < 4; i++)
		sb->ptr[at + (size_t)i] = (char)(value >> (8 * i));
}
