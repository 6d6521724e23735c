/*
 * Stage histograms: one set per thread, allocated when the thread records its first sample, under a
 * lock that is contended only by readers.
 */
#include "daemon/telemetry/stages.h"

#include <errno.h>
#include <pthread.h>
#include <stdalign.h>

#include "daemon/base/hist.h"
#include "daemon/base/json_out.h"
#include "daemon/base/thread_slots.h"

struct stages_block {
	alignas(64) struct thread_slot slot;
	_Atomic bool is_ready; /* lock is initialized; set once by the first owner */
	pthread_mutex_t lock;  /* guards hists and what they hold */
	struct hist *hists[STAGE_COUNT + 1];
};

static const char *const stage_names[STAGE_COUNT + 1] = {
	[STAGE_READ] = "read",       [STAGE_PARSE] = "parse",     [STAGE_ENQUEUE] = "enqueue",
	[STAGE_DEQUEUE] = "dequeue", [STAGE_EXECUTE] = "execute", [STAGE_SERIALIZE] = "serialize",
	[STAGE_WRITE] = "write",     [STAGE_TOTAL] = "total",
};

_Atomic uint32_t stages_every_n;
_Thread_local uint32_t stages_left;

static _Thread_local uint64_t draw_state;
static _Thread_local struct stages_block *stages_mine;

static void stages_forget(struct thread_slot *slot)
{
	(void)slot;
	stages_mine = NULL;
}

static struct thread_slots stages_slots =
	THREAD_SLOTS_INIT(sizeof(struct stages_block), stages_forget);

void stages_set_every(uint32_t every_n)
{
	atomic_store_explicit(&stages_every_n, every_n, memory_order_relaxed);
}

uint32_t stages_get_every(void)
{
	return atomic_load_explicit(&stages_every_n, memory_order_relaxed);
}

const char *stage_name(enum stage stage)
{
	return stage_names[stage];
}

/*
 * Requests until the next sample: uniform in 1..2N-1, with mean N. A fixed step could synchronize
 * with a workload that repeats itself. xorshift64 (Marsaglia 2003).
 */
static uint32_t next_count(uint32_t every_n)
{
	draw_state ^= draw_state << 13;
	draw_state ^= draw_state >> 7;
	draw_state ^= draw_state << 17;
	return (uint32_t)(1 + draw_state % (2 * (uint64_t)every_n - 1));
}

bool stages_draw(void)
{
	uint32_t every_n = stages_get_every();

	if (every_n == 0)
		return false;
	if (draw_state == 0) {
		/* The thread's first request is as likely to be sampled as any other. */
		draw_state = clock_ns() ^ (uintptr_t)&draw_state;
		draw_state += draw_state == 0;
		stages_left = next_count(every_n);
		if (stages_left > 1) {
			stages_left--;
			return false;
		}
	}
	stages_left = next_count(every_n);
	return true;
}

static struct stages_block *stages_attach(void)
{
	struct stages_block *block = (struct stages_block *)thread_slots_take(&stages_slots);

	if (!block)
		return NULL;
	if (!atomic_load_explicit(&block->is_ready, memory_order_relaxed)) {
		pthread_mutex_init(&block->lock, NULL);
		/* Pairs with the acquire of a reader. */
		atomic_store_explicit(&block->is_ready, true, memory_order_release);
	}
	stages_mine = block;
	return block;
}

static void record(struct stages_block *block, enum stage stage, uint64_t from_ns, uint64_t to_ns)
{
	if (!block->hists[stage])
		block->hists[stage] = hist_new();
	if (block->hists[stage])
		hist_record(block->hists[stage], to_ns > from_ns ? to_ns - from_ns : 0);
}

/* The latest mark before that of a stage, or the start: v14's workers parse after the queue. */
static uint64_t mark_before(const struct stage_clock *clk, unsigned stage)
{
	uint64_t before_ns = clk->start_ns;

	for (unsigned i = 0; i < STAGE_COUNT; i++) {
		bool is_before =
			clk->ns[i] < clk->ns[stage] || (i < stage && clk->ns[i] == clk->ns[stage]);

		if (is_before && clk->ns[i] > before_ns)
			before_ns = clk->ns[i];
	}
	return before_ns;
}

void stages_record_on(const struct stage_clock *clk)
{
	struct stages_block *block = stages_mine ? stages_mine : stages_attach();
	uint64_t last_ns = clk->start_ns;

	if (!block)
		return;
	pthread_mutex_lock(&block->lock);
	for (unsigned i = 0; i < STAGE_COUNT; i++) {
		if (clk->ns[i] == 0)
			continue;
		record(block, (enum stage)i, mark_before(clk, i), clk->ns[i]);
		if (clk->ns[i] > last_ns)
			last_ns = clk->ns[i];
	}
	record(block, STAGE_TOTAL, clk->start_ns, last_ns);
	pthread_mutex_unlock(&block->lock);
}

void stages_read(enum stage stage, struct hist *out)
{
	for (struct thread_slot *slot = thread_slots_first(&stages_slots); slot;
	     slot = slot->next) {
		struct stages_block *block = (struct stages_block *)slot;

		if (!atomic_load_explicit(&block->is_ready, memory_order_acquire))
			continue;
		pthread_mutex_lock(&block->lock);
		if (block->hists[stage])
			hist_add(out, block->hists[stage]);
		pthread_mutex_unlock(&block->lock);
	}
}

void stages_reset(void)
{
	for (struct thread_slot *slot = thread_slots_first(&stages_slots); slot;
	     slot = slot->next) {
		struct stages_block *block = (struct stages_block *)slot;

		if (!atomic_load_explicit(&block->is_ready, memory_order_acquire))
			continue;
		pthread_mutex_lock(&block->lock);
		for (unsigned i = 0; i <= STAGE_COUNT; i++) {
			if (block->hists[i])
				hist_reset(block->hists[i]);
		}
		pthread_mutex_unlock(&block->lock);
	}
}

int stages_write(struct json_out *j, const char *key)
{
	struct hist *h = hist_new();

	if (!h)
		return -ENOMEM;
	json_object_open(j, key);
	for (unsigned i = 0; i <= STAGE_COUNT; i++) {
		hist_reset(h);
		stages_read((enum stage)i, h);
		json_object_open(j, stage_names[i]);
		json_u64(j, "count", h->total);
		json_f64(j, "mean_ns", hist_mean_ns(h));
		json_u64(j, "p50_ns", hist_quantile_ns(h, 0.5));
		json_u64(j, "p99_ns", hist_quantile_ns(h, 0.99));
		json_u64(j, "max_ns", h->max_ns);
		json_close(j);
	}
	json_close(j);
	hist_free(h);
	return 0;
}
