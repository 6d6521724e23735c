/*
 * budget.h - one bound for the memory that clients make the process hold.
 *
 * Who allocates memory whose size a client decides (blocks of voxels, large buffers of requests and
 * replies, pictures, files being made) takes it from the budget first and gives it back when it is
 * freed. What does not fit is refused like an allocation that fails, so the error paths are the
 * same; budget_why gives the words. Before a take is refused, what can be made again is dropped
 * (budget_set_cache), and then what the thread's own work can do without (budget_set_spare).
 * Small memory with a bound of its own (connections, pooled buffers) is not counted.
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
	BUDGET_KEPT,     /* of blocks that were freed, for the next ones */
	BUDGET_WORK,     /* lists and tables of one request under way */
	BUDGET_REQUESTS, /* read and not answered */
	BUDGET_REPLIES,  /* made and not sent */
	BUDGET_PICTURES, /* being drawn, encoded, cached */
	BUDGET_FILES,    /* being read, written or exported */
	BUDGET_SCRIPTS,
	BUDGET_KINDS
};

/*
 * Voxels stay until a client removes them, all else goes when its request ends. So voxels may not
 * take the last eighth of the limit: where projects fill the memory, reading, drawing and saving
 * still work.
 */
enum { BUDGET_VOXELS_SPARE = 8 };

enum { BUDGET_LARGE_BYTES = 128 << 10 };

extern const char *const budget_names[BUDGET_KINDS]; /* "voxels", ... */

void budget_set_limit(uint64_t bytes); /* 0: none, as at start; may be below what is used */
uint64_t budget_limit(void);

/* False: it would exceed the limit; nothing was taken. */
bool budget_take(enum budget_kind kind, size_t bytes);
void budget_give(enum budget_kind kind, size_t bytes);
/* What was taken is for something else now. */
void budget_move(enum budget_kind from, enum budget_kind to, size_t bytes);

/*
 * malloc, calloc, realloc and free of counted memory. NULL: refused, or no memory. The memory is
 * not malloc's own: only budget_free and budget_realloc take it. Its kind stays when it grows.
 * From BUDGET_LARGE_BYTES on it is mapped, so that it goes back to the system when it is freed and
 * is not copied when it grows.
 */
void *budget_malloc(enum budget_kind kind, size_t bytes);
void *budget_calloc(enum budget_kind kind, size_t count, size_t bytes);
void *budget_realloc(enum budget_kind kind, void *ptr, size_t bytes);
void budget_free(void *ptr); /* NULL is fine */

/*
 * Gives up memory, of bytes that are wanted, by budget_give or what calls it. Called without locks
 * of the budget, by a thread that may hold any other: it must not wait for one. Takes nothing.
 * Returns whether it gave up any.
 */
typedef bool(budget_drop)(void *ctx, size_t bytes);

/* What the process can do without, in the order in which it is asked for. */
enum budget_cache {
	BUDGET_CACHE_BLOCKS,   /* BUDGET_KEPT */
	BUDGET_CACHE_PICTURES, /* the picture cache */
	BUDGET_CACHES
};

/* NULL ends it: no other thread may take then. */
void budget_set_cache(enum budget_cache which, budget_drop *drop, void *ctx);
/* Of this thread, one at a time; NULL ends it. Asked when the caches have nothing more. */
void budget_set_spare(budget_drop *drop, void *ctx);

/*
 * Between the two, takes of this thread are never refused: for putting back what was there before,
 * which must not fail. May be nested.
 */
void budget_begin_restore(void);
void budget_end_restore(void);

/*
 * Between the two, this thread's takes for voxels may use the last eighth, too: they are part of a
 * request that only reads. May be nested.
 */
void budget_begin_reading(void);
void budget_end_reading(void);

uint64_t budget_used(void); /* all kinds */
uint64_t budget_used_of(enum budget_kind kind);
uint64_t budget_refused_count(void); /* takes that failed, since start */
/* Given back since start, in pieces of 64 KiB and more: malloc may hold on to them. */
uint64_t budget_freed_bytes(void);

/*
 * The words for -ENOMEM: "out of memory", and, when something was refused just now, that it is the
 * limit. Valid until the thread's next call.
 */
const char *budget_why(void);

#endif
