/*
 * slab.h - private to daemon/voxel: places for blocks, in slabs of 2 MiB that are mapped from the
 * system and go back to it. Places are taken from the budget (base/budget.h).
 *
 * A place that is put is kept for the next take. Kept places go back when somebody says so
 * (slab_trim), when the budget is short, and, by slab_rest, when nobody needed them for a while. A
 * slab without places in use is unmapped; of a slab with some, the pages of the free places are
 * given up.
 * Why not malloc: places of 16 KiB of several projects lie between each other in its arenas, and
 * gigabytes of them stay with the process after the last one was freed.
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

/* A place for a struct block; NULL when out of memory or of budget. *is_zero: all of it is zero. */
void *slab_take(bool *is_zero);
void slab_put(void *place);

/* Gives back kept places until that many are left. Returns how many it gave back. */
size_t slab_trim(uint64_t kept_max);

/* Called from time to time: gives back what nobody needed since the last call, all but
 * BLOCK_POOL_MIN. Returns whether there may be something to give back by the next one. */
bool slab_rest(void);

void slab_usage(struct slab_usage *out);

#endif
