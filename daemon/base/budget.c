#include "daemon/base/budget.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#include "daemon/base/clock.h"

/* A refusal within this time is given as the reason of an error: undoing the work may lie
 * between. */
static const uint64_t just_now_ns = 5 * NSEC_PER_SEC;

const char *const budget_names[BUDGET_KINDS] = {
	[BUDGET_VOXELS] = "voxels",   [BUDGET_KEPT] = "kept",
	[BUDGET_WORK] = "work",       [BUDGET_REQUESTS] = "requests",
	[BUDGET_REPLIES] = "replies", [BUDGET_PICTURES] = "pictures",
	[BUDGET_FILES] = "files",     [BUDGET_SCRIPTS] = "scripts",
};

enum { NOTED_BYTES = 64 << 10 }; /* of budget_freed_bytes */

struct dropper {
	budget_drop *_Atomic drop; /* NULL: none; written after ctx */
	void *ctx;
};

static _Atomic uint64_t limit_bytes;
static _Atomic uint64_t used_bytes;
static _Atomic uint64_t kind_bytes[BUDGET_KINDS];
static _Atomic uint64_t refused_count;
static _Atomic uint64_t refused_ns; /* time of the last refusal; 0: never */
static _Atomic uint64_t freed_bytes;

static struct dropper caches[BUDGET_CACHES];
static _Thread_local struct dropper spare;
static _Thread_local unsigned restoring; /* depth */
static _Thread_local unsigned reading;   /* depth */

void budget_set_limit(uint64_t bytes)
{
	atomic_store_explicit(&limit_bytes, bytes, memory_order_relaxed);
}

uint64_t budget_limit(void)
{
	return atomic_load_explicit(&limit_bytes, memory_order_relaxed);
}

/* The limit for all kinds together when this kind is taken. */
static uint64_t ceiling_of(enum budget_kind kind)
{
	uint64_t limit = budget_limit();

	if (!limit || restoring)
		return UINT64_MAX;
	return kind == BUDGET_VOXELS && !reading ? limit - limit / BUDGET_VOXELS_SPARE : limit;
}

/* Not by adding and subtracting: a take that does not fit must not block one that does. */
static bool try_take(enum budget_kind kind, size_t bytes, uint64_t ceiling)
{
	uint64_t used = atomic_load_explicit(&used_bytes, memory_order_relaxed);

	do {
		if (bytes > ceiling || used > ceiling - bytes)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		&used_bytes, &used, used + bytes, memory_order_relaxed, memory_order_relaxed));
	atomic_fetch_add_explicit(&kind_bytes[kind], bytes, memory_order_relaxed);
	return true;
}

static bool ask(struct dropper *d, size_t bytes)
{
	budget_drop *drop = atomic_load_explicit(&d->drop, memory_order_acquire);

	return drop && drop(d->ctx, bytes);
}

static bool drop_some(size_t bytes)
{
	for (int i = 0; i < BUDGET_CACHES; i++)
		if (ask(&caches[i], bytes))
			return true;
	return ask(&spare, bytes);
}

/* Handles a take that does not fit at first. */
static __attribute__((noinline)) bool take_or_refuse(enum budget_kind kind, size_t bytes,
						     uint64_t ceiling)
{
	while (bytes <= ceiling && drop_some(bytes))
		if (try_take(kind, bytes, ceiling))
			return true;
	atomic_fetch_add_explicit(&refused_count, 1, memory_order_relaxed);
	atomic_store_explicit(&refused_ns, clock_ns(), memory_order_relaxed);
	return false;
}

bool budget_take(enum budget_kind kind, size_t bytes)
{
	uint64_t ceiling = ceiling_of(kind);

	return try_take(kind, bytes, ceiling) || take_or_refuse(kind, bytes, ceiling);
}

void budget_give(enum budget_kind kind, size_t bytes)
{
	uint64_t before = atomic_fetch_sub_explicit(&kind_bytes[kind], bytes, memory_order_relaxed);

	assert(before >= bytes);
	atomic_fetch_sub_explicit(&used_bytes, bytes, memory_order_relaxed);
	if (bytes >= NOTED_BYTES)
		atomic_fetch_add_explicit(&freed_bytes, bytes, memory_order_relaxed);
}

void budget_move(enum budget_kind from, enum budget_kind to, size_t bytes)
{
	uint64_t before = atomic_fetch_sub_explicit(&kind_bytes[from], bytes, memory_order_relaxed);

	assert(before >= bytes);
	atomic_fetch_add_explicit(&kind_bytes[to], bytes, memory_order_relaxed);
}

static void set(struct dropper *d, budget_drop *drop, void *ctx)
{
	if (drop)
		d->ctx = ctx;
	atomic_store_explicit(&d->drop, drop, memory_order_release);
}

void budget_set_cache(enum budget_cache which, budget_drop *drop, void *ctx)
{
	set(&caches[which], drop, ctx);
}

void budget_set_spare(budget_drop *drop, void *ctx)
{
	set(&spare, drop, ctx);
}

void budget_begin_restore(void)
{
	restoring++;
}

void budget_end_restore(void)
{
	assert(restoring);
	restoring--;
}

void budget_begin_reading(void)
{
	reading++;
}

void budget_end_reading(void)
{
	assert(reading);
	reading--;
}

uint64_t budget_used(void)
{
	return atomic_load_explicit(&used_bytes, memory_order_relaxed);
}

uint64_t budget_used_of(enum budget_kind kind)
{
	return atomic_load_explicit(&kind_bytes[kind], memory_order_relaxed);
}

uint64_t budget_refused_count(void)
{
	return atomic_load_explicit(&refused_count, memory_order_relaxed);
}

uint64_t budget_freed_bytes(void)
{
	return atomic_load_explicit(&freed_bytes, memory_order_relaxed);
}

const char *budget_why(void)
{
	static _Thread_local char text[96];
	uint64_t when_ns = atomic_load_explicit(&refused_ns, memory_order_relaxed);
	uint64_t limit = budget_limit();

	/* Checks all threads, since a thread that helped with the work may have failed. */
	if (!limit || !when_ns || clock_ns() - when_ns > just_now_ns)
		return "out of memory";
	snprintf(text, sizeof(text),
		 "out of memory: the daemon's limit of %" PRIu64 " MiB (memory_high_mb) is reached",
		 limit >> 20);
	return text;
}
