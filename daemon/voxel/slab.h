/*
 * slab.h - private to daemon/voxel: memory for blocks, in slabs of 2 MiB that are mapped from the
 * system and returned to it. Places are taken from the budget (base/budget.h).
 *
 * A returned place is kept for the next take. Kept places go back to the system on request
 * (slab_trim), when the budget is short, and, by slab_rest, when they were not used for a while. A
 * slab without places in use is unmapped; in other slabs, the pages of the free places are given
 * back.
 * Why not malloc: its arenas mix places of 16 KiB of several projects, and gigabytes of them stay
 * with the process after the last one was freed.
 *
 * Threads: any. One lock, held for a few instructions; the system is called without it.
 */
#ifndef DAEMON_VOXEL_SLAB_H
#define DAEMON_VOXEL_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SLAB_BYTES = 2 << 20 };

struct slab_usage {
	uint64_t taken_count;
	uint64_t kept_count; /* free and still in memory */
	uint64_t slabs_count;
};

/* A place for a struct block; NULL when out of memory or of budget. *is_zero: its bytes are all
 * zero. */
void *slab_take(bool *is_zero);
void slab_put(void *place);

/* Gives back kept places until kept_max are left. Returns how many it gave back. */
size_t slab_trim(uint64_t kept_max);

/* Call at intervals: gives back the places not used since the last call, except BLOCK_POOL_MIN.
 * Returns whether the next call may find something to give back. */
bool slab_rest(void);

void slab_usage(struct slab_usage *out);

#endif
