/* Differential: every backend at every vector width makes the same of any text. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/parser/parser.h"
#include "daemon/test/parser_util.h"

enum { TEXT_BYTES_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct parsers parsers;
static struct guard guard;
static struct outbuf reference = { .grow = outbuf_grow_malloc };
static struct outbuf other = { .grow = outbuf_grow_malloc };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text;
	char fill;

	if (size == 0 || size > TEXT_BYTES_MAX)
		return 0;
	if (parsers.count == 0) {
		parsers_open(&parsers);
		guard_open(&guard, TEXT_BYTES_MAX);
	}
	/* The first byte is the byte after the text. */
	fill = (char)data[0];
	text = span_of((const char *)data + 1, size - 1);
	for (size_t i = 0; i < parsers.count; i++) {
		struct outbuf *out = i ? &other : &reference;

		out->len = 0;
		dump_parse(out, parsers.list[i],
			   guard_put(&guard, text, PARSER_PADDING_BYTES, fill));
		if (out->len == reference.len && memcmp(out->ptr, reference.ptr, out->len) == 0)
			continue;
		fprintf(stderr, "%s: %.*s\nreference: %.*s\n", parsers.names[i], (int)other.len,
			other.ptr, (int)reference.len, reference.ptr);
		abort();
	}
	return 0;
}
