/*
 * request.h - one JSON-RPC request, read from its envelope.
 *
 * All spans and values are valid until the parser's next parse or reset.
 */
#ifndef DAEMON_RPC_REQUEST_H
#define DAEMON_RPC_REQUEST_H

#include <stdbool.h>

#include "daemon/base/span.h"
#include "daemon/json/value.h"

enum request_form {
	REQUEST_JSONRPC,
	REQUEST_TOOL, /* the older {"tool":...,"arguments":{...}} form: facts of the Goxel daemon,
			 part C */
};

struct rpc_request {
	enum request_form form;
	struct span method;  /* decoded */
	struct span id;      /* as JSON text, ready to be echoed; empty = notification */
	struct value params; /* VALUE_ARRAY or VALUE_OBJECT, or VALUE_NONE when absent */
};

#endif
