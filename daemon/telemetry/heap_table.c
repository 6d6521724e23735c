#include "daemon/telemetry/heap_table.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "daemon/base/hash.h"

enum {
	STACK_HEADS_COUNT = 2 * HEAP_SAMPLER_STACKS_MAX,
	LIVE_HEADS_COUNT = HEAP_SAMPLER_LIVE_MAX / 4,
};

static void *map_zeroed(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int heap_table_init(struct heap_table *t)
{
	memset(t, 0, sizeof(*t));
	t->stacks = map_zeroed(HEAP_SAMPLER_STACKS_MAX * sizeof(*t->stacks));
	t->live = map_zeroed(HEAP_SAMPLER_LIVE_MAX * sizeof(*t->live));
	t->stack_heads = map_zeroed(STACK_HEADS_COUNT * sizeof(*t->stack_heads));
	t->live_heads = map_zeroed(LIVE_HEADS_COUNT * sizeof(*t->live_heads));
	return t->stacks && t->live && t->stack_heads && t->live_heads ? 0 : -ENOMEM;
}

static uint64_t hash_stack(const uintptr_t *pcs, uint32_t depth)
{
	uint64_t h = depth;

	for (uint32_t i = 0; i < depth; i++)
		h = hash_mix(h ^ pcs[i]);
	return h;
}

/* Index + 1 of the stack, added when it is new; 0 when the table is full. */
static uint32_t find_stack(struct heap_table *t, const uintptr_t *pcs, uint32_t depth)
{
	uint64_t hash = hash_stack(pcs, depth);
	uint32_t *head = &t->stack_heads[hash % STACK_HEADS_COUNT];
	struct heap_stack *s;

	for (uint32_t at = *head; at; at = s->next) {
		s = &t->stacks[at - 1];
		if (s->hash == hash && s->depth == depth &&
		    memcmp(s->pcs, pcs, depth * sizeof(*pcs)) == 0)
			return at;
	}
	if (t->stacks_count == HEAP_SAMPLER_STACKS_MAX)
		return 0;
	s = &t->stacks[t->stacks_count++];
	memcpy(s->pcs, pcs, depth * sizeof(*pcs));
	s->depth = depth;
	s->hash = hash;
	s->next = *head;
	*head = t->stacks_count;
	return *head;
}

/* Index + 1 of an unused live entry; 0 when all are in use. */
static uint32_t take_live(struct heap_table *t)
{
	uint32_t at = t->live_free;

	if (at) {
		t->live_free = t->live[at - 1].next;
		return at;
	}
	return t->live_count < HEAP_SAMPLER_LIVE_MAX ? ++t->live_count : 0;
}

void heap_table_add(struct heap_table *t, const uintptr_t *pcs, uint32_t depth, uintptr_t block,
		    struct heap_weight weight)
{
	uint32_t stack = find_stack(t, pcs, depth);
	uint32_t *head = &t->live_heads[hash_mix(block) % LIVE_HEADS_COUNT];
	struct heap_stack *s;
	uint32_t at;

	t->samples_count++;
	if (!stack) {
		t->lost_stacks_count++;
		return;
	}
	s = &t->stacks[stack - 1];
	s->allocs.objects += weight.objects;
	s->allocs.bytes += weight.bytes;
	at = take_live(t);
	if (!at) {
		t->lost_live_count++;
		return;
	}
	t->live[at - 1] = (struct heap_live){ block, stack - 1, *head, weight };
	*head = at;
	s->inuse.objects += weight.objects;
	s->inuse.bytes += weight.bytes;
}

bool heap_table_free(struct heap_table *t, uintptr_t block)
{
	uint32_t *link = &t->live_heads[hash_mix(block) % LIVE_HEADS_COUNT];

	while (*link) {
		uint32_t at = *link;
		struct heap_live *l = &t->live[at - 1];

		if (l->block == block) {
			struct heap_stack *s = &t->stacks[l->stack];

			s->inuse.objects -= l->weight.objects;
			s->inuse.bytes -= l->weight.bytes;
			*link = l->next;
			l->next = t->live_free;
			t->live_free = at;
			return true;
		}
		link = &l->next;
	}
	return false;
}
