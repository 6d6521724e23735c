/*
 * alloc.h - counts of what the process asked of malloc, always on.
 *
 * Programs that link alloc_count.c with -Wl,--wrap=malloc,... get true counts; in others the
 * counters stay 0 and alloc_is_counted() says so. Counters are per thread and summed on reading.
 */
#ifndef DAEMON_BASE_ALLOC_H
#define DAEMON_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct alloc_counts {
	uint64_t allocs_count; /* malloc, calloc, realloc that moved or grew, aligned_alloc */
	uint64_t frees_count;
	uint64_t allocated_bytes;
};

bool alloc_is_counted(void);
void alloc_read(struct alloc_counts *out);        /* whole process */
void alloc_read_thread(struct alloc_counts *out); /* calling thread: exact, for tests and benches */

/*
 * A sampler's way in. The wrapped functions take each allocation's bytes off the calling thread's
 * countdown and call on_alloc when it falls below 0, after the block was got and before it is
 * returned; on_alloc sets the next countdown. They call on_free, before the block is given back,
 * for blocks that may be watched. A realloc that is counted is a free of the old and an allocation
 * of the new block. The hooks must not allocate. Threads: any, concurrently.
 */
struct alloc_hook {
	void (*on_alloc)(void *block, size_t bytes);
	void (*on_free)(void *block);
};

extern _Thread_local int64_t alloc_countdown_bytes; /* 0 in a new thread */

void alloc_set_hook(const struct alloc_hook *hook); /* borrowed for good; NULL takes it away */

/*
 * Watched blocks are kept as counts by hash of the address, so on_free is also called for some
 * that were never watched. Each watch is undone by one unwatch.
 */
void alloc_watch(const void *block);
void alloc_unwatch(const void *block);

#endif
