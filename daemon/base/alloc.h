/*
 * alloc.h - always-on counts of malloc calls, and a hook for a heap sampler.
 *
 * A program opts in by linking the library `alloccount` with $(alloc-wrap-ldflags) (daemon/base/
 * module.mk). In others the counters stay 0 and alloc_is_counted() says so. Counters are per thread
 * and summed on reading; counting costs a few instructions and no lock.
 *
 * Limits: the linker wraps the calls of the program's own objects and static libraries, strdup and
 * strndup included. Allocations inside shared libraries (including libc) are not seen, unless the
 * libraries are given our malloc, as cJSON_InitHooks and json_set_alloc_funcs do.
 */
#ifndef DAEMON_BASE_ALLOC_H
#define DAEMON_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct alloc_counts {
	uint64_t allocs_count;    /* malloc, calloc, realloc that moved or grew, aligned_alloc */
	uint64_t frees_count;     /* of non-NULL; the old block of a realloc counted above too */
	uint64_t allocated_bytes; /* as requested; for a block grown in place, the growth */
};

bool alloc_is_counted(void);
void alloc_read(struct alloc_counts *out);        /* whole process, ended threads included */
void alloc_read_thread(struct alloc_counts *out); /* calling thread: exact, for tests and benches */

/*
 * For memory that a part of the program takes from the system itself to hand it out: counted and
 * sampled like malloc's. Call it without holding locks that a hook may need.
 */
void alloc_note(void *ptr, size_t bytes);
void alloc_note_free(void *ptr);

/*
 * A sampler of allocations. Each thread counts down the bytes it allocates; the allocation that
 * takes the count below zero is sampled. With draw_bytes exponential of mean M, each byte is
 * sampled with probability 1/M, independently of the others (a Poisson process).
 *
 * All three are called in the thread that allocates or frees, without our locks held, and may
 * allocate themselves: that is counted but never sampled. Any thread.
 */
struct alloc_hook {
	int64_t (*draw_bytes)(void); /* bytes until this thread's next sample, above 0 */
	void (*on_alloc)(void *ptr, size_t bytes);
	/*
	 * Called before ptr is freed, for every sampled pointer and for a few others. Returns
	 * whether ptr was sampled. A realloc of a sampled block reports a free, and an allocation
	 * if the block stayed in place.
	 */
	bool (*on_free)(void *ptr);
};

/*
 * Starts sampling; NULL stops it. Existing threads follow after at most 64 KiB of allocations.
 * Threads may still be inside an old hook when this returns, so a hook must stay valid as long as
 * the process lives. -EOPNOTSUPP when allocations are not counted.
 */
int alloc_set_hook(const struct alloc_hook *hook);

#endif
