#include "daemon/methods/script/script_text.h"

#include <string.h>

/* The 16-bit unit if a 3-byte surrogate is there, else 0. */
static unsigned surrogate_at(const unsigned char *s, size_t len)
{
	if (len < 3 || s[0] != 0xed || s[1] < 0xa0)
		return 0;
	return 0xd000u | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
}

/* Length of the character that starts with that byte. */
static size_t length_of(unsigned char first)
{
	if (first < 0x80)
		return 1;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Adds one character; false when it does not fit. */
static bool add_whole(char *out, size_t cap, size_t *used, const void *bytes, size_t len)
{
	if (cap - *used < len)
		return false;
	memcpy(out + *used, bytes, len);
	*used += len;
	return true;
}

/* Decodes a pair of surrogates or a lone one. Returns how many bytes of s it takes. */
static size_t join(const unsigned char *s, size_t len, unsigned char out[4], size_t *out_len)
{
	unsigned high = surrogate_at(s, len);
	unsigned low = len >= 6 ? surrogate_at(s + 3, len - 3) : 0;
	unsigned code;

	if (high >= 0xdc00 || low < 0xdc00) {
		out[0] = 0xef;
		out[1] = 0xbf;
		out[2] = 0xbd;
		*out_len = 3;
		return 3;
	}
	code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	out[0] = (unsigned char)(0xf0 | code >> 18);
	out[1] = (unsigned char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (unsigned char)(0x80 | (code & 0x3f));
	*out_len = 4;
	return 6;
}

bool script_utf8(char *out, size_t cap, size_t *used, const char *cesu, size_t len)
{
	const unsigned char *s = (const unsigned char *)cesu;

	while (len) {
		unsigned char joined[4];
		size_t n = length_of(*s);
		const void *from = s;
		size_t from_len;

		if (n > len)
			n = len;
		from_len = n;
		if (surrogate_at(s, len)) {
			n = join(s, len, joined, &from_len);
			from = joined;
		}
		if (!add_whole(out, cap, used, from, from_len))
			return false;
		s += n;
		len -= n;
	}
	return true;
}

void script_text_add(struct script_text *t, const char *cesu, size_t len)
{
	size_t used = t->bytes;

	if (!t->is_cut)
		t->is_cut = !script_utf8(t->text, sizeof(t->text), &used, cesu, len);
	t->bytes = (uint32_t)used;
}
