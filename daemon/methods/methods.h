/*
 * methods.h - the one method table: JSON-RPC names, MCP tools, schemas, documentation.
 *
 * Each group of methods is one m_*.c with an entry `const struct method method_NAME` for each; the
 * names stand in rpc/method_names.def, from which table and dispatch are made.
 */
#ifndef DAEMON_METHODS_METHODS_H
#define DAEMON_METHODS_METHODS_H

#include <stddef.h>

#include "daemon/rpc/method.h"

/* Every method, in the order of list_methods: what dispatch_open takes. */
const struct method *const *methods_all(size_t *count);

/*
 * Sorts params into call->args by the method's list, checks types, ranges and required ones, and
 * runs it. call->method, env, reply, params are set by the caller. Returns 0 with one value written
 * to the reply; -EPROTO with call->fault set; or -EAGAIN when the lease has no_wait and the project
 * is locked by another: nothing was done, run the call again where waiting is allowed.
 * The caller says context_done after it and context_leave after a group.
 */
int method_call(struct call *call);

#endif
