/* huge.h - a region of memory in huge pages, or the reason why not. Private to daemon/buffers. */
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
 * Maps bytes (a multiple of 2 MiB) and asks for transparent huge pages. Returns 0, or a negative
 * errno: -EOPNOTSUPP when the administrator has switched them off, or what mmap or madvise said.
 * The kernel gives the pages when they are first touched, if it finds 2 MiB in one piece.
 */
int huge_init(struct huge *h, size_t bytes);
void huge_deinit(struct huge *h);

/* The next bytes of it; NULL when used up. bytes is a power of two: alignment comes by itself when
 * callers take few sizes. */
void *huge_carve(struct huge *h, size_t bytes);

static inline bool huge_has(const struct huge *h, const void *ptr)
{
	return h->start && (uintptr_t)ptr - (uintptr_t)h->start < h->bytes;
}

#endif
