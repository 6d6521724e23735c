/*
 * buffers_pool.c - keeps buffers of three sizes for reuse, as in v15.
 *
 * Each thread has a rack per size that it uses without a lock; racks exchange half of their
 * contents with a depot behind a mutex (the magazines of J. Bonwick and J. Adams, USENIX 2001). So
 * buffers that one thread gets and another puts are reused without malloc. The counts below bound
 * what is kept; above 64 KiB every buffer comes from malloc.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/base/err.h"
#include "daemon/buffers/buffers.h"
#include "daemon/buffers/huge.h"
#include "daemon/buffers/per_thread.h"

enum {
	TIERS = 3,
	RACK_MAX = 64,
	ALIGN_BYTES = 64,
	BIG_ALIGN_BYTES = 4096, /* sizes above the tiers: never equal to a tier's */
	HUGE_BYTES = 4 << 20,
};

struct tier {
	uint32_t bytes;
	uint32_t rack_max;  /* per thread: 32, 128 and 256 KiB */
	uint32_t depot_max; /* for all: 512 KiB, 2 MiB and 2 MiB */
};

static const struct tier tiers[TIERS] = {
	{ 512, 64, 1024 },
	{ 4096, 32, 512 },
	{ 65536, 4, 32 },
};

struct rack {
	_Atomic uint32_t count; /* written by the owner; read by stats */
	void *items[RACK_MAX];
};

struct racks {
	struct per_thread base;
	struct rack tier[TIERS];
};

/* Under threads.lock. */
struct depot {
	uint32_t count;
	void **items; /* [depot_max + the number of buffers in the huge pages] */
};

struct buffers_pool {
	struct buffers base;
	struct per_thread_set threads;
	struct depot depots[TIERS];
	struct huge huge; /* under threads.lock */
	int huge_pages;   /* reported by stats */
};

static int tier_of(size_t bytes)
{
	for (int t = 0; t < TIERS; t++)
		if (bytes <= tiers[t].bytes)
			return t;
	return -1;
}

static uint32_t rack_count(const struct rack *r)
{
	return atomic_load_explicit(&r->count, memory_order_relaxed);
}

static void rack_set_count(struct rack *r, uint32_t count)
{
	atomic_store_explicit(&r->count, count, memory_order_relaxed);
}

/* Lock held. Pages of the huge region cannot be freed one by one, so there is always room
 * for them. */
static void depot_give(struct buffers_pool *p, int t, void *ptr)
{
	struct depot *d = &p->depots[t];

	if (d->count < tiers[t].depot_max || huge_has(&p->huge, ptr))
		d->items[d->count++] = ptr;
	else
		free(ptr);
}

/* Lock held. NULL when the depot is empty and the huge pages are used up. */
static void *depot_take(struct buffers_pool *p, int t)
{
	struct depot *d = &p->depots[t];

	return d->count ? d->items[--d->count] : huge_carve(&p->huge, tiers[t].bytes);
}

/* Called for a thread that ends: moves its racks to the depot. Lock held. */
static void retire_racks(struct per_thread_set *set, struct per_thread *rec)
{
	struct buffers_pool *p =
		(struct buffers_pool *)((char *)set - offsetof(struct buffers_pool, threads));
	struct racks *racks = (struct racks *)rec;

	for (int t = 0; t < TIERS; t++) {
		for (uint32_t i = rack_count(&racks->tier[t]); i-- > 0;)
			depot_give(p, t, racks->tier[t].items[i]);
		rack_set_count(&racks->tier[t], 0);
	}
}

static void free_depots(struct buffers_pool *p)
{
	for (int t = 0; t < TIERS; t++) {
		struct depot *d = &p->depots[t];

		while (d->count--)
			if (!huge_has(&p->huge, d->items[d->count]))
				free(d->items[d->count]);
		free(d->items);
	}
	huge_deinit(&p->huge);
}

static int pool_init(struct buffers *b, const struct buffers_cfg *cfg, struct err *err)
{
	struct buffers_pool *p = (struct buffers_pool *)b;
	int rc;

	if (cfg->huge_pages) {
		rc = huge_init(&p->huge, HUGE_BYTES);
		p->huge_pages = rc < 0 ? rc : 1;
	}
	for (int t = 0; t < TIERS; t++) {
		size_t slots = tiers[t].depot_max + p->huge.bytes / tiers[t].bytes;

		p->depots[t].items = malloc(slots * sizeof(void *));
		if (!p->depots[t].items) {
			rc = err_set(err, -ENOMEM, "depot of %zu buffers", slots);
			goto fail;
		}
	}
	rc = per_thread_init(&p->threads, sizeof(struct racks), retire_racks, err);
	if (rc < 0)
		goto fail;
	return 0;
fail:
	free_depots(p);
	return rc;
}

static void pool_deinit(struct buffers *b)
{
	struct buffers_pool *p = (struct buffers_pool *)b;

	per_thread_deinit(&p->threads);
	assert(atomic_load(&p->threads.left.out_bytes) == 0);
	free_depots(p);
}

static void count(struct buffers_pool *p, struct per_thread *rec, int64_t out_bytes,
		  uint64_t misses)
{
	uint64_t gets = out_bytes > 0;

	if (rec)
		per_thread_count(rec, out_bytes, gets, misses);
	else
		per_thread_count_left(&p->threads, out_bytes, gets, misses);
}

/* Called when the rack is empty (or missing): takes half a rack from the depot, else one new
 * buffer. */
static void *get_slow(struct buffers_pool *p, struct racks *racks, int t)
{
	struct rack *r = racks ? &racks->tier[t] : NULL;
	uint32_t want = r ? tiers[t].rack_max / 2 : 0;
	uint32_t n = 0;
	void *ptr;

	pthread_mutex_lock(&p->threads.lock);
	ptr = depot_take(p, t);
	while (ptr && n < want && p->depots[t].count)
		r->items[n++] = depot_take(p, t);
	pthread_mutex_unlock(&p->threads.lock);
	if (r)
		rack_set_count(r, n);
	if (ptr) {
		count(p, (struct per_thread *)racks, tiers[t].bytes, 0);
		return ptr;
	}
	ptr = aligned_alloc(ALIGN_BYTES, tiers[t].bytes);
	if (ptr)
		count(p, (struct per_thread *)racks, tiers[t].bytes, 1);
	return ptr;
}

static void *get_big(struct buffers_pool *p, struct per_thread *rec, size_t min_bytes, size_t *cap)
{
	size_t bytes = (min_bytes + BIG_ALIGN_BYTES - 1) & ~(size_t)(BIG_ALIGN_BYTES - 1);
	void *ptr;

	if (min_bytes > BUFFERS_BYTES_MAX)
		return NULL;
	ptr = aligned_alloc(ALIGN_BYTES, bytes);
	if (!ptr)
		return NULL;
	count(p, rec, (int64_t)bytes, 1);
	*cap = bytes;
	return ptr;
}

static void *pool_get(struct buffers *b, size_t min_bytes, size_t *cap)
{
	struct buffers_pool *p = (struct buffers_pool *)b;
	struct per_thread *rec = per_thread_get(&p->threads);
	struct racks *racks = (struct racks *)rec;
	int t = tier_of(min_bytes);
	struct rack *r;
	uint32_t n;

	if (__builtin_expect(t < 0, 0))
		return get_big(p, rec, min_bytes, cap);
	*cap = tiers[t].bytes;
	if (__builtin_expect(!racks, 0))
		return get_slow(p, NULL, t);
	r = &racks->tier[t];
	n = rack_count(r);
	if (__builtin_expect(!n, 0))
		return get_slow(p, racks, t);
	rack_set_count(r, n - 1);
	per_thread_count(rec, tiers[t].bytes, 1, 0);
	return r->items[n - 1];
}

/* Called when the rack is full (or missing): moves half of it and the buffer to the depot. */
static void put_slow(struct buffers_pool *p, struct rack *r, int t, void *ptr)
{
	uint32_t keep = tiers[t].rack_max / 2;

	pthread_mutex_lock(&p->threads.lock);
	depot_give(p, t, ptr);
	for (uint32_t n = r ? rack_count(r) : 0; n > keep; n--)
		depot_give(p, t, r->items[n - 1]);
	pthread_mutex_unlock(&p->threads.lock);
	if (r)
		rack_set_count(r, keep);
}

static void pool_put(struct buffers *b, void *ptr, size_t cap)
{
	struct buffers_pool *p = (struct buffers_pool *)b;
	struct per_thread *rec = per_thread_get(&p->threads);
	int t = tier_of(cap);
	struct rack *r = NULL;
	uint32_t n;

	if (!ptr)
		return;
	count(p, rec, -(int64_t)cap, 0);
	if (t < 0) {
		free(ptr);
		return;
	}
	assert(cap == tiers[t].bytes);
	if (rec) {
		r = &((struct racks *)rec)->tier[t];
		n = rack_count(r);
		if (__builtin_expect(n < tiers[t].rack_max, 1)) {
			r->items[n] = ptr;
			rack_set_count(r, n + 1);
			return;
		}
	}
	put_slow(p, r, t, ptr);
}

static void pool_stats(struct buffers *b, struct buffers_stats *out)
{
	struct buffers_pool *p = (struct buffers_pool *)b;

	pthread_mutex_lock(&p->threads.lock);
	per_thread_sum(&p->threads, out);
	out->held_bytes = 0;
	for (int t = 0; t < TIERS; t++) {
		uint64_t held = p->depots[t].count;

		for (struct per_thread *rec = per_thread_first(&p->threads); rec;
		     rec = per_thread_next(rec))
			held += rack_count(&((struct racks *)rec)->tier[t]);
		out->held_bytes += held * tiers[t].bytes;
	}
	pthread_mutex_unlock(&p->threads.lock);
	out->huge_pages = p->huge_pages;
}

const struct buffers_ops buffers_pool_ops = {
	.head = { .name = "pool",
		  .summary = "512 B, 4 KiB and 64 KiB buffers kept per thread and in a depot (v15)",
		  .size = sizeof(struct buffers_pool) },
	.init = pool_init,
	.deinit = pool_deinit,
	.get = pool_get,
	.put = pool_put,
	.stats = pool_stats,
};
