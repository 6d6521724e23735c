#include "daemon/transport/chunk.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { LONG_BYTES = 256 << 10, HUGE_BYTES = 8 << 20 };

/* How much more than the current length to ask for. Doubling keeps appending linear; a long chunk
 * is likely to become much longer; a huge one is not asked for in vain. */
static size_t more_than(size_t len)
{
	if (len < LONG_BYTES || len > HUGE_BYTES)
		return len;
	return 3 * len < HUGE_BYTES ? 3 * len : HUGE_BYTES;
}

static size_t usable(const struct chunk *ch)
{
	return ch->cap - sizeof(*ch) - TRANSPORT_PADDING_BYTES;
}

/* Returns a buffer with room for that many bytes, or NULL. */
static struct chunk *get(const struct transport_memory *mem, enum budget_kind kind, size_t bytes)
{
	size_t counted_bytes = bytes > CHUNK_SMALL_BYTES ? bytes : 0;
	struct chunk *ch;
	size_t cap;

	if (counted_bytes && !budget_take(kind, counted_bytes))
		return NULL;
	ch = mem->get(mem->ctx, bytes, &cap);
	if (!ch) {
		if (counted_bytes)
			budget_give(kind, counted_bytes);
		return NULL;
	}
	ch->cap = cap;
	ch->counted_bytes = counted_bytes;
	ch->kind = kind;
	/* cppcheck-suppress returnDanglingLifetime ; false: it takes cap for what get returns */
	return ch;
}

/* Moves the remaining bytes into a buffer with min_bytes of room after them. */
static int grow(struct chunk **ch, const struct transport_memory *mem, enum budget_kind kind,
		size_t min_bytes)
{
	size_t len = *ch ? (*ch)->end - (*ch)->start : 0;
	size_t head = len + sizeof(struct chunk) + TRANSPORT_PADDING_BYTES;
	/* Near the limit of the budget a smaller step is tried, but not so small that copying
	 * dominates. */
	size_t wishes[] = { more_than(len), len / 4 };
	struct chunk *bigger = NULL;

	for (size_t i = 0; i < 2 && !bigger; i++) {
		size_t more = wishes[i] > min_bytes ? wishes[i] : min_bytes;

		if (!__builtin_add_overflow(more, head, &more))
			bigger = get(mem, kind, more);
	}
	if (!bigger)
		return -ENOMEM;
	bigger->start = 0;
	bigger->end = len;
	if (len)
		memcpy(bigger->bytes, (*ch)->bytes + (*ch)->start, len);
	chunk_drop(ch, mem);
	*ch = bigger;
	return 0;
}

char *chunk_room(struct chunk **ch, const struct transport_memory *mem, enum budget_kind kind,
		 size_t min_bytes, size_t *room)
{
	struct chunk *now = *ch;

	if (now && usable(now) - now->end < min_bytes && now->start >= min_bytes &&
	    now->start >= now->end - now->start) {
		/* Moving the bytes down costs less than reading the consumed ones did. */
		memmove(now->bytes, now->bytes + now->start, now->end - now->start);
		now->end -= now->start;
		now->start = 0;
	}
	if (!now || usable(now) - now->end < min_bytes) {
		if (grow(ch, mem, kind, min_bytes) < 0)
			return NULL;
		now = *ch;
	}
	*room = usable(now) - now->end;
	return now->bytes + now->end;
}

int chunk_append(struct chunk **ch, const struct transport_memory *mem, enum budget_kind kind,
		 struct span bytes)
{
	size_t room;
	char *to;

	if (!bytes.len)
		return 0;
	to = chunk_room(ch, mem, kind, bytes.len, &room);
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
	if (!old)
		return;
	if (old->counted_bytes)
		budget_give(old->kind, old->counted_bytes);
	mem->put(mem->ctx, old, old->cap);
}
