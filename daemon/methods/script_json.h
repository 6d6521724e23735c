/*
 * script_json.h - is that text one JSON value (RFC 8259) without white space between its tokens?
 *
 * Asked before the text of a process that nobody trusts goes into a reply as it is. A new line in
 * it would end the reply.
 */
#ifndef DAEMON_METHODS_SCRIPT_JSON_H
#define DAEMON_METHODS_SCRIPT_JSON_H

#include <stdbool.h>

#include "daemon/base/span.h"

enum { SCRIPT_JSON_DEPTH_MAX = 1024 }; /* the engine itself writes at most 1000 */

/* False above SCRIPT_JSON_DEPTH_MAX, too; numbers beyond doubles are none. */
bool script_json_is_valid(struct span text);

#endif
