/* detect.h - detects requests meant for a web server. */
#ifndef DAEMON_RPC_DETECT_H
#define DAEMON_RPC_DETECT_H

#include <stdbool.h>

#include "daemon/base/span.h"
#include "daemon/json/outbuf.h"

/* Whether a message is the request line of HTTP. */
bool rpc_is_http(struct span text);

/* Writes the whole HTTP answer to it, a 400; close the connection afterwards. */
void rpc_refuse_http(struct outbuf *out);

#endif
