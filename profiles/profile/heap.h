/*
 * heap.h - heap profiles: the result of goxel.heap_profile (daemon/telemetry/heap_sampler.h) as
 * stacks, as pprof, and the difference of two.
 */
#ifndef PROFILES_PROFILE_HEAP_H
#define PROFILES_PROFILE_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "profiles/profile/stacks.h"

struct err;
struct symbols;

/* Indexes of the values of a stack, and of the sample types in the pprof file. */
enum heap_value {
	HEAP_ALLOC_OBJECTS, /* cumulative */
	HEAP_ALLOC_SPACE,
	HEAP_INUSE_OBJECTS, /* live */
	HEAP_INUSE_SPACE,
};

struct heap_profile {
	struct stacks stacks;
	uint64_t mean_bytes; /* between samples */
	uint64_t samples_count;
	uint64_t lost_count; /* samples that did not fit the daemon's tables */
	uint64_t allocs_count, frees_count, allocated_bytes; /* exact, since the start */
	uint64_t wall_ns;                                    /* when it was taken */
};

/*
 * Reads a profile and adds its mappings to symbols. -EPROTO names what is wrong.
 * Owns: out; heap_deinit.
 */
int heap_parse(json_t *json, struct symbols *symbols, struct heap_profile *out, struct err *err);
void heap_deinit(struct heap_profile *p);

/*
 * Removes the innermost frames that belong to the counting malloc and the sampler. Call it when all
 * mappings are known.
 */
void heap_trim(struct heap_profile *p, struct symbols *symbols);
bool heap_is_own_frame(const char *function, const char *file);

/* The allocations between two profiles of one process; in-use values are those of the later one. */
int heap_between(const struct heap_profile *before, const struct heap_profile *after,
		 struct heap_profile *out, struct err *err);

int heap_write_pprof(const struct heap_profile *p, struct symbols *symbols, const char *path,
		     struct err *err);

#endif
