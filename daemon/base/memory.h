/* memory.h - how much memory there is for this process, how much it has, and giving it back. */
#ifndef DAEMON_BASE_MEMORY_H
#define DAEMON_BASE_MEMORY_H

#include <stdint.h>

/*
 * What this process may use: the machine's memory or the limit of its control group (v2 or v1, or
 * of one around it), whichever is smaller. 0: not known.
 */
uint64_t memory_total_bytes(void);

/* The same of a /proc and a /sys below another folder: for tests. */
uint64_t memory_total_below(const char *root);

uint64_t memory_resident_bytes(void); /* 0: not known */

/*
 * All threads share malloc's first arena: memory_trim cannot give back the ends of the others. For
 * programs whose threads hardly call malloc; before the first thread is started.
 */
void memory_use_one_arena(void);

/* Gives pages that malloc holds free back to the system, if they are at least that many bytes.
 * Takes milliseconds where they are many; malloc waits meanwhile. */
void memory_trim(uint64_t bytes_min);

#endif
