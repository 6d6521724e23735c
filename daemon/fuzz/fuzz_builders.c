/*
 * What is parsed and written again is the same document to jansson, and both builders write the
 * same bytes.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/parser/parser.h"
#include "daemon/test/parser_util.h"

enum { TEXT_BYTES_MAX = 1 << 14 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct parsers parsers;
static struct reply *replies[PARSERS_MAX];
static struct outbuf out[PARSERS_MAX];
static struct guard guard;

static void open_once(void)
{
	if (parsers.count)
		return;
	parsers_open(&parsers);
	guard_open(&guard, TEXT_BYTES_MAX);
	for (size_t i = 0; i < parsers.count; i++) {
		out[i].grow = outbuf_grow_malloc;
		if (parser_reply_open(parsers.list[i], &replies[i], NULL) < 0)
			abort();
	}
}

static bool write_back(size_t i, struct span text)
{
	struct parse_fault fault;
	struct value root;
	int rc = parser_parse(parsers.list[i], guard_put(&guard, text, PARSER_PADDING_BYTES, ' '),
			      &root, &fault);

	out[i].len = 0;
	if (rc == 0) {
		replies[i]->ops->begin(replies[i], &out[i]);
		write_value(replies[i], root);
		if (replies[i]->ops->end(replies[i], SPAN_LIT("1")) < 0)
			abort();
	}
	parser_reset(parsers.list[i]);
	return rc == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = span_of((const char *)data, size);
	json_t *want, *got;

	if (size > TEXT_BYTES_MAX)
		return 0;
	open_once();
	for (size_t i = 0; i < parsers.count; i++) {
		if (!write_back(i, text))
			return 0;
		if (out[i].len != out[0].len || memcmp(out[i].ptr, out[0].ptr, out[0].len) != 0)
			abort();
	}
	/* jansson has no NUL in keys. */
	got = json_loadb(out[0].ptr, out[0].len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
	if (!got && !memmem(out[0].ptr, out[0].len, "\\u0000", 6))
		abort();
	/* And it refuses some texts that are valid: then ours alone counts. */
	want = json_loadb(text.ptr, text.len,
			  JSON_ALLOW_NUL | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
	if (got && want && !json_equal(json_object_get(got, "result"), want))
		abort();
	json_decref(got);
	json_decref(want);
	return 0;
}
