/*
 * fuzz_reply.c - replies of a hostile server: the short cut never contradicts the general pass
 * about id and kind, spans stay inside the line, and looking for text in them ends.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "loadgen/engine/verify.h"
#include "loadgen/protocol/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_span(struct span body, struct span line)
{
	if (body.ptr < line.ptr || body.ptr + body.len > line.ptr + line.len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly this size: reading past the end is seen. */
	char *text = malloc(size ? size : 1);
	struct span line = { text, size };
	struct reply fast, slow;
	uint32_t hint = 0;
	int rc_fast, rc_slow;

	if (!text)
		return 0;
	memcpy(text, data, size);
	rc_fast = protocol_read_reply(line, &fast);
	rc_slow = protocol_scan_reply(line, &slow);
	/* The short cut may accept a broken result (a full look finds that), never refuse more. */
	if (rc_slow == 0 && rc_fast != 0)
		abort();
	if (rc_slow == 0) {
		check_span(slow.body, line);
		verify_contains(slow.body, SPAN_LIT("\"success\":true"), &hint);
		hint = (uint32_t)size;
		verify_contains(slow.body, slow.body, &hint);
	}
	if (rc_fast == 0)
		check_span(fast.body, line);
	free(text);
	return 0;
}
