/*
 * alloc.h - counts of what the process asked of malloc, always on, and a hook for a heap sampler.
 *
 * A program opts in by linking the library `alloccount` with $(alloc-wrap-ldflags) (daemon/base/
 * module.mk). In others the counters stay 0 and alloc_is_counted() says so. Counters are per thread
 * and summed on reading; counting costs a few instructions and no lock.
 *
 * Limits: the linker wraps the calls of the program's own objects and static libraries, strdup and
 * strndup included. What shared libraries (libc too) allocate inside is not seen, unless they are
 * handed our malloc, as cJSON_InitHooks and json_set_alloc_funcs do.
 */
#ifndef DAEMON_BASE_ALLOC_H
#define DAEMON_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct alloc_counts {
	uint64_t allocs_count;    /* malloc, calloc, realloc that moved or grew, aligned_alloc */
	uint64_t frees_count;     /* of non-NULL; the old block of a realloc counted above too */
	uint64_t allocated_bytes; /* as asked for; of a block grown in place, by how much */
};

bool alloc_is_counted(void);
void alloc_read(struct alloc_counts *out);        /* whole process, ended threads included */
void alloc_read_thread(struct alloc_counts *out); /* calling thread: exact, for tests and benches */

/*
 * Memory that a part of the program takes from the system by itself, to hand it out: counted and
 * sampled as if it were malloc's. Without locks that a hook may need.
 */
void alloc_note(void *ptr, size_t bytes);
void alloc_note_free(void *ptr);

/*
 * A sampler of allocations. Each thread counts down the bytes it allocates; the allocation that
 * takes the count below zero is sampled. With draw_bytes exponential of mean M, each byte is
 * sampled with probability 1/M, independently of the others (a Poisson process).
 *
 * All three are called in the thread that allocates or frees, without locks of ours held, and may
 * allocate themselves: that is counted, never sampled. Any thread.
 */
struct alloc_hook {
	int64_t (*draw_bytes)(void); /* bytes until this thread's next sample, above 0 */
	void (*on_alloc)(void *ptr, size_t bytes);
	/*
	 * Before ptr goes back to the allocator. Called for every sampled pointer and for few
	 * others. Returns whether ptr was a sampled one. realloc of a sampled block tells of a
	 * free, and of an allocation if the block stayed where it was.
	 */
	bool (*on_free)(void *ptr);
};

/*
 * Starts sampling; NULL ends it. Threads that exist already follow after 64 KiB of allocations at
 * most. Threads may still be inside an old hook on return, so hook must stay valid for the life
 * of the process. -EOPNOTSUPP where allocations are not counted.
 */
int alloc_set_hook(const struct alloc_hook *hook);

#endif
