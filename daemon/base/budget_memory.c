/* Counted memory: allocated by malloc or mmap, and counted in the budget. */
#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "daemon/base/alloc.h"
#include "daemon/base/budget.h"

/* An address sanitizer checks only memory of malloc. */
#ifdef __SANITIZE_ADDRESS__
#define LARGE_BYTES SIZE_MAX
#else
#define LARGE_BYTES ((size_t)BUDGET_LARGE_BYTES)
#endif

/* Precedes counted memory. */
struct head {
	alignas(16) size_t bytes; /* as requested */
	enum budget_kind kind;
};

/* Gets memory from malloc or by mapping. All zero when mapped or when is_zeroed. */
static struct head *get_memory(size_t bytes, bool is_zeroed)
{
	void *map;

	if (bytes < LARGE_BYTES)
		return is_zeroed ? calloc(1, bytes) : malloc(bytes);
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	alloc_note(map, bytes);
	return map;
}

static void put_memory(struct head *h, size_t bytes)
{
	if (bytes < LARGE_BYTES) {
		free(h);
		return;
	}
	alloc_note_free(h);
	munmap(h, bytes);
}

static struct head *resize_memory(struct head *h, size_t before, size_t bytes)
{
	struct head *moved;

	if (before < LARGE_BYTES && bytes < LARGE_BYTES)
		return realloc(h, bytes);
	if (before >= LARGE_BYTES && bytes >= LARGE_BYTES) {
		alloc_note_free(h);
		moved = mremap(h, before, bytes, MREMAP_MAYMOVE);
		if (moved == MAP_FAILED) {
			alloc_note(h, before);
			return NULL;
		}
		alloc_note(moved, bytes);
		return moved;
	}
	moved = get_memory(bytes, false);
	if (!moved)
		return NULL;
	memcpy(moved, h, before < bytes ? before : bytes);
	put_memory(h, before);
	return moved;
}

static void *get(enum budget_kind kind, size_t bytes, bool is_zeroed)
{
	struct head *h;

	if (bytes > SIZE_MAX - sizeof(*h) || !budget_take(kind, bytes))
		return NULL;
	h = get_memory(sizeof(*h) + bytes, is_zeroed);
	if (!h) {
		budget_give(kind, bytes);
		return NULL;
	}
	*h = (struct head){ bytes, kind };
	return h + 1;
}

void *budget_malloc(enum budget_kind kind, size_t bytes)
{
	return get(kind, bytes, false);
}

void *budget_calloc(enum budget_kind kind, size_t count, size_t bytes)
{
	size_t all;

	return __builtin_mul_overflow(count, bytes, &all) ? NULL : get(kind, all, true);
}

void *budget_realloc(enum budget_kind kind, void *ptr, size_t bytes)
{
	struct head *moved;
	struct head *h;
	size_t before;

	if (!ptr)
		return budget_malloc(kind, bytes);
	h = (struct head *)ptr - 1;
	assert(h->kind == kind);
	before = h->bytes;
	if (bytes > SIZE_MAX - sizeof(*h))
		return NULL;
	if (bytes > before && !budget_take(kind, bytes - before))
		return NULL;
	moved = resize_memory(h, sizeof(*h) + before, sizeof(*h) + bytes);
	if (!moved) {
		if (bytes > before)
			budget_give(kind, bytes - before);
		return NULL;
	}
	if (bytes < before)
		budget_give(kind, before - bytes);
	moved->bytes = bytes;
	return moved + 1;
}

void budget_free(void *ptr)
{
	struct head *h;

	if (!ptr)
		return;
	h = (struct head *)ptr - 1;
	budget_give(h->kind, h->bytes);
	put_memory(h, sizeof(*h) + h->bytes);
}
