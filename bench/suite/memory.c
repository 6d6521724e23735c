#include "bench/suite/memory.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "bench/shim.h"
#include "daemon/base/alloc.h"

enum {
	BLOCKS_MAX = 1 << 16, /* blocks tracked at once; with more, the peak is unknown */
	BUCKETS = 1 << 14,
};

/* A block that was allocated since the pass began. */
struct block {
	const void *ptr;
	int64_t bytes;
	struct block *next;
};

/* One pass at a time; its hook is called by any thread. */
static struct {
	pthread_mutex_t lock;
	struct block blocks[BLOCKS_MAX];
	struct block *buckets[BUCKETS];
	struct block *unused; /* entries of freed blocks */
	size_t used_count;    /* of blocks[], ever handed out */
	int64_t live_bytes, peak_bytes;
	bool is_full;
} pass = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct alloc_counts pass_from;                /* of the untimed pass */
static _Thread_local struct alloc_counts timed_from; /* of this thread's timed stretch */

static struct block **bucket_of(const void *ptr)
{
	/* Fibonacci hashing: Knuth, section 6.4. */
	return &pass.buckets[((uintptr_t)ptr >> 4) * 0x9e3779b97f4a7c15u >> (64 - 14)];
}

static struct block *take_block(void)
{
	struct block *b = pass.unused;

	if (b)
		pass.unused = b->next;
	else if (pass.used_count < BLOCKS_MAX)
		b = &pass.blocks[pass.used_count++];
	return b;
}

static int64_t draw_all(void)
{
	return 1;
}

static void on_alloc(void *ptr, size_t bytes)
{
	struct block **bucket = bucket_of(ptr), *b;

	pthread_mutex_lock(&pass.lock);
	b = take_block();
	if (b) {
		*b = (struct block){ ptr, (int64_t)bytes, *bucket };
		*bucket = b;
		pass.live_bytes += b->bytes;
		if (pass.live_bytes > pass.peak_bytes)
			pass.peak_bytes = pass.live_bytes;
	} else {
		pass.is_full = true;
	}
	pthread_mutex_unlock(&pass.lock);
}

static bool on_free(void *ptr)
{
	struct block **link = bucket_of(ptr), *b;

	pthread_mutex_lock(&pass.lock);
	while (*link && (*link)->ptr != ptr)
		link = &(*link)->next;
	b = *link;
	if (b) {
		*link = b->next;
		b->next = pass.unused;
		pass.unused = b;
		pass.live_bytes -= b->bytes;
	}
	pthread_mutex_unlock(&pass.lock);
	return b != NULL;
}

static const struct alloc_hook hook = { .draw_bytes = draw_all,
					.on_alloc = on_alloc,
					.on_free = on_free };

static void forget_blocks(void)
{
	pthread_mutex_lock(&pass.lock);
	memset(pass.buckets, 0, sizeof(pass.buckets));
	pass.unused = NULL;
	pass.used_count = 0;
	pass.live_bytes = pass.peak_bytes = 0;
	pass.is_full = false;
	pthread_mutex_unlock(&pass.lock);
}

static void start(void *ctx, bool is_timed)
{
	(void)ctx;
	if (is_timed) {
		alloc_read_thread(&timed_from);
		return;
	}
	forget_blocks();
	alloc_set_hook(&hook);
	alloc_read(&pass_from);
}

static void add_difference(const struct alloc_counts *from, const struct alloc_counts *to,
			   struct bench_memory_result *out)
{
	out->allocs_count = (int64_t)(to->allocs_count - from->allocs_count);
	out->allocated_bytes = (int64_t)(to->allocated_bytes - from->allocated_bytes);
}

static void stop(void *ctx, bool is_timed, struct bench_memory_result *out)
{
	struct alloc_counts now;

	(void)ctx;
	if (is_timed) {
		alloc_read_thread(&now);
		add_difference(&timed_from, &now, out);
		return;
	}
	alloc_read(&now);
	alloc_set_hook(NULL);
	add_difference(&pass_from, &now, out);
	pthread_mutex_lock(&pass.lock);
	out->peak_bytes = pass.is_full ? -1 : pass.peak_bytes;
	if (!pass.is_full)
		out->growth_bytes = pass.live_bytes;
	pthread_mutex_unlock(&pass.lock);
}

void memory_count(void)
{
	static const struct bench_memory source = { .start = start, .stop = stop };

	if (alloc_is_counted())
		bench_memory_source(&source);
}
