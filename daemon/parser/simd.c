#include "daemon/parser/simd.h"

#include <errno.h>

#include "daemon/json/text.h"

int simd_grow(struct simd_pass *p)
{
	struct tape_store *store = &p->tape->nodes;

	store->count = (size_t)(p->node - p->nodes);
	if (tape_store_grow(store, (size_t)2 * SIMD_NODES_SLACK, sizeof(struct tape_node)) < 0) {
		p->no_memory = true;
		return -ENOMEM;
	}
	p->nodes = store->ptr;
	p->node = p->nodes + store->count;
	p->limit = p->nodes + store->cap - SIMD_NODES_SLACK;
	return 0;
}

int simd_far_key(struct simd_pass *p, struct span raw, bool is_escaped, uint64_t *key)
{
	struct tape_node node = { 0 };

	if (tape_set_key(p->tape, &node, raw, is_escaped) < 0) {
		p->no_memory = true;
		return -ENOMEM;
	}
	*key = simd_key(node.key_at, node.key_bytes) | (uint64_t)node.flags << 8;
	return 0;
}

/* The length of the escape at p (a backslash), or 0. */
static size_t escape_bytes(const char *p, size_t avail)
{
	static const bool letters[256] = {
		['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true,
		['f'] = true, ['n'] = true,  ['r'] = true, ['t'] = true
	};
	int high, low;

	if (avail < 2)
		return 0;
	if (letters[(unsigned char)p[1]])
		return 2;
	if (p[1] != 'u' || avail < 6)
		return 0;
	high = text_hex4(p + 2);
	if (high < 0 || (high >= 0xdc00 && high < 0xe000))
		return 0;
	if (high < 0xd800 || high >= 0xe000)
		return 6;
	if (avail < 12 || p[6] != '\\' || p[7] != 'u')
		return 0;
	low = text_hex4(p + 8);
	return low >= 0xdc00 && low < 0xe000 ? 12 : 0;
}

bool simd_escapes_are_valid(struct span raw)
{
	const char *p = raw.ptr;
	const char *end = raw.ptr + raw.len;

	for (;;) {
		size_t bytes;

		p = memchr(p, '\\', (size_t)(end - p));
		if (!p)
			return true;
		bytes = escape_bytes(p, (size_t)(end - p));
		if (!bytes)
			return false;
		p += bytes;
	}
}
