/*
 * bench_protocol.c - what happens to bytes before they are parsed: where a message ends.
 *
 * Both presets do this in the same way; "both" takes the place of the backend's name.
 */
#include <errno.h>
#include <string.h>

#include "bench/suite/suite.h"
#include "daemon/base/strbuf.h"
#include "daemon/rpc/frame.h"

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
	bench_arg(bench_arg(suite_add(frame, NULL, NULL, "protocol_frame/both"), 82), 1017);
}

const struct suite suite_protocol = {
	.name = "protocol",
	.summary = "where a message ends",
	.add = add,
};
