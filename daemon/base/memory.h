/* memory.h - memory available to this process, memory in use, and returning memory to the system.
 */
#ifndef DAEMON_BASE_MEMORY_H
#define DAEMON_BASE_MEMORY_H

#include <stdint.h>

/*
 * Memory that this process may use: the machine's memory or the limit of its control group (v2 or
 * v1, or of an ancestor), whichever is smaller. 0: unknown.
 */
uint64_t memory_total_bytes(void);

/* The same for a /proc and a /sys below another folder: for tests. */
uint64_t memory_total_below(const char *root);

uint64_t memory_resident_bytes(void); /* 0: unknown */

/*
 * Makes all threads share malloc's first arena, since memory_trim cannot trim the others. For
 * programs whose threads rarely call malloc; call it before the first thread starts.
 */
void memory_use_one_arena(void);

/* Returns malloc's free pages to the system if they are at least that many bytes. Takes
 * milliseconds when there are many; calls of malloc wait meanwhile. */
void memory_trim(uint64_t bytes_min);

#endif
