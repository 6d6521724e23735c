/* base64.c - RFC 4648, section 4. */
#include "daemon/base/base64.h"

#include <errno.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct strbuf *out, const void *bytes, size_t len)
{
	const uint8_t *in = bytes;

	for (size_t i = 0; i < len; i += 3) {
		uint32_t group = (uint32_t)in[i] << 16;
		char quad[4];

		if (i + 1 < len)
			group |= (uint32_t)in[i + 1] << 8;
		if (i + 2 < len)
			group |= in[i + 2];
		quad[0] = alphabet[group >> 18];
		quad[1] = alphabet[(group >> 12) & 63];
		quad[2] = '=';
		quad[3] = '=';
		if (i + 1 < len)
			quad[2] = alphabet[(group >> 6) & 63];
		if (i + 2 < len)
			quad[3] = alphabet[group & 63];
		strbuf_add(out, quad, sizeof(quad));
	}
}

size_t base64_decoded_max(size_t text_len)
{
	return text_len / 4 * 3 + 3;
}

/* 0..63, or -1 outside the alphabet. */
static int value_of(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

long base64_decode(struct span text, uint8_t *out)
{
	size_t pads = 0;
	long len = 0;

	if (text.len % 4)
		return -EPROTO;
	while (pads < 2 && pads < text.len && text.ptr[text.len - 1 - pads] == '=')
		pads++;
	for (size_t i = 0; i < text.len; i += 4) {
		size_t chars = i + 4 == text.len ? 4 - pads : 4;
		uint32_t group = 0;

		for (size_t k = 0; k < 4; k++) {
			int v = k < chars ? value_of((unsigned char)text.ptr[i + k]) : 0;

			if (v < 0)
				return -EPROTO;
			group = group << 6 | (uint32_t)v;
		}
		for (size_t k = 0; k + 1 < chars; k++)
			out[len++] = (uint8_t)(group >> (16 - 8 * k));
	}
	return len;
}
