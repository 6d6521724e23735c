#include "profiles/profile/intern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/hash.h"

void intern_deinit(struct intern *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->keys[i].bytes);
	free(t->keys);
	free(t->heads);
	memset(t, 0, sizeof(*t));
}

/* The high half is folded in for the low bits, which index. */
static uint64_t hash_of(const void *bytes, size_t len)
{
	uint64_t h = hash_bytes(span_of(bytes, len));

	return h ^ h >> 32;
}

static int grow_heads(struct intern *t)
{
	size_t cap = t->heads_cap ? 2 * t->heads_cap : 256;
	uint32_t *heads = calloc(cap, sizeof(*heads));

	if (!heads)
		return -ENOMEM;
	for (size_t i = 0; i < t->count; i++) {
		size_t at = t->keys[i].hash & (cap - 1);

		while (heads[at])
			at = (at + 1) & (cap - 1);
		heads[at] = (uint32_t)(i + 1);
	}
	free(t->heads);
	t->heads = heads;
	t->heads_cap = cap;
	return 0;
}

static int append(struct intern *t, uint64_t hash, const void *bytes, size_t len)
{
	struct intern_key *key;

	if (t->count == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 128;
		struct intern_key *more = realloc(t->keys, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		t->keys = more;
		t->cap = cap;
	}
	key = &t->keys[t->count];
	*key = (struct intern_key){ .hash = hash, .bytes = malloc(len + 1), .len = len };
	if (!key->bytes)
		return -ENOMEM;
	memcpy(key->bytes, bytes, len);
	key->bytes[len] = '\0';
	t->count++;
	return 0;
}

int64_t intern_add(struct intern *t, const void *bytes, size_t len)
{
	uint64_t hash = hash_of(bytes, len);
	size_t at;

	if (2 * t->count >= t->heads_cap && grow_heads(t) < 0)
		return -ENOMEM;
	for (at = hash & (t->heads_cap - 1); t->heads[at]; at = (at + 1) & (t->heads_cap - 1)) {
		const struct intern_key *key = &t->keys[t->heads[at] - 1];

		if (key->hash == hash && key->len == len && memcmp(key->bytes, bytes, len) == 0)
			return (int64_t)t->heads[at] - 1;
	}
	if (append(t, hash, bytes, len) < 0)
		return -ENOMEM;
	t->heads[at] = (uint32_t)t->count;
	return (int64_t)t->count - 1;
}

int64_t intern_text(struct intern *t, const char *text)
{
	return intern_add(t, text ? text : "", text ? strlen(text) : 0);
}
