/*
 * script_json.h - checks that a text is one JSON value (RFC 8259) without white space
 *
 * Used before text of an untrusted process is copied into a reply. A new line in it would end the
 * reply.
 */
#ifndef DAEMON_METHODS_SCRIPT_SCRIPT_JSON_H
#define DAEMON_METHODS_SCRIPT_SCRIPT_JSON_H

#include <stdbool.h>

#include "daemon/base/span.h"

enum { SCRIPT_JSON_DEPTH_MAX = 1024 }; /* the engine itself writes at most 1000 */

/* False also above SCRIPT_JSON_DEPTH_MAX and for numbers beyond doubles. */
bool script_json_is_valid(struct span text);

#endif
