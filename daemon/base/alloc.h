/*
 * alloc.h - counts of what the process asked of malloc, always on.
 *
 * Programs that link alloc_count.c with -Wl,--wrap=malloc,... get true counts; in others the
 * counters stay 0 and alloc_is_counted() says so. Counters are per thread and summed on reading.
 */
#ifndef DAEMON_BASE_ALLOC_H
#define DAEMON_BASE_ALLOC_H

#include <stdbool.h>
#include <stdint.h>

struct alloc_counts {
	uint64_t allocs_count; /* malloc, calloc, realloc that moved or grew, aligned_alloc */
	uint64_t frees_count;
	uint64_t allocated_bytes;
};

bool alloc_is_counted(void);
void alloc_read(struct alloc_counts *out);        /* whole process */
void alloc_read_thread(struct alloc_counts *out); /* calling thread: exact, for tests and benches */

#endif
