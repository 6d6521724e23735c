/* huge.h - a region of memory in huge pages, or the reason why there is none. Private to
 * daemon/buffers. */
#ifndef DAEMON_BUFFERS_HUGE_H
#define DAEMON_BUFFERS_HUGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct huge {
	char *start; /* NULL: none */
	size_t bytes;
	size_t used_bytes;
};

/*
 * Maps bytes (a multiple of 2 MiB) and requests transparent huge pages. Returns 0 or a negative
 * errno: -EOPNOTSUPP when the administrator has switched them off, or an error of mmap or madvise.
 * The kernel provides a huge page at the first touch, if it finds 2 MiB of contiguous memory.
 */
int huge_init(struct huge *h, size_t bytes);
void huge_deinit(struct huge *h);

/* Returns the next bytes of the region; NULL when it is used up. bytes is a power of two, so blocks
 * are aligned when callers use few sizes. */
void *huge_carve(struct huge *h, size_t bytes);

static inline bool huge_has(const struct huge *h, const void *ptr)
{
	return h->start && (uintptr_t)ptr - (uintptr_t)h->start < h->bytes;
}

#endif
