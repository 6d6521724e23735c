#include "daemon/methods/script/script_heap.h"

#include <stdint.h>
#include <string.h>

#include "daemon/methods/script/script_link.h"

/* Before each block; its size keeps blocks aligned to 16. */
struct header {
	uint64_t class;
	void *next; /* while the block is free */
};

void script_heap_init(struct script_heap *h, void *region, size_t bytes, struct script_link *link)
{
	*h = (struct script_heap){ .base = region, .cap_bytes = bytes, .link = link };
}

/* log2 of the block that holds bytes and the header; SCRIPT_HEAP_CLASSES: too large. */
static unsigned class_of(size_t bytes)
{
	unsigned class = SCRIPT_HEAP_CLASS_MIN;

	if (bytes > SIZE_MAX / 4)
		return SCRIPT_HEAP_CLASSES;
	while (class < SCRIPT_HEAP_CLASSES && (size_t)1 << class < bytes + sizeof(struct header))
		class ++;
	return class;
}

void *script_heap_get(struct script_heap *h, size_t bytes)
{
	unsigned class = class_of(bytes);
	size_t size = (size_t)1 << class;
	struct header *block;

	if (!bytes || class == SCRIPT_HEAP_CLASSES)
		return NULL;
	block = h->freed[class];
	if (block) {
		h->freed[class] = block->next;
	} else {
		if (h->cap_bytes - h->used_bytes < size ||
		    (h->link && !script_link_take_memory(h->link, size)))
			return NULL;
		block = (struct header *)(void *)(h->base + h->used_bytes);
		h->used_bytes += size;
		block->class = class;
	}
	return block + 1;
}

void script_heap_put(struct script_heap *h, void *block)
{
	struct header *header = block;

	if (!block)
		return;
	header--;
	header->next = h->freed[header->class];
	h->freed[header->class] = header;
}

void *script_heap_resize(struct script_heap *h, void *block, size_t bytes)
{
	const struct header *header = block;
	size_t room;
	void *moved;

	if (!block)
		return script_heap_get(h, bytes);
	if (!bytes) {
		script_heap_put(h, block);
		return NULL;
	}
	room = ((size_t)1 << header[-1].class) - sizeof(*header);
	if (bytes <= room)
		return block;
	moved = script_heap_get(h, bytes);
	if (!moved)
		return NULL;
	memcpy(moved, block, room);
	script_heap_put(h, block);
	return moved;
}
