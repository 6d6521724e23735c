/* reply_builders.h - the two builders of daemon/rpc/reply.h; each parser names its builder. */
#ifndef DAEMON_PARSER_REPLY_BUILDERS_H
#define DAEMON_PARSER_REPLY_BUILDERS_H

#include "daemon/rpc/reply.h"

extern const struct reply_ops reply_text_ops; /* writes text directly */
extern const struct reply_ops reply_tree_ops; /* cJSON tree, print, copy */

#endif
