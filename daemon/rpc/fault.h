/*
 * fault.h - a protocol error, which becomes a JSON-RPC error object and is never logged.
 *
 * Codes -32768..-32000 are those of JSON-RPC 2.0, section 5.1; the -10xx codes are the application
 * codes known to Goxel clients.
 */
#ifndef DAEMON_RPC_FAULT_H
#define DAEMON_RPC_FAULT_H

#include "daemon/rpc/limits.h"

enum rpc_code {
	RPC_PARSE_ERROR = -32700,
	RPC_INVALID_REQUEST = -32600,
	RPC_METHOD_NOT_FOUND = -32601,
	RPC_INVALID_PARAMS = -32602,
	RPC_INTERNAL_ERROR = -32603,
	RPC_SERVER_BUSY = -32000,  /* queue full, too many connections, no memory: try again */
	RPC_STOPPED = -32001,      /* not completed: its time limit passed, or the daemon stops */
	RPC_UNAUTHORIZED = -32002, /* no token, a wrong one, or too many wrong ones */
};

struct rpc_fault {
	int code; /* 0 = none */
	char text[RPC_FAULT_TEXT_MAX];
};

/* Records the failure and returns -EPROTO, so that a method can "return fault_set(...)". */
int fault_set(struct rpc_fault *fault, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
