/* The messages do not depend on how the stream is cut, nor on the vector width. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cpu.h"
#include "daemon/rpc/frame.h"
#include "daemon/test/parser_util.h"

enum { TEXT_BYTES_MAX = 1 << 14 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct guard guard;

/* Reads of read_bytes at a time (0: all at once). */
static void cut(struct span text, size_t read_bytes, size_t max_bytes, struct outbuf *out)
{
	struct frame_scan scan = { 0 };
	size_t from = 0, upto = 0;

	out->len = 0;
	while (upto < text.len) {
		enum frame_result result;

		upto = read_bytes && read_bytes < text.len - upto ? upto + read_bytes : text.len;
		do {
			struct span message;
			size_t consumed;

			result = frame_next(
				&scan,
				guard_put(&guard, span_of(text.ptr + from, upto - from), 0, 0),
				max_bytes, &message, &consumed);
			from += consumed;
			if (from > upto)
				abort();
			if (result == FRAME_MESSAGE) {
				outbuf_add(out, "<", 1);
				outbuf_add(out, message.ptr, message.len);
			}
			outbuf_add(out, result == FRAME_TOO_LONG ? "!" : "",
				   result == FRAME_TOO_LONG);
		} while (result != FRAME_MORE);
		if (scan.scanned_bytes != upto - from)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct outbuf whole = { .grow = outbuf_grow_malloc };
	static struct outbuf parts = { .grow = outbuf_grow_malloc };
	static enum cpu_simd best;
	struct span text;
	size_t read_bytes, max_bytes;

	if (size < 2 || size > TEXT_BYTES_MAX)
		return 0;
	if (!guard.base) {
		guard_open(&guard, TEXT_BYTES_MAX);
		best = cpu_simd_level();
	}
	read_bytes = 1 + data[0] % 100;
	max_bytes = 1 + data[1];
	text = span_of((const char *)data + 2, size - 2);
	for (int level = CPU_SCALAR; level <= (int)best; level++) {
		cpu_simd_set_limit((enum cpu_simd)level);
		frame_choose_level();
		if (level == CPU_SCALAR)
			cut(text, 0, max_bytes, &whole);
		cut(text, level % 2 ? read_bytes : 0, max_bytes, &parts);
		if (parts.len != whole.len ||
		    (whole.len && memcmp(parts.ptr, whole.ptr, whole.len) != 0))
			abort();
	}
	cpu_simd_set_limit(CPU_AVX512);
	return 0;
}
