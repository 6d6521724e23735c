/*
 * memory.h - counts this program's allocations for the shim: exact numbers and bytes from
 * daemon/base/ alloc.h, and the peak of allocated memory.
 *
 * In the untimed pass the whole process is counted, including a server's worker threads. For the
 * peak, every block is tracked during the pass, through the hook of the heap sampler, set to sample
 * all; existing threads join after 64 KiB.
 */
#ifndef BENCH_SUITE_MEMORY_H
#define BENCH_SUITE_MEMORY_H

/* Sets the shim's source of memory counts. No-op when allocations are not counted. */
void memory_count(void);

#endif
