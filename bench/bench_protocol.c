/*
 * bench_protocol.c - what happens to bytes before they are parsed: which protocol they speak, and
 * where a message ends.
 *
 * Both presets do this in the same way; "both" stands where other suites name a backend.
 */
#include <errno.h>
#include <string.h>

#include "bench/suite.h"
#include "daemon/base/strbuf.h"
#include "daemon/rpc/detect.h"
#include "daemon/rpc/frame.h"

static const struct {
	const char *text;
	enum detect_protocol protocol;
} rows[] = {
	{ "{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1}", DETECT_JSONRPC },
	{ "{\"jsonrpc\":\"2.0\",\"method\":\"add_voxel\",\"params\":{\"x\":1},\"id\":2}",
	  DETECT_JSONRPC },
	{ "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"tools/list\"}", DETECT_MCP },
	{ "{\"tool\":\"ping\",\"arguments\":{}}", DETECT_TOOL },
	{ "[{\"jsonrpc\":\"2.0\",\"method\":\"ping\",\"id\":1}]", DETECT_JSONRPC },
	{ "GET /metrics HTTP/1.1\r\nHost: x\r\n", DETECT_HTTP },
	{ "\x16\x03\x01\x02\x00", DETECT_GARBAGE },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void detect(struct bench_state *s)
{
	struct span texts[ROWS];
	size_t i = 0;

	for (size_t k = 0; k < ROWS; k++) {
		texts[k] = span_str(rows[k].text);
		if (rpc_detect(texts[k]) != rows[k].protocol)
			suite_wrong(s, "'%.40s' is taken for protocol %d", rows[k].text,
				    (int)rpc_detect(texts[k]));
	}
	BENCH_LOOP(s) {
		BENCH_KEEP(rpc_detect(texts[i]));
		i = i + 1 == ROWS ? 0 : i + 1;
	}
}

/* Cuts a stream of messages of range(0) bytes each. */
static void frame(struct bench_state *s)
{
	size_t bytes = (size_t)bench_range(s, 0), used;
	struct strbuf sb = { 0 };
	struct frame_scan scan = { 0 };
	struct span message;

	strbuf_add_str(&sb, "{\"method\":\"ping\",\"text\":\"");
	while (sb.len + 2 < bytes)
		strbuf_add_char(&sb, 'x');
	strbuf_add_str(&sb, "\"}");
	BENCH_LOOP(s) {
		if (frame_next(&scan, strbuf_span(&sb), 1 << 20, &message, &used) !=
			    FRAME_MESSAGE ||
		    message.len != bytes)
			suite_wrong(s, "a message of %zu bytes was not found", bytes);
	}
	bench_bytes_processed(s, bench_iterations_done(s) * bytes);
	strbuf_deinit(&sb);
}

static void add(void)
{
	suite_add(detect, NULL, NULL, "protocol_detect/both");
	bench_arg(bench_arg(suite_add(frame, NULL, NULL, "protocol_frame/both"), 82), 1017);
}

const struct suite suite_protocol = {
	.name = "protocol",
	.summary = "which protocol the first bytes speak, where a message ends",
	.add = add,
};
