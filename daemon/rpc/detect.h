/*
 * detect.h - which protocol the first bytes of a connection, or of a message, speak.
 */
#ifndef DAEMON_RPC_DETECT_H
#define DAEMON_RPC_DETECT_H

#include "daemon/base/span.h"
#include "daemon/rpc/outbuf.h"

enum detect_protocol {
	DETECT_MORE,    /* too few bytes to say */
	DETECT_JSONRPC, /* also a batch, and an object that says nothing else */
	DETECT_MCP,     /* JSON-RPC with a method that only the Model Context Protocol has */
	DETECT_TOOL,    /* the older {"tool":...} form */
	DETECT_HTTP,    /* a request line */
	DETECT_GARBAGE, /* no JSON array or object: the parser will refuse it */
};

/*
 * Looks at the white space, the bracket and the first few members at most. MCP is only seen where
 * the method comes before the first array or object and is in the bytes given. Cost: under 20 ns.
 */
enum detect_protocol rpc_detect(struct span first);

/*
 * The whole HTTP answer to a DETECT_HTTP: a 400 that says where HTTP is. http_address is
 * "ADDR:PORT" of the HTTP listener, or NULL when there is none. The connection is to be closed
 * after it.
 */
void rpc_refuse_http(struct outbuf *out, const char *http_address);

#endif
