/*
 * Slabs of places. The state of a place is two bits: in use; kept (free, with its pages still
 * allocated); neither (free, without memory). Each slab is on one list, or on none when all its
 * places are in use. A place whose memory is being given back counts as in use until that is done.
 */
#include "daemon/voxel/slab.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <string.h>
#include <sys/mman.h>

#include "daemon/base/alloc.h"
#include "daemon/base/budget.h"
#include "daemon/voxel/block.h"

enum {
	PLACES = 127, /* of a slab; the head lies in what is left */
	HEAD_BYTES = SLAB_BYTES - PLACES * (int)sizeof(struct block),
	WORD_BITS = 64,
	WORDS = (PLACES + WORD_BITS - 1) / WORD_BITS,
	PAGE_BYTES = 4096, /* may be larger; then less is given back */
};

enum list {
	LIST_KEPT,  /* some places kept, some in use */
	LIST_EMPTY, /* some kept, none in use */
	LIST_FREE,  /* none kept, some free */
	LISTS,
	LIST_NONE = LISTS
};

/* At the start of its own memory. All fields are under the lock. */
struct slab {
	struct slab *next;
	struct slab *prev;
	enum list list;
	uint32_t used_count;
	uint32_t kept_count;
	uint32_t fresh; /* places from here on were never touched */
	uint64_t used[WORDS];
	uint64_t kept[WORDS];
};

static_assert(HEAD_BYTES >= (int)sizeof(struct slab), "the head fits");
static_assert(HEAD_BYTES % 64 == 0, "places are aligned as blocks must be");

static struct {
	pthread_mutex_t lock;
	struct slab *heads[LISTS];
	struct slab *tails[LISTS];
	uint64_t taken_count;
	uint64_t kept_count;
	uint64_t kept_low; /* the least kept_count since slab_rest */
	uint64_t slabs_count;
} slabs = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool has_bit(const uint64_t *words, uint32_t i)
{
	return words[i / WORD_BITS] >> i % WORD_BITS & 1;
}

static void set_bit(uint64_t *words, uint32_t i)
{
	words[i / WORD_BITS] |= 1ull << i % WORD_BITS;
}

static void clear_bit(uint64_t *words, uint32_t i)
{
	words[i / WORD_BITS] &= ~(1ull << i % WORD_BITS);
}

static char *place_of(struct slab *s, uint32_t i)
{
	return (char *)s + HEAD_BYTES + i * sizeof(struct block);
}

static struct slab *slab_of(const void *place)
{
	return (struct slab *)((uintptr_t)place & ~(uintptr_t)(SLAB_BYTES - 1));
}

static uint32_t index_of(struct slab *s, const void *place)
{
	size_t off = (size_t)((const char *)place - (char *)s) - HEAD_BYTES;

	return (uint32_t)(off / sizeof(struct block));
}

static enum list list_for(const struct slab *s)
{
	if (s->kept_count)
		return s->used_count ? LIST_KEPT : LIST_EMPTY;
	return s->used_count < PLACES ? LIST_FREE : LIST_NONE;
}

/* Moves the slab to the head of the list that matches its state. */
static void relist(struct slab *s)
{
	enum list to = list_for(s);

	if (to == s->list)
		return;
	if (s->list != LIST_NONE) {
		*(s->prev ? &s->prev->next : &slabs.heads[s->list]) = s->next;
		*(s->next ? &s->next->prev : &slabs.tails[s->list]) = s->prev;
	}
	s->list = to;
	s->prev = NULL;
	s->next = NULL;
	if (to == LIST_NONE)
		return;
	s->next = slabs.heads[to];
	*(s->next ? &s->next->prev : &slabs.tails[to]) = s;
	slabs.heads[to] = s;
}

/* Aligned to its size. */
static struct slab *map_slab(void)
{
	const size_t bytes = SLAB_BYTES;
	char *map =
		mmap(NULL, 2 * bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;
	struct slab *s;

	if (map == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)map & (bytes - 1);
	if (before)
		munmap(map, before);
	munmap(map + before + bytes, bytes - before);
	s = (struct slab *)(map + before);
	s->list = LIST_NONE;
	ASAN_POISON_MEMORY_REGION(place_of(s, 0), bytes - HEAD_BYTES);
	return s;
}

static void unmap_slab(struct slab *s)
{
	for (uint32_t i = 0; i < PLACES; i++)
		if (has_bit(s->kept, i))
			alloc_note_free(place_of(s, i));
	ASAN_UNPOISON_MEMORY_REGION(s, SLAB_BYTES);
	munmap(s, SLAB_BYTES);
}

/* Index of the first set bit; there must be one. */
static uint32_t first_bit(const uint64_t *words)
{
	uint32_t w = 0;

	while (w < WORDS - 1 && !words[w])
		w++;
	return w * WORD_BITS + (uint32_t)__builtin_ctzll(words[w]);
}

/* With the lock held: marks the place, which is on no list, as in use. */
static void use_place(struct slab *s, uint32_t i)
{
	assert(i < PLACES);
	set_bit(s->used, i);
	s->used_count++;
	slabs.taken_count++;
	relist(s);
}

static size_t give_back(uint64_t max);

/* For the budget: frees about `bytes`. Threads that take memory never hold the lock. */
static bool drop_kept(void *ctx, size_t bytes)
{
	uint64_t wanted = bytes / sizeof(struct block) + 1;
	size_t count;

	(void)ctx;
	pthread_mutex_lock(&slabs.lock);
	count = give_back(slabs.kept_count > wanted ? slabs.kept_count - wanted : 0);
	pthread_mutex_unlock(&slabs.lock);
	return count > 0;
}

static void offer_kept(void)
{
	budget_set_cache(BUDGET_CACHE_BLOCKS, drop_kept, NULL);
}

/* With the lock held, which is released meanwhile: adds one slab. */
static struct slab *add_slab(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct slab *s;

	pthread_mutex_unlock(&slabs.lock);
	pthread_once(&once, offer_kept);
	s = map_slab();
	pthread_mutex_lock(&slabs.lock);
	if (!s)
		return NULL;
	slabs.slabs_count++;
	relist(s);
	return s;
}

/* With the lock held. NULL when there is none. */
static void *take_kept(bool *is_zero)
{
	struct slab *s = slabs.heads[LIST_KEPT];
	uint32_t i;

	if (!s)
		s = slabs.heads[LIST_EMPTY];
	if (!s)
		return NULL;
	*is_zero = false;
	i = first_bit(s->kept);
	clear_bit(s->kept, i);
	s->kept_count--;
	if (--slabs.kept_count < slabs.kept_low)
		slabs.kept_low = slabs.kept_count;
	use_place(s, i);
	return place_of(s, i);
}

/* With the lock held, which may be released meanwhile: takes a place without memory. */
static void *take_free(bool *is_zero)
{
	struct slab *s = slabs.heads[LIST_FREE];
	uint64_t unused[WORDS] = { 0 };
	uint32_t i;

	if (!s)
		s = add_slab();
	if (!s)
		return NULL;
	for (uint32_t w = 0; w < WORDS; w++)
		unused[w] = ~s->used[w];
	i = first_bit(unused);
	*is_zero = i >= s->fresh;
	if (i >= s->fresh)
		s->fresh = i + 1;
	use_place(s, i);
	return place_of(s, i);
}

void *slab_take(bool *is_zero)
{
	const size_t bytes = sizeof(struct block);
	char *place;

	pthread_mutex_lock(&slabs.lock);
	place = take_kept(is_zero);
	pthread_mutex_unlock(&slabs.lock);
	if (place) {
		budget_move(BUDGET_KEPT, BUDGET_VOXELS, bytes);
		ASAN_UNPOISON_MEMORY_REGION(place, bytes);
		return place;
	}
	if (!budget_take(BUDGET_VOXELS, bytes))
		return NULL;
	pthread_mutex_lock(&slabs.lock);
	place = take_free(is_zero);
	pthread_mutex_unlock(&slabs.lock);
	if (!place) {
		budget_give(BUDGET_VOXELS, bytes);
		return NULL;
	}
	ASAN_UNPOISON_MEMORY_REGION(place, bytes);
	alloc_note(place, bytes);
	return place;
}

/* Gives back the pages that lie in places first .. end - 1. */
static void give_up_run(struct slab *s, uint32_t first, uint32_t end)
{
	uintptr_t from =
		((uintptr_t)place_of(s, first) + PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1);
	uintptr_t to = (uintptr_t)place_of(s, end) & ~(uintptr_t)(PAGE_BYTES - 1);

	for (uint32_t i = first; i < end; i++)
		alloc_note_free(place_of(s, i));
	/* On failure (pages larger than PAGE_BYTES) the memory stays allocated. */
	if (from < to)
		(void)madvise((void *)from, to - from, MADV_DONTNEED);
}

/* Gives back the places set in `places`, which count as used meanwhile. */
static void give_up(struct slab *s, const uint64_t *places)
{
	uint32_t end;

	for (uint32_t i = 0; i < PLACES; i = end) {
		end = i + 1;
		if (!has_bit(places, i))
			continue;
		while (end < PLACES && has_bit(places, end))
			end++;
		give_up_run(s, i, end);
	}
}

/* With the lock held, which is released meanwhile: unmaps a slab without places in use. */
static void give_back_slab(struct slab *s)
{
	size_t count = s->kept_count;

	slabs.kept_count -= count;
	slabs.slabs_count--;
	s->kept_count = 0;
	s->used_count = PLACES; /* on no list */
	relist(s);
	pthread_mutex_unlock(&slabs.lock);
	unmap_slab(s);
	budget_give(BUDGET_KEPT, count * sizeof(struct block));
	pthread_mutex_lock(&slabs.lock);
}

/* With the lock held, which is released meanwhile: gives back the kept places of one slab. */
static void give_back_places(struct slab *s)
{
	uint32_t count = s->kept_count;
	uint64_t places[WORDS];

	memcpy(places, s->kept, sizeof(places));
	memset(s->kept, 0, sizeof(s->kept));
	s->kept_count = 0;
	slabs.kept_count -= count;
	for (uint32_t w = 0; w < WORDS; w++)
		s->used[w] |= places[w];
	s->used_count += count;
	relist(s);
	pthread_mutex_unlock(&slabs.lock);
	give_up(s, places);
	budget_give(BUDGET_KEPT, count * sizeof(struct block));
	pthread_mutex_lock(&slabs.lock);
	for (uint32_t w = 0; w < WORDS; w++)
		s->used[w] &= ~places[w];
	s->used_count -= count;
	relist(s);
	if (!s->used_count) /* the others had no memory, or were returned meanwhile */
		give_back_slab(s);
}

/* With the lock held, as above. An empty slab is unmapped as a whole, so empty slabs come first. */
static size_t give_back(uint64_t max)
{
	size_t count = 0;

	while (slabs.kept_count > max) {
		struct slab *empty = slabs.tails[LIST_EMPTY];
		struct slab *s = empty ? empty : slabs.tails[LIST_KEPT];

		count += s->kept_count;
		if (empty)
			give_back_slab(s);
		else
			give_back_places(s);
	}
	return count;
}

void slab_put(void *place)
{
	struct slab *s = slab_of(place);
	uint32_t i = index_of(s, place);

	ASAN_POISON_MEMORY_REGION(place, sizeof(struct block));
	budget_move(BUDGET_VOXELS, BUDGET_KEPT, sizeof(struct block));
	pthread_mutex_lock(&slabs.lock);
	assert(has_bit(s->used, i));
	clear_bit(s->used, i);
	set_bit(s->kept, i);
	s->used_count--;
	s->kept_count++;
	slabs.taken_count--;
	slabs.kept_count++;
	relist(s);
	pthread_mutex_unlock(&slabs.lock);
}

size_t slab_trim(uint64_t max)
{
	size_t count;

	pthread_mutex_lock(&slabs.lock);
	count = give_back(max);
	pthread_mutex_unlock(&slabs.lock);
	return count;
}

bool slab_rest(void)
{
	uint64_t spare;
	bool has_more;

	pthread_mutex_lock(&slabs.lock);
	spare = slabs.kept_low > BLOCK_POOL_MIN ? slabs.kept_low - BLOCK_POOL_MIN : 0;
	if (spare && slabs.kept_count > spare)
		give_back(slabs.kept_count - spare);
	slabs.kept_low = slabs.kept_count;
	has_more = slabs.kept_count > BLOCK_POOL_MIN;
	pthread_mutex_unlock(&slabs.lock);
	return has_more;
}

void slab_usage(struct slab_usage *out)
{
	pthread_mutex_lock(&slabs.lock);
	*out = (struct slab_usage){ slabs.taken_count, slabs.kept_count, slabs.slabs_count };
	pthread_mutex_unlock(&slabs.lock);
}
