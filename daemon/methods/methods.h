/*
 * methods.h - the one method table: JSON-RPC names, MCP tools, schemas, documentation.
 *
 * Each group of methods is one m_*.c with an entry `const struct method method_NAME` for each
 * method; the table and the dispatch are generated from the names in rpc/method_names.def.
 */
#ifndef DAEMON_METHODS_METHODS_H
#define DAEMON_METHODS_METHODS_H

#include <stddef.h>

#include "daemon/rpc/method.h"

/* Every method, in the order of list_methods: what dispatch_open takes. */
const struct method *const *methods_all(size_t *count);

/*
 * Sorts params into call->args by the method's list, checks types, ranges and required ones, and
 * runs the method. The caller sets call->method, env, reply and params. Returns 0 with one value
 * written to the reply; -EPROTO with call->fault set; or -EAGAIN when the lease has no_wait and
 * another thread holds the project: nothing was done, run the call again where waiting is allowed.
 * The caller calls context_done afterwards, and context_leave after a group of calls.
 */
int method_call(struct call *call);

#endif
