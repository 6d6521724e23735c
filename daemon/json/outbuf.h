/*
 * outbuf.h - the output of reply text: a growing buffer whose memory comes from the buffers axis.
 *
 * As in a strbuf, a failure to grow is noted in `failed` and checked once at the end.
 */
#ifndef DAEMON_JSON_OUTBUF_H
#define DAEMON_JSON_OUTBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "daemon/base/span.h"

struct outbuf {
	char *ptr;
	size_t len;
	size_t cap;
	bool failed;
	/* Makes cap at least `need` and keeps len bytes. Returns 0 or -ENOMEM. */
	int (*grow)(struct outbuf *out, size_t need);
	void *owner; /* of grow */
};

/* Room for extra bytes at ptr + len, or NULL. The caller adds the bytes it used to len. */
static inline char *outbuf_room(struct outbuf *out, size_t extra)
{
	if (__builtin_expect(out->cap - out->len < extra, 0)) {
		if (out->failed || out->grow(out, out->len + extra) < 0) {
			out->failed = true;
			return NULL;
		}
	}
	return out->ptr + out->len;
}

static inline void outbuf_add(struct outbuf *out, const void *bytes, size_t len)
{
	char *to = outbuf_room(out, len);

	if (!to)
		return;
	memcpy(to, bytes, len);
	out->len += len;
}

/* A grow function over malloc/realloc, for tests and tools; free out->ptr yourself. */
int outbuf_grow_malloc(struct outbuf *out, size_t need);

#endif
