#include "profiles/stacks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void stacks_deinit(struct stacks *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->items[i].addrs);
	free(s->items);
	free(s->heads);
	memset(s, 0, sizeof(*s));
}

/* FNV-1a (Fowler, Noll, Vo) over words instead of bytes, with a final shift for the low bits. */
static uint64_t hash_of(const char *label, const uint64_t *addrs, size_t depth)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (; *label; label++)
		h = (h ^ (unsigned char)*label) * 0x100000001b3ull;
	for (size_t i = 0; i < depth; i++)
		h = (h ^ addrs[i] ^ addrs[i] >> 29) * 0x100000001b3ull;
	return h ^ h >> 32;
}

static bool is_same(const struct stack *a, uint64_t hash, const char *label, const uint64_t *addrs,
		    size_t depth)
{
	return a->hash == hash && a->depth == depth &&
	       memcmp(a->addrs, addrs, depth * sizeof(*addrs)) == 0 && strcmp(a->label, label) == 0;
}

static int grow_heads(struct stacks *s)
{
	size_t cap = s->heads_cap ? 2 * s->heads_cap : 1024;
	uint32_t *heads = calloc(cap, sizeof(*heads));

	if (!heads)
		return -ENOMEM;
	for (size_t i = 0; i < s->count; i++) {
		size_t at = s->items[i].hash & (cap - 1);

		while (heads[at])
			at = (at + 1) & (cap - 1);
		heads[at] = (uint32_t)(i + 1);
	}
	free(s->heads);
	s->heads = heads;
	s->heads_cap = cap;
	return 0;
}

static struct stack *append(struct stacks *s, const uint64_t *addrs, size_t depth)
{
	struct stack *item;

	if (s->count == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 256;
		struct stack *more = realloc(s->items, cap * sizeof(*more));

		if (!more)
			return NULL;
		s->items = more;
		s->cap = cap;
	}
	item = &s->items[s->count];
	memset(item, 0, sizeof(*item));
	item->addrs = calloc(depth + 1, sizeof(*addrs));
	if (!item->addrs)
		return NULL;
	memcpy(item->addrs, addrs, depth * sizeof(*addrs));
	item->depth = depth;
	s->count++;
	return item;
}

int stacks_add(struct stacks *s, const char *label, const uint64_t *addrs, size_t depth,
	       const double *values)
{
	char name[STACKS_LABEL_MAX];
	struct stack *item = NULL;
	uint64_t hash;
	size_t at;

	snprintf(name, sizeof(name), "%s", label);
	if (depth > STACKS_DEPTH_MAX)
		depth = STACKS_DEPTH_MAX;
	hash = hash_of(name, addrs, depth);
	if (2 * s->count >= s->heads_cap && grow_heads(s) < 0)
		return -ENOMEM;
	for (at = hash & (s->heads_cap - 1); s->heads[at]; at = (at + 1) & (s->heads_cap - 1)) {
		if (is_same(&s->items[s->heads[at] - 1], hash, name, addrs, depth)) {
			item = &s->items[s->heads[at] - 1];
			break;
		}
	}
	if (!item) {
		item = append(s, addrs, depth);
		if (!item)
			return -ENOMEM;
		item->hash = hash;
		memcpy(item->label, name, sizeof(name));
		s->heads[at] = (uint32_t)s->count;
	}
	for (size_t i = 0; i < STACKS_VALUES_MAX; i++)
		item->values[i] += values[i];
	return 0;
}
