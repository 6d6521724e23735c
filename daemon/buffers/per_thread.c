#include "daemon/buffers/per_thread.h"

#include <assert.h>

#include "daemon/base/err.h"

_Thread_local struct per_thread_cache per_thread_cache;

static _Atomic uint64_t last_id;

static struct per_thread_set *set_of(const struct per_thread *rec)
{
	return (struct per_thread_set *)((char *)rec->slot.list -
					 offsetof(struct per_thread_set, slots));
}

static void thread_ends(struct thread_slot *slot)
{
	struct per_thread *rec = (struct per_thread *)slot;
	struct per_thread_set *set = set_of(rec);

	pthread_mutex_lock(&set->lock);
	set->retire(set, rec);
	pthread_mutex_unlock(&set->lock);
	per_thread_cache = (struct per_thread_cache){ 0 };
}

int per_thread_init(struct per_thread_set *set, size_t record_bytes, per_thread_retire *retire,
		    struct err *err)
{
	int rc;

	assert(record_bytes >= sizeof(struct per_thread));
	rc = thread_slots_init(&set->slots, record_bytes, thread_ends);
	if (rc < 0)
		return err_set(err, rc, "make a key for thread-local records");
	pthread_mutex_init(&set->lock, NULL);
	set->id = atomic_fetch_add(&last_id, 1) + 1;
	set->retire = retire;
	return 0;
}

void per_thread_deinit(struct per_thread_set *set)
{
	for (struct per_thread *rec = per_thread_first(set); rec; rec = per_thread_next(rec)) {
		set->retire(set, rec);
		per_thread_count(&set->left,
				 atomic_load_explicit(&rec->out_bytes, memory_order_relaxed), 0, 0);
	}
	thread_slots_deinit(&set->slots);
	pthread_mutex_destroy(&set->lock);
}

struct per_thread *per_thread_slow(struct per_thread_set *set)
{
	struct thread_slot *slot = thread_slots_mine(&set->slots);

	if (!slot)
		slot = thread_slots_take(&set->slots);
	if (slot)
		per_thread_cache = (struct per_thread_cache){ set->id, (struct per_thread *)slot };
	return (struct per_thread *)slot;
}

void per_thread_count_left(struct per_thread_set *set, int64_t out_bytes, uint64_t gets,
			   uint64_t misses)
{
	pthread_mutex_lock(&set->lock);
	per_thread_count(&set->left, out_bytes, gets, misses);
	pthread_mutex_unlock(&set->lock);
}

static void add_counts(const struct per_thread *rec, struct buffers_stats *out, int64_t *out_bytes)
{
	out->gets_count += atomic_load_explicit(&rec->gets_count, memory_order_relaxed);
	out->misses_count += atomic_load_explicit(&rec->misses_count, memory_order_relaxed);
	*out_bytes += atomic_load_explicit(&rec->out_bytes, memory_order_relaxed);
}

void per_thread_sum(const struct per_thread_set *set, struct buffers_stats *out)
{
	int64_t out_bytes = 0;

	out->gets_count = 0;
	out->misses_count = 0;
	add_counts(&set->left, out, &out_bytes);
	for (struct per_thread *rec = per_thread_first(set); rec; rec = per_thread_next(rec))
		add_counts(rec, out, &out_bytes);
	/* While other threads work, a put can be visible before its get. */
	out->out_bytes = out_bytes > 0 ? (uint64_t)out_bytes : 0;
}
