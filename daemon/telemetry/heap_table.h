/*
 * heap_table.h - the two tables of the heap sampler: stacks with their sums, and live samples.
 *
 * Both are mapped completely at the start and touched as they fill, so nothing here calls malloc,
 * and a daemon with few stacks uses few pages. Not locked: the sampler's lock guards every call.
 */
#ifndef DAEMON_TELEMETRY_HEAP_TABLE_H
#define DAEMON_TELEMETRY_HEAP_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/telemetry/heap_sampler.h"

struct heap_weight {
	double objects; /* how many allocations a sample stands for */
	double bytes;
};

struct heap_stack {
	uintptr_t pcs[HEAP_SAMPLER_DEPTH_MAX]; /* return addresses, innermost first */
	uint32_t depth;
	uint32_t next; /* of the same hash, index + 1; 0 = none */
	uint64_t hash;
	struct heap_weight allocs; /* cumulative */
	struct heap_weight inuse;
};

struct heap_live {
	uintptr_t block;
	uint32_t stack; /* index */
	uint32_t next;  /* of the same hash or in the free list, index + 1 */
	struct heap_weight weight;
};

struct heap_table {
	struct heap_stack *stacks; /* [HEAP_SAMPLER_STACKS_MAX] */
	struct heap_live *live;    /* [HEAP_SAMPLER_LIVE_MAX] */
	uint32_t *stack_heads;     /* index + 1 of the first of a hash */
	uint32_t *live_heads;
	uint32_t stacks_count;
	uint32_t live_count; /* used so far: entries below it may be in the free list */
	uint32_t live_free;
	uint64_t samples_count;
	uint64_t lost_stacks_count; /* samples whose stack had no room */
	uint64_t lost_live_count;   /* samples counted as cumulative only */
};

/* -ENOMEM. There is no deinit: the sampler lives as long as the process. */
int heap_table_init(struct heap_table *t);

/* Adds a sample and follows its block until heap_table_free. */
void heap_table_add(struct heap_table *t, const uintptr_t *pcs, uint32_t depth, uintptr_t block,
		    struct heap_weight weight);

/* Returns true when block was a live sample, which ends. */
bool heap_table_free(struct heap_table *t, uintptr_t block);

#endif
