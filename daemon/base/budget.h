/*
 * budget.h - one bound for the memory that clients make the process hold.
 *
 * Who allocates memory whose size a client decides (blocks of voxels, large buffers of requests and
 * replies, pictures, files being made) takes it from the budget first and gives it back when it is
 * freed. What does not fit is refused like an allocation that fails, so the error paths are the
 * same. Small memory with a bound of its own (connections, pooled buffers) is not counted.
 *
 * Threads: any. Cost: one atomic addition.
 */
#ifndef DAEMON_BASE_BUDGET_H
#define DAEMON_BASE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the memory is for: the rows of `status`. */
enum budget_kind {
	BUDGET_VOXELS,   /* layers, history, selections, clipboards, snapshots */
	BUDGET_REQUESTS, /* read and not answered */
	BUDGET_REPLIES,  /* made and not sent */
	BUDGET_PICTURES, /* being drawn, encoded, cached */
	BUDGET_FILES,    /* being read, written or exported */
	BUDGET_SCRIPTS,
	BUDGET_KINDS
};

extern const char *const budget_names[BUDGET_KINDS]; /* "voxels", ... */

void budget_set_limit(uint64_t bytes); /* 0: none, as at start; may be below what is used */
uint64_t budget_limit(void);

/* False: it would exceed the limit; nothing was taken. */
bool budget_take(enum budget_kind kind, size_t bytes);
void budget_give(enum budget_kind kind, size_t bytes);

uint64_t budget_used(void); /* all kinds */
uint64_t budget_used_of(enum budget_kind kind);
uint64_t budget_refused_count(void); /* takes that failed, since start */

#endif
