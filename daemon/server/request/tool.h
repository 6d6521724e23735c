/*
 * tool.h - the older {"tool":NAME,"arguments":{...}} form: names and replies.
 *
 * Facts of the Goxel daemon, part C. Not the Model Context Protocol.
 */
#ifndef DAEMON_SERVER_REQUEST_TOOL_H
#define DAEMON_SERVER_REQUEST_TOOL_H

#include <stddef.h>

#include "daemon/base/span.h"
#include "daemon/json/outbuf.h"
#include "daemon/json/value.h"

struct rpc_fault;

/* The method of a tool; a name that is not a tool's is taken as a method name. */
struct span tool_method(struct span tool, struct value arguments);

/* Converts the JSON-RPC reply with id null, which starts at `start` in out, to a tool's reply. */
void tool_wrap(struct outbuf *out, size_t start);

void tool_fault(struct outbuf *out, const struct rpc_fault *fault);

#endif
