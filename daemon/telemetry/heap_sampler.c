/*
 * Each thread counts bytes down to the next byte it picks; the gaps are exponential with that mean,
 * so picked bytes are a Poisson process over the stream of allocated bytes.
 */
#include "daemon/telemetry/heap_sampler.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/types.h>
#include <unistd.h>

#include "daemon/base/alloc.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/json_out.h"
#include "daemon/base/rng.h"
#include "daemon/base/strbuf.h"
#include "daemon/telemetry/heap_maps.h"
#include "daemon/telemetry/heap_table.h"

/* Where the main thread's stack begins; glibc's dynamic loader exports it. */
extern void
	*__libc_stack_end; /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static struct {
	pthread_mutex_t lock; /* guards table */
	struct heap_table table;
	_Atomic uint64_t mean_bytes;
	_Atomic bool is_on;
} state = { .lock = PTHREAD_MUTEX_INITIALIZER };

static _Thread_local struct {
	struct rng rng;
	double gap_mean;     /* mean used for the current countdown; 0 = none yet */
	uintptr_t stack_top; /* no frame of this thread lies above it */
} mine;

static void enter_thread(void)
{
	/*
	 * glibc keeps a thread's control block (the value of pthread_self) at the upper end of its
	 * stack, except for the main thread.
	 */
	mine.stack_top =
		gettid() == getpid() ? (uintptr_t)__libc_stack_end : (uintptr_t)pthread_self();
	rng_init(&mine.rng, clock_ns(), (uint64_t)gettid());
}

static int64_t draw_bytes(void)
{
	if (mine.gap_mean == 0)
		enter_thread();
	mine.gap_mean = (double)atomic_load_explicit(&state.mean_bytes, memory_order_relaxed);
	/*
	 * An allocation of s bytes is sampled when s exceeds this number, so rounding down makes
	 * its probability exactly 1 - exp(-s / mean). Capped far above any likely gap, so that the
	 * conversion is always defined.
	 */
	return (int64_t)fmin(-log(rng_unit(&mine.rng)) * mine.gap_mean, 1e18);
}

/*
 * Collects return addresses by frame pointers. Every frame read lies between the caller's frame and
 * the top of the stack, and above the frame before: a wrong frame pointer ends the walk and never
 * faults.
 */
static __attribute__((noinline, no_sanitize("address"))) uint32_t walk(uintptr_t *pcs)
{
	uintptr_t fp = (uintptr_t)__builtin_frame_address(0);
	uint32_t depth = 0;

	while (depth < HEAP_SAMPLER_DEPTH_MAX && fp % sizeof(uintptr_t) == 0 &&
	       fp + 2 * sizeof(uintptr_t) <= mine.stack_top) {
		const uintptr_t *frame = (const uintptr_t *)fp;

		if (frame[1] == 0)
			break;
		pcs[depth++] = frame[1];
		if (frame[0] <= fp)
			break;
		fp = frame[0];
	}
	return depth;
}

static void on_alloc(void *block, size_t bytes)
{
	uintptr_t pcs[HEAP_SAMPLER_DEPTH_MAX];
	struct heap_weight weight;
	uint32_t depth = walk(pcs);

	weight.objects = 1 / -expm1(-(double)bytes / mine.gap_mean);
	weight.bytes = weight.objects * (double)bytes;
	pthread_mutex_lock(&state.lock);
	heap_table_add(&state.table, pcs, depth, (uintptr_t)block, weight);
	pthread_mutex_unlock(&state.lock);
}

static bool on_free(void *block)
{
	bool was_live;

	pthread_mutex_lock(&state.lock);
	was_live = heap_table_free(&state.table, (uintptr_t)block);
	pthread_mutex_unlock(&state.lock);
	return was_live;
}

static const struct alloc_hook sampler_hook = {
	.draw_bytes = draw_bytes,
	.on_alloc = on_alloc,
	.on_free = on_free,
};

int heap_sampler_start(uint64_t mean_bytes, struct err *err)
{
	int rc;

	if (mean_bytes < 1)
		return err_set(err, -EINVAL, "heap sampler: the mean must not be 0 bytes");
	if (!alloc_is_counted())
		return err_set(err, -EOPNOTSUPP,
			       "heap sampler: this program was linked without the counting malloc");
	if (atomic_load(&state.is_on))
		return err_set(err, -EALREADY, "heap sampler: already running");
	rc = heap_table_init(&state.table);
	if (rc < 0)
		return err_set(err, rc, "heap sampler: no memory for its tables");
	heap_sampler_set_mean(mean_bytes);
	rc = alloc_set_hook(&sampler_hook);
	if (rc < 0)
		return err_set(err, rc, "heap sampler: no hook in this program's malloc");
	atomic_store(&state.is_on, true);
	return 0;
}

void heap_sampler_set_mean(uint64_t mean_bytes)
{
	atomic_store_explicit(&state.mean_bytes, mean_bytes, memory_order_relaxed);
}

bool heap_sampler_is_on(void)
{
	return atomic_load(&state.is_on);
}

static void write_stack(struct json_out *j, const struct heap_stack *s)
{
	json_object_open(j, NULL);
	json_array_open(j, "stack");
	for (uint32_t i = 0; i < s->depth; i++) {
		char text[2 + 16 + 1];
		int len = snprintf(text, sizeof(text), "0x%jx", (uintmax_t)s->pcs[i]);

		json_span(j, NULL, span_of(text, (size_t)len));
	}
	json_close(j);
	json_f64(j, "alloc_objects", s->allocs.objects);
	json_f64(j, "alloc_bytes", s->allocs.bytes);
	/* These are sums of additions and subtractions: rounding may leave a small remainder. */
	json_f64(j, "inuse_objects", s->inuse.objects > 1e-6 ? s->inuse.objects : 0);
	json_f64(j, "inuse_bytes", s->inuse.bytes > 1e-3 ? s->inuse.bytes : 0);
	json_close(j);
}

int heap_sampler_write(struct strbuf *out, struct err *err)
{
	struct json_out j = { .sb = out };
	struct alloc_counts counts;
	struct heap_table now;
	int rc;

	if (!heap_sampler_is_on())
		return err_set(err, -EOPNOTSUPP, "the heap sampler is off");
	alloc_read(&counts);
	pthread_mutex_lock(&state.lock);
	now = state.table;
	pthread_mutex_unlock(&state.lock);
	json_object_open(&j, NULL);
	json_str(&j, "schema", "goxel-heap/1");
	json_i64(&j, "pid", getpid());
	json_u64(&j, "time_ns", clock_ns());
	json_u64(&j, "mean_bytes", atomic_load(&state.mean_bytes));
	json_u64(&j, "samples_count", now.samples_count);
	json_u64(&j, "lost_stacks_count", now.lost_stacks_count);
	json_u64(&j, "lost_live_count", now.lost_live_count);
	json_u64(&j, "allocs_count", counts.allocs_count);
	json_u64(&j, "frees_count", counts.frees_count);
	json_u64(&j, "allocated_bytes", counts.allocated_bytes);
	json_array_open(&j, "samples");
	for (uint32_t i = 0; i < now.stacks_count; i++) {
		struct heap_stack copy;

		/* Copy under the lock, write without it: writing allocates, which may take a
		 * sample. */
		pthread_mutex_lock(&state.lock);
		copy = state.table.stacks[i];
		pthread_mutex_unlock(&state.lock);
		write_stack(&j, &copy);
	}
	json_close(&j);
	rc = heap_maps_write(&j, "mappings", err);
	json_close(&j);
	if (rc == 0 && out->failed)
		rc = err_set(err, -ENOMEM, "heap profile: out of memory");
	return rc;
}
