/*
 * budget.h - a limit for the memory that clients cause the process to hold.
 *
 * Code that allocates memory whose size a client decides (blocks of voxels, large buffers of
 * requests and replies, pictures, files being written) takes it from the budget first and gives it
 * back when it is freed. A take that does not fit is refused like a failed allocation, so the error
 * paths are the same; budget_why gives the message. Before a take is refused, memory that can be
 * rebuilt is dropped (budget_set_cache), then memory that the thread's own work can do without
 * (budget_set_spare). Small memory with its own bound (connections, pooled buffers) is not counted.
 *
 * Threads: any. Cost of a take: two atomic operations.
 */
#ifndef DAEMON_BASE_BUDGET_H
#define DAEMON_BASE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the memory is for: the rows of `status`. */
enum budget_kind {
	BUDGET_VOXELS,   /* layers, history, selections, clipboards, snapshots; see below */
	BUDGET_KEPT,     /* freed blocks kept for reuse */
	BUDGET_WORK,     /* lists and tables of a request in progress */
	BUDGET_REQUESTS, /* read and not answered */
	BUDGET_REPLIES,  /* written and not sent */
	BUDGET_PICTURES, /* being drawn, encoded, cached */
	BUDGET_FILES,    /* being read, written or exported */
	BUDGET_SCRIPTS,
	BUDGET_KINDS
};

/*
 * Voxels stay until a client removes them; all other memory is freed when its request ends. So
 * voxels may not use the last eighth of the limit: reading, drawing and saving still work when
 * projects fill the memory.
 */
enum { BUDGET_VOXELS_SPARE = 8 };

enum { BUDGET_LARGE_BYTES = 128 << 10 };

extern const char *const budget_names[BUDGET_KINDS]; /* "voxels", ... */

void budget_set_limit(uint64_t bytes); /* 0: no limit (the default); may be below the current use */
uint64_t budget_limit(void);

/* False: it would exceed the limit; nothing was taken. */
bool budget_take(enum budget_kind kind, size_t bytes);
void budget_give(enum budget_kind kind, size_t bytes);
/* Moves memory that was taken to another kind. */
void budget_move(enum budget_kind from, enum budget_kind to, size_t bytes);

/*
 * malloc, calloc, realloc and free of counted memory. NULL: refused, or no memory. The memory is
 * not malloc's: only budget_free and budget_realloc accept it. A realloc keeps its kind. From
 * BUDGET_LARGE_BYTES on it is mapped, so that it returns to the system when freed and is not copied
 * when it grows.
 */
void *budget_malloc(enum budget_kind kind, size_t bytes);
void *budget_calloc(enum budget_kind kind, size_t count, size_t bytes);
void *budget_realloc(enum budget_kind kind, void *ptr, size_t bytes);
void budget_free(void *ptr); /* NULL is fine */

/*
 * Frees memory, about `bytes` of it, by budget_give or functions that call it. Called without locks
 * of the budget, by a thread that may hold any other lock: it must not wait for one, and must not
 * take from the budget. Returns whether it freed any.
 */
typedef bool(budget_drop)(void *ctx, size_t bytes);

/* Memory that the process can do without, in the order in which it is dropped. */
enum budget_cache {
	BUDGET_CACHE_BLOCKS,   /* BUDGET_KEPT */
	BUDGET_CACHE_PICTURES, /* the picture cache */
	BUDGET_CACHES
};

/* NULL removes it; no other thread may take at that time. */
void budget_set_cache(enum budget_cache which, budget_drop *drop, void *ctx);
/* For this thread, one at a time; NULL removes it. Called when the caches have nothing more. */
void budget_set_spare(budget_drop *drop, void *ctx);

/*
 * Between the two, takes of this thread are never refused: for restoring a previous state, which
 * must not fail. May be nested.
 */
void budget_begin_restore(void);
void budget_end_restore(void);

/*
 * Between the two, takes of this thread for voxels may use the last eighth as well: they belong to
 * a request that only reads. May be nested.
 */
void budget_begin_reading(void);
void budget_end_reading(void);

uint64_t budget_used(void); /* all kinds */
uint64_t budget_used_of(enum budget_kind kind);
uint64_t budget_refused_count(void); /* takes that failed, since start */
/* Bytes freed since the start, counting pieces of 64 KiB and more: malloc may still hold them. */
uint64_t budget_freed_bytes(void);

/*
 * The message for -ENOMEM: "out of memory", and, when something was refused recently, that the
 * limit is the reason. Valid until the thread's next call.
 */
const char *budget_why(void);

#endif
