/*
 * memory.h - this program's allocations for the shim: exact counts and bytes from daemon/base/
 * alloc.h, and the most that was alive at once.
 *
 * In the untimed pass the whole process is counted, so a server's worker threads are in it. For the
 * peak every block is followed while the pass lasts, through the hook of the heap sampler drawn so
 * that it samples all; threads that exist already join after 64 KiB.
 */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

/* Hands the source to the shim. Nothing where allocations are not counted. */
void memory_count(void);

#endif
