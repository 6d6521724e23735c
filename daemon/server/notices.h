/*
 * notices.h - messages to a client about its connection instead of a request: error objects with a
 * null id, created at start, so that they are available when memory is out.
 */
#ifndef DAEMON_SERVER_NOTICES_H
#define DAEMON_SERVER_NOTICES_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/base/span.h"

enum notice {
	NOTICE_CONNECTIONS,  /* too many connections are open */
	NOTICE_DESCRIPTORS,  /* no descriptor is left for a new connection */
	NOTICE_NO_MEMORY,    /* for a new connection */
	NOTICE_NO_WORKER,    /* no memory for a thread to answer it */
	NOTICE_UNKEPT,       /* no memory for the rest of the request */
	NOTICE_SLOW_REQUEST, /* the request was not completed in time */
	NOTICE_NO_ROOM, /* the request was not complete, and room for a new connection was needed */
	NOTICE_STOPPING, /* the request was not complete, and the daemon stops */
	NOTICES_COUNT
};

struct notices {
	char text[NOTICES_COUNT][192];
	size_t bytes[NOTICES_COUNT];
};

void notices_init(struct notices *n, size_t connections_max, uint64_t request_read_ns);

/* The message as one line. */
struct span notices_get(const struct notices *n, enum notice which);

/* The code of its error object. */
int notices_code(enum notice which);

#endif
