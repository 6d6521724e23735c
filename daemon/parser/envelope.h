/*
 * envelope.h - the rules of a request object, the same for every backend (JSON-RPC 2.0, section 4).
 *
 * An object with the member "tool" and neither "jsonrpc" nor "method" is the older form. Of members
 * that stand twice the last counts.
 */
#ifndef DAEMON_PARSER_ENVELOPE_H
#define DAEMON_PARSER_ENVELOPE_H

#include "daemon/rpc/request.h"
#include "daemon/rpc/value.h"

/* The members that matter; VALUE_NONE where absent. */
struct envelope {
	struct value version, method, id, params, tool, arguments;
};

/* Finds them in an object; all are absent in anything else. */
void envelope_find(struct value object, struct envelope *out);

/*
 * Judges them. Returns 0 or -EPROTO. Fills all of *request but its id, which only the backend has
 * as text; envelope_id_is_valid says whether there is one to fill in.
 */
int envelope_judge(const struct envelope *e, struct rpc_request *request);

static inline bool envelope_id_is_valid(const struct envelope *e)
{
	enum value_kind kind = value_kind(e->id);

	return kind == VALUE_STRING || kind == VALUE_INT || kind == VALUE_REAL ||
	       kind == VALUE_NULL;
}

#endif
