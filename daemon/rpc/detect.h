/* detect.h - requests that are meant for a web server. */
#ifndef DAEMON_RPC_DETECT_H
#define DAEMON_RPC_DETECT_H

#include <stdbool.h>

#include "daemon/base/span.h"
#include "daemon/rpc/outbuf.h"

/* Whether a message is the request line of HTTP. */
bool rpc_is_http(struct span text);

/* The whole HTTP answer to it, a 400; the connection is to be closed after it. */
void rpc_refuse_http(struct outbuf *out);

#endif
