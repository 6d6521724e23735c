/*
 * notices.h - what a client is told by the connection and not by an answered request: error objects
 * with a null id, made once, so that they are there when memory is not.
 */
#ifndef DAEMON_SERVER_NOTICES_H
#define DAEMON_SERVER_NOTICES_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"

enum notice {
	NOTICE_CONNECTIONS,  /* too many are open */
	NOTICE_DESCRIPTORS,  /* none is left for a new connection */
	NOTICE_NO_MEMORY,    /* for a new connection */
	NOTICE_NO_WORKER,    /* no memory for a thread that could answer */
	NOTICE_UNKEPT,       /* no memory for the request that has begun */
	NOTICE_SLOW_REQUEST, /* its end did not come in time */
	NOTICE_NO_ROOM,      /* it was not complete, and its connection was needed */
	NOTICE_STOPPING,     /* it was not complete, and the daemon stops */
	NOTICES_COUNT
};

struct notices {
	char text[NOTICES_COUNT][192];
	size_t bytes[NOTICES_COUNT];
};

void notices_init(struct notices *n, size_t connections_max, uint64_t request_read_ns);

/* One line. */
struct span notices_get(const struct notices *n, enum notice which);

/* The code of its error object. */
int notices_code(enum notice which);

#endif
