/*
 * frame.h - cuts a byte stream into messages.
 *
 * A message is one JSON array or object, ended by its balancing bracket; a newline is not needed
 * and pretty-printed text is fine (facts: Goxel daemon, A.1). White space between messages is
 * skipped. Anything else up to a newline is a message too: garbage that the parser will refuse, so
 * that each fault gets its answer and the connection lives on. A raw newline inside a string also
 * ends a (faulty) message: JSON forbids it there, and the stream comes back into step.
 * The scanner is resumable: bytes already looked at are not looked at again.
 */
#ifndef DAEMON_RPC_FRAME_H
#define DAEMON_RPC_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"

/* A zeroed scanner is at the start of a message. 16 bytes: it lives in the connection's cache line.
 */
struct frame_scan {
	uint32_t scanned_bytes; /* of the unfinished message, from its first byte */
	uint32_t depth;
	uint8_t state;    /* private */
	uint8_t skipping; /* an over-long message is being thrown away */
};

enum frame_result {
	FRAME_MORE,     /* no whole message yet */
	FRAME_MESSAGE,  /* *message is one */
	FRAME_TOO_LONG, /* the message goes over max_bytes: reported once, its rest is swallowed as
			   it comes */
};

/*
 * Looks at data, whose first byte is where the last call left off consuming. *consumed_bytes may be
 * given back to the stream: white space, whole messages, swallowed bytes; never part of an
 * unfinished message.
 */
enum frame_result frame_next(struct frame_scan *scan, struct span data, size_t max_bytes,
			     struct span *message, size_t *consumed_bytes);

/*
 * Gives up the unfinished message whose beginning are the bytes_count bytes that frame_next has
 * looked at and not consumed: its rest is swallowed as it comes. False: they are not just that.
 */
bool frame_give_up(struct frame_scan *scan, size_t bytes_count);

/* Follows cpu_simd_set_limit: for tests that walk the vector widths in one process. */
void frame_choose_level(void);

#endif
