/*
 * envelope.h - the rules of a request object, the same for every backend (JSON-RPC 2.0, section 4).
 *
 * An object with the member "tool" and neither "jsonrpc" nor "method" is the older form. Of
 * duplicate members the last one counts.
 */
#ifndef DAEMON_PARSER_ENVELOPE_H
#define DAEMON_PARSER_ENVELOPE_H

#include <stdint.h>

#include "daemon/base/span.h"
#include "daemon/json/value.h"
#include "daemon/rpc/request.h"

/* The members that matter. */
enum envelope_slot {
	ENVELOPE_VERSION,
	ENVELOPE_METHOD,
	ENVELOPE_ID,
	ENVELOPE_PARAMS,
	ENVELOPE_TOOL,
	ENVELOPE_ARGUMENTS,
	ENVELOPE_SLOTS, /* also means: no such member */
};

/* What a backend has found. */
struct envelope {
	uint8_t kinds[ENVELOPE_SLOTS]; /* enum value_kind; VALUE_NONE where absent */
	struct span version;           /* strings, decoded */
	struct span method, tool;
	struct value params, arguments;
};

enum envelope_slot envelope_slot(struct span key);

/* Adds a member; text is its string, if it is one. Inline, since every request uses it. */
static inline void envelope_put(struct envelope *e, enum envelope_slot slot, enum value_kind kind,
				struct span text, struct value value)
{
	e->kinds[slot] = (uint8_t)kind;
	switch (slot) {
	case ENVELOPE_VERSION:
		e->version = text;
		break;
	case ENVELOPE_METHOD:
		e->method = text;
		break;
	case ENVELOPE_TOOL:
		e->tool = text;
		break;
	case ENVELOPE_PARAMS:
		e->params = value;
		break;
	case ENVELOPE_ARGUMENTS:
		e->arguments = value;
		break;
	default: /* the id is kept as text, by the backend */
		break;
	}
}

/*
 * Checks the envelope. Returns 0 or -EPROTO. Fills all of *request except the id, whose text only
 * the backend has: it must fill it in, also after -EPROTO, when envelope_id_is_valid.
 */
int envelope_judge(const struct envelope *e, struct rpc_request *request);

static inline bool envelope_id_is_valid(const struct envelope *e)
{
	enum value_kind kind = (enum value_kind)e->kinds[ENVELOPE_ID];

	return kind == VALUE_INT || kind == VALUE_STRING || kind == VALUE_REAL ||
	       kind == VALUE_NULL;
}

#endif
