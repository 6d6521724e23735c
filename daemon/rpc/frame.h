/*
 * frame.h - splits a byte stream into messages.
 *
 * A message is one JSON array or object, which ends at its balancing bracket; a newline is not
 * needed, and pretty-printed text is accepted (facts: Goxel daemon, A.1). White space between
 * messages is skipped. Anything else up to a newline is also a message: garbage that the parser
 * will refuse, so that each error is answered and the connection continues. A raw newline inside a
 * string also ends a (malformed) message: JSON forbids it there, and the stream is synchronized
 * again. The scanner is resumable: bytes are not scanned twice.
 */
#ifndef DAEMON_RPC_FRAME_H
#define DAEMON_RPC_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"

/* A zeroed scanner is at the start of a message. 16 bytes: it is in the connection's cache line. */
struct frame_scan {
	uint32_t scanned_bytes; /* of the unfinished message, from its first byte */
	uint32_t depth;
	uint8_t state;    /* private */
	uint8_t skipping; /* an over-long message is being dropped */
};

enum frame_result {
	FRAME_MORE,     /* no whole message yet */
	FRAME_MESSAGE,  /* *message is one */
	FRAME_TOO_LONG, /* the message exceeds max_bytes: reported once, its rest is dropped as
			   it arrives */
};

/*
 * Scans data, whose first byte is the first one not consumed by the last call. *consumed_bytes is
 * how many bytes may be removed from the stream: white space, whole messages, dropped bytes; never
 * part of an unfinished message.
 */
enum frame_result frame_next(struct frame_scan *scan, struct span data, size_t max_bytes,
			     struct span *message, size_t *consumed_bytes);

/*
 * Drops the unfinished message whose first bytes_count bytes frame_next has scanned and not
 * consumed; its rest is dropped as it arrives. False: these are not exactly the scanned bytes.
 */
bool frame_give_up(struct frame_scan *scan, size_t bytes_count);

/* Follows cpu_simd_set_limit: for tests that walk the vector widths in one process. */
void frame_choose_level(void);

#endif
