#include "daemon/buffers/per_thread.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"

_Thread_local struct per_thread_cache per_thread_cache;

static _Atomic uint64_t last_id;

/* Called for a thread that ends, or for all records at the end; lock held. */
static void retire(struct per_thread *rec)
{
	struct per_thread *left = &rec->set->left;

	rec->set->retire(rec);
	per_thread_count(left, atomic_load_explicit(&rec->out_bytes, memory_order_relaxed),
			 atomic_load_explicit(&rec->gets_count, memory_order_relaxed),
			 atomic_load_explicit(&rec->misses_count, memory_order_relaxed));
	free(rec);
}

static void thread_ends(void *arg)
{
	struct per_thread *rec = arg;
	struct per_thread_set *set = rec->set;
	struct per_thread **at;

	pthread_mutex_lock(&set->lock);
	for (at = &set->first; *at != rec; at = &(*at)->next)
		assert(*at);
	*at = rec->next;
	retire(rec);
	pthread_mutex_unlock(&set->lock);
	per_thread_cache = (struct per_thread_cache){ 0 };
}

int per_thread_init(struct per_thread_set *set, size_t record_bytes,
		    void (*retire_backend)(struct per_thread *rec), struct err *err)
{
	int rc;

	assert(record_bytes >= sizeof(struct per_thread));
	rc = pthread_key_create(&set->key, thread_ends);
	if (rc)
		return err_set(err, -rc, "make a key for thread-local records");
	pthread_mutex_init(&set->lock, NULL);
	set->id = atomic_fetch_add(&last_id, 1) + 1;
	set->record_bytes = (record_bytes + 63) & ~(size_t)63;
	set->retire = retire_backend;
	return 0;
}

void per_thread_deinit(struct per_thread_set *set)
{
	struct per_thread *rec;

	pthread_key_delete(set->key);
	while ((rec = set->first)) {
		set->first = rec->next;
		retire(rec);
	}
	pthread_mutex_destroy(&set->lock);
}

static struct per_thread *make(struct per_thread_set *set)
{
	struct per_thread *rec = aligned_alloc(64, set->record_bytes);

	if (!rec)
		return NULL;
	memset(rec, 0, set->record_bytes);
	rec->set = set;
	if (pthread_setspecific(set->key, rec)) {
		free(rec);
		return NULL;
	}
	pthread_mutex_lock(&set->lock);
	rec->next = set->first;
	set->first = rec;
	pthread_mutex_unlock(&set->lock);
	return rec;
}

struct per_thread *per_thread_slow(struct per_thread_set *set)
{
	struct per_thread *rec = pthread_getspecific(set->key);

	if (!rec)
		rec = make(set);
	if (rec)
		per_thread_cache = (struct per_thread_cache){ set->id, rec };
	return rec;
}

void per_thread_count_left(struct per_thread_set *set, int64_t out_bytes, uint64_t gets,
			   uint64_t misses)
{
	pthread_mutex_lock(&set->lock);
	per_thread_count(&set->left, out_bytes, gets, misses);
	pthread_mutex_unlock(&set->lock);
}

void per_thread_sum(const struct per_thread_set *set, struct buffers_stats *out)
{
	const struct per_thread *rec = &set->left;
	int64_t out_bytes = 0;

	out->gets_count = 0;
	out->misses_count = 0;
	for (const struct per_thread *next = set->first; rec; rec = next) {
		out->gets_count += atomic_load_explicit(&rec->gets_count, memory_order_relaxed);
		out->misses_count += atomic_load_explicit(&rec->misses_count, memory_order_relaxed);
		out_bytes += atomic_load_explicit(&rec->out_bytes, memory_order_relaxed);
		if (rec != &set->left)
			next = rec->next;
	}
	/* While others work, a put may be counted before its get. */
	out->out_bytes = out_bytes > 0 ? (uint64_t)out_bytes : 0;
}
