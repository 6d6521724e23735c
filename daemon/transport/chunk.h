/*
 * chunk.h - a run of bytes in a buffer of the buffers axis: appended at the end, consumed at the
 * start. What a connection keeps or has not sent yet; absent (NULL) while there is nothing.
 */
#ifndef DAEMON_TRANSPORT_CHUNK_H
#define DAEMON_TRANSPORT_CHUNK_H

#include <stddef.h>

#include "daemon/base/span.h"
#include "daemon/transport/transport.h"

struct chunk {
	size_t cap;   /* of the whole buffer */
	size_t start; /* of what is left, in bytes[] */
	size_t end;
	char bytes[]; /* TRANSPORT_PADDING_BYTES are kept free behind end */
};

static inline struct span chunk_span(const struct chunk *ch)
{
	return ch ? span_of(ch->bytes + ch->start, ch->end - ch->start) : span_of("", 0);
}

/*
 * Room for at least min_bytes at the end, or NULL (out of memory; *ch stays). *room is what there
 * is. The caller adds what it used to (*ch)->end.
 */
char *chunk_room(struct chunk **ch, const struct transport_memory *mem, size_t min_bytes,
		 size_t *room);

/* 0 or -ENOMEM. bytes may not lie in *ch. */
int chunk_append(struct chunk **ch, const struct transport_memory *mem, struct span bytes);

/* Drops bytes at the start; the emptied chunk is given back. */
void chunk_consume(struct chunk **ch, const struct transport_memory *mem, size_t bytes);
void chunk_drop(struct chunk **ch, const struct transport_memory *mem);

#endif
