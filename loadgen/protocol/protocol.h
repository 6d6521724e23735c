/*
 * protocol.h - reads JSON-RPC 2.0 replies: the kind of reply, and the request it belongs to.
 *
 * It is neither a JSON parser nor the daemon's: it splits the members of the reply (jsonrpc,
 * result, error, id) and skips their values by strings and brackets. verify.h checks with an
 * independent library whether a whole reply is JSON. A reply is one line.
 */
#ifndef LOADGEN_PROTOCOL_PROTOCOL_H
#define LOADGEN_PROTOCOL_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/span.h"

enum { PROTOCOL_DEPTH_MAX = 10000 };

struct reply {
	bool is_error;
	bool has_id;        /* a whole number; false for null, texts and fractions */
	int64_t id;         /* valid when has_id */
	int64_t error_code; /* valid when is_error */
	struct span body;   /* text of result, or of the error object; valid as long as the line */
};

/*
 * Reads one reply; line comes without its newline.
 * Returns 0, or -EPROTO when it is no JSON-RPC 2.0 reply.
 * Cost: constant for the usual compact form with an eight-digit id at the end, else one pass.
 */
int protocol_read_reply(struct span line, struct reply *out);

/* The same by the general path only; the tests compare the fast path with it. */
int protocol_scan_reply(struct span line, struct reply *out);

#endif
