/* reply_builders.h - the two builders of daemon/rpc/reply.h; each parser names the one it goes
 * with. */
#ifndef DAEMON_PARSER_REPLY_BUILDERS_H
#define DAEMON_PARSER_REPLY_BUILDERS_H

#include "daemon/rpc/reply.h"

extern const struct reply_ops reply_text_ops; /* writes text as it goes */
extern const struct reply_ops reply_tree_ops; /* cJSON tree, print, copy */

#endif
