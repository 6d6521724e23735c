#include "daemon/server/notices.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "daemon/base/clock.h"
#include "daemon/rpc/fault.h"

int notices_code(enum notice which)
{
	return which == NOTICE_SLOW_REQUEST || which == NOTICE_STOPPING ? RPC_STOPPED
									: RPC_SERVER_BUSY;
}

static void put(struct notices *n, enum notice which, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void put(struct notices *n, enum notice which, const char *fmt, ...)
{
	char message[128];
	va_list args;
	int len;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	len = snprintf(n->text[which], sizeof(n->text[which]),
		       "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":%d,\"message\":\"%s\"},"
		       "\"id\":null}\n",
		       notices_code(which), message);
	assert(len > 0);
	assert((size_t)len < sizeof(n->text[which]));
	n->bytes[which] = (size_t)len;
}

void notices_init(struct notices *n, size_t connections_max, uint64_t request_read_ns)
{
	put(n, NOTICE_CONNECTIONS, "Server busy: %zu connections are open, no more are served",
	    connections_max);
	put(n, NOTICE_DESCRIPTORS, "Server busy: no descriptor is left for a connection");
	put(n, NOTICE_NO_MEMORY, "Server busy: out of memory for a connection");
	put(n, NOTICE_NO_WORKER, "Server busy: out of memory for a worker");
	put(n, NOTICE_UNKEPT, "Server busy: out of memory for the request, or at the limit of it");
	put(n, NOTICE_SLOW_REQUEST, "Stopped: the request was not complete after %.3g s",
	    (double)request_read_ns / (double)NSEC_PER_SEC);
	put(n, NOTICE_NO_ROOM,
	    "Server busy: the request was not complete when a new connection "
	    "needed the place");
	put(n, NOTICE_STOPPING, "Stopped: the request was not complete when the daemon stopped");
}

struct span notices_get(const struct notices *n, enum notice which)
{
	return span_of(n->text[which], n->bytes[which]);
}
