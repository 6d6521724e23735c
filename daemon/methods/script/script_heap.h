/*
 * script_heap.h - memory of a script: a fixed region, which also limits it.
 *
 * Blocks are powers of two with free lists; a freed block is reused for its own size only.
 * One thread.
 */
#ifndef DAEMON_METHODS_SCRIPT_SCRIPT_HEAP_H
#define DAEMON_METHODS_SCRIPT_SCRIPT_HEAP_H

#include <stddef.h>

struct script_link;

enum {
	SCRIPT_HEAP_CLASS_MIN = 5, /* 32 bytes, the header included */
	SCRIPT_HEAP_CLASSES = 32,
};

struct script_heap {
	char *base;
	size_t used_bytes;
	size_t cap_bytes;
	struct script_link *link; /* requests memory from the daemon; NULL: memory is not counted */
	void *freed[SCRIPT_HEAP_CLASSES]; /* lists by log2 of the size */
};

/* region: 16-aligned */
void script_heap_init(struct script_heap *h, void *region, size_t bytes, struct script_link *link);

/* Like malloc, realloc and free; NULL when the region, or the daemon's memory, is used up. */
void *script_heap_get(struct script_heap *h, size_t bytes);
void *script_heap_resize(struct script_heap *h, void *block, size_t bytes);
void script_heap_put(struct script_heap *h, void *block);

#endif
