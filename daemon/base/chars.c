#include "daemon/base/chars.h"

size_t chars_utf8_sequence(const char *text, size_t avail, size_t *good_bytes)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned lead = p[0];
	unsigned low = 0x80, high = 0xbf;
	size_t good;
	size_t len;

	*good_bytes = 0;
	if (lead < 0x80)
		return 1;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	len = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if (lead == 0xe0)
		low = 0xa0;
	else if (lead == 0xed)
		high = 0x9f;
	else if (lead == 0xf0)
		low = 0x90;
	else if (lead == 0xf4)
		high = 0x8f;
	for (good = 1; good < len; good++) {
		*good_bytes = good;
		if (good == avail || p[good] < low || p[good] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return len;
}

size_t chars_put_escape(char *to, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
					['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\' };

	to[0] = '\\';
	if (letters[c]) {
		to[1] = letters[c];
		return 2;
	}
	to[1] = 'u';
	to[2] = to[3] = '0';
	to[4] = hex[c >> 4];
	to[5] = hex[c & 15];
	return CHARS_ESCAPE_BYTES_MAX;
}
