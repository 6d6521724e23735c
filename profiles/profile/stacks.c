#include "profiles/profile/stacks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void stacks_deinit(struct stacks *s)
{
	intern_deinit(&s->keys);
	free(s->items);
	memset(s, 0, sizeof(*s));
}

static int reserve_one(struct stacks *s)
{
	size_t cap = s->cap ? 2 * s->cap : 256;
	struct stack *more;

	if (s->count < s->cap)
		return 0;
	more = realloc(s->items, cap * sizeof(*more));
	if (!more)
		return -ENOMEM;
	s->items = more;
	s->cap = cap;
	return 0;
}

/* The item of these addresses and this label, a new one if need be; NULL: out of memory. */
static struct stack *item_of(struct stacks *s, const char *label, const uint64_t *addrs,
			     size_t depth)
{
	/* The addresses, then the label and zeros: as one key they have no other reading. */
	struct {
		uint64_t addrs[STACKS_DEPTH_MAX];
		char label[STACKS_LABEL_MAX];
	} room = { 0 };
	size_t addrs_bytes = depth * sizeof(*addrs);
	char *label_at = (char *)&room + addrs_bytes;
	int64_t index;

	if (depth)
		memcpy(room.addrs, addrs, addrs_bytes);
	snprintf(label_at, STACKS_LABEL_MAX, "%s", label);
	if (reserve_one(s) < 0)
		return NULL;
	index = intern_add(&s->keys, &room, addrs_bytes + STACKS_LABEL_MAX);
	if (index < 0)
		return NULL;
	if ((size_t)index == s->count) {
		const char *key = s->keys.keys[index].bytes;

		s->items[s->count++] = (struct stack){
			.label = key + addrs_bytes,
			.depth = depth,
			.addrs = (const uint64_t *)(const void *)key,
		};
	}
	return &s->items[index];
}

int stacks_add(struct stacks *s, const char *label, const uint64_t *addrs, size_t depth,
	       const double *values)
{
	struct stack *item;

	item = item_of(s, label, addrs, depth < STACKS_DEPTH_MAX ? depth : STACKS_DEPTH_MAX);
	if (!item)
		return -ENOMEM;
	for (size_t i = 0; i < STACKS_VALUES_MAX; i++)
		item->values[i] += values[i];
	return 0;
}
