#include "daemon/transport/chunk.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { LONG_BYTES = 256 << 10 };

static size_t usable(const struct chunk *ch)
{
	return ch->cap - sizeof(*ch) - TRANSPORT_PADDING_BYTES;
}

/* Moves what is left into a buffer that has min_bytes behind it. */
static int grow(struct chunk **ch, const struct transport_memory *mem, size_t min_bytes)
{
	size_t len = *ch ? (*ch)->end - (*ch)->start : 0;
	/* Doubling keeps appending linear; what is long already is likely to become much longer. */
	size_t more = len < LONG_BYTES ? len : 3 * len;
	size_t want = min_bytes > more ? min_bytes : more;
	struct chunk *bigger;
	size_t cap;

	if (__builtin_add_overflow(want, len + sizeof(*bigger) + TRANSPORT_PADDING_BYTES, &want))
		return -ENOMEM;
	bigger = mem->get(mem->ctx, want, &cap);
	if (!bigger)
		return -ENOMEM;
	bigger->cap = cap;
	bigger->start = 0;
	bigger->end = len;
	if (len)
		memcpy(bigger->bytes, (*ch)->bytes + (*ch)->start, len);
	chunk_drop(ch, mem);
	*ch = bigger;
	return 0;
}

char *chunk_room(struct chunk **ch, const struct transport_memory *mem, size_t min_bytes,
		 size_t *room)
{
	struct chunk *now = *ch;

	if (now && usable(now) - now->end < min_bytes && now->start >= min_bytes &&
	    now->start >= now->end - now->start) {
		/* Moving down is cheaper than what was consumed to make the hole. */
		memmove(now->bytes, now->bytes + now->start, now->end - now->start);
		now->end -= now->start;
		now->start = 0;
	}
	if (!now || usable(now) - now->end < min_bytes) {
		if (grow(ch, mem, min_bytes) < 0)
			return NULL;
		now = *ch;
	}
	*room = usable(now) - now->end;
	return now->bytes + now->end;
}

int chunk_append(struct chunk **ch, const struct transport_memory *mem, struct span bytes)
{
	size_t room;
	char *to;

	if (!bytes.len)
		return 0;
	to = chunk_room(ch, mem, bytes.len, &room);
	if (!to)
		return -ENOMEM;
	memcpy(to, bytes.ptr, bytes.len);
	(*ch)->end += bytes.len;
	return 0;
}

void chunk_consume(struct chunk **ch, const struct transport_memory *mem, size_t bytes)
{
	if (!bytes)
		return;
	assert(*ch);
	assert(bytes <= (*ch)->end - (*ch)->start);
	(*ch)->start += bytes;
	if ((*ch)->start == (*ch)->end)
		chunk_drop(ch, mem);
}

void chunk_drop(struct chunk **ch, const struct transport_memory *mem)
{
	struct chunk *old = *ch;

	*ch = NULL;
	if (old)
		mem->put(mem->ctx, old, old->cap);
}
