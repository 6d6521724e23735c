/*
 * verify.h - checks whether a reply is the right answer to its request.
 *
 * Three depths: none (the id only), fast (error or not, and what the operation expects in the
 * result) and full (the reply is also parsed with an independent JSON library, which must agree).
 * Fast checks one reply in VERIFY_SAMPLE_EVERY in full.
 */
#ifndef LOADGEN_ENGINE_VERIFY_H
#define LOADGEN_ENGINE_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "loadgen/protocol/protocol.h"
#include "loadgen/workload/workload.h"

enum { VERIFY_SAMPLE_EVERY = 1024 };

enum verify_depth { VERIFY_NONE, VERIFY_FAST, VERIFY_FULL, VERIFY_DEPTHS };

/* The name of each depth, then NULL: for options and results. */
extern const char *const verify_names[VERIFY_DEPTHS + 1];

enum verify_verdict {
	VERIFY_OK,
	VERIFY_RPC_ERROR,  /* an error reply where none was expected */
	VERIFY_MISMATCH,   /* a reply, but not what the operation expects */
	VERIFY_UNPARSABLE, /* no JSON-RPC reply */
};

/* One per thread. */
struct verifier {
	enum verify_depth depth;
	uint32_t until_sample; /* replies until the next full check */
	uint64_t full_count;   /* full checks so far */
	/* Where each expectation was found last; the next search starts there. */
	uint32_t hints[WORKLOAD_OPS_MAX][WORKLOAD_EXPECTS_MAX];
};

void verifier_init(struct verifier *v, enum verify_depth depth);

/*
 * Judges a reply to operation op, the op_index-th of its workload (its hints' place). line is the
 * whole reply, which protocol_read_reply took apart into reply.
 */
enum verify_verdict verify_reply(struct verifier *v, const struct workload_op *op, size_t op_index,
				 struct span line, const struct reply *reply);

/*
 * Whether want occurs in text, ignoring blanks outside strings in both. *hint is where to look
 * first; it is set to where want was found.
 */
bool verify_contains(struct span text, struct span want, uint32_t *hint);

#endif
