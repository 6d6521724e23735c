/*
 * methods.h - the one method table: JSON-RPC names, MCP tools, schemas, documentation.
 *
 * Each group of methods is one m_*.c with its own array; methods.c lists the groups.
 */
#ifndef DAEMON_METHODS_METHODS_H
#define DAEMON_METHODS_METHODS_H

#include <stddef.h>

#include "daemon/rpc/method.h"

enum { METHODS_MAX = 256 };

/*
 * Every method, in the order of list_methods. The array is made once (any thread) and stays; it is
 * what dispatch_open takes.
 */
const struct method *const *methods_all(size_t *count);

/*
 * Sorts params into call->args by the method's list, checks types, ranges and required ones, and
 * runs it. call->method, env, reply, params are set by the caller. Returns 0 with one value written
 * to the reply, or -EPROTO with call->fault set.
 * The caller says context_done after it and context_leave after a group.
 */
int method_call(struct call *call);

#endif
