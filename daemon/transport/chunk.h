/*
 * chunk.h - a sequence of bytes in a buffer of the buffers axis: appended at the end, consumed at
 * the start. Holds what a connection keeps or has not sent yet; NULL while it is empty.
 *
 * A large one counts in the budget (base/budget.h) of its kind as long as it exists.
 */
#ifndef DAEMON_TRANSPORT_CHUNK_H
#define DAEMON_TRANSPORT_CHUNK_H

#include <stddef.h>

#include "daemon/base/budget.h"
#include "daemon/base/span.h"
#include "daemon/transport/transport.h"

/* Buffers up to this size are pooled, and bounded by the number of connections. */
enum { CHUNK_SMALL_BYTES = 64 * 1024 };

struct chunk {
	size_t cap;   /* of the whole buffer */
	size_t start; /* start of the remaining bytes in bytes[] */
	size_t end;
	size_t counted_bytes; /* in the budget of `kind` */
	enum budget_kind kind;
	char bytes[]; /* TRANSPORT_PADDING_BYTES are kept free after end */
};

static inline struct span chunk_span(const struct chunk *ch)
{
	return ch ? span_of(ch->bytes + ch->start, ch->end - ch->start) : span_of("", 0);
}

/*
 * Makes room for at least min_bytes at the end, or returns NULL (out of memory or of budget; *ch
 * stays). *room is the room available. The caller adds the bytes it used to (*ch)->end.
 */
char *chunk_room(struct chunk **ch, const struct transport_memory *mem, enum budget_kind kind,
		 size_t min_bytes, size_t *room);

/* 0 or -ENOMEM. bytes must not lie in *ch. */
int chunk_append(struct chunk **ch, const struct transport_memory *mem, enum budget_kind kind,
		 struct span bytes);

/* Drops bytes at the start; an emptied chunk is freed. */
void chunk_consume(struct chunk **ch, const struct transport_memory *mem, size_t bytes);
void chunk_drop(struct chunk **ch, const struct transport_memory *mem);

#endif
