/*
 * per_thread.h - one record for each thread that uses a buffers object: counters for all backends,
 * magazines for the pool. Private to daemon/buffers.
 *
 * A thread finds its record without a lock, as long as it uses only one object. A record is made at
 * a thread's first use, retired when the thread ends, taken over by a later thread, and freed with
 * the set.
 */
#ifndef DAEMON_BUFFERS_PER_THREAD_H
#define DAEMON_BUFFERS_PER_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/thread_slots.h"
#include "daemon/buffers/buffers.h"

struct err;
struct per_thread;
struct per_thread_set;

/* Empties the record but for the counters: the pool's magazines go back. The set's lock is held. */
typedef void(per_thread_retire)(struct per_thread_set *set, struct per_thread *rec);

/* First member of a backend's record. Only the owning thread writes the counters. */
struct per_thread {
	struct thread_slot slot;
	_Atomic uint64_t gets_count;
	_Atomic uint64_t misses_count;
	_Atomic int64_t out_bytes; /* negative in a thread that puts what others got */
};

struct per_thread_set {
	uint64_t id; /* never reused, so that a stale cache cannot match */
	struct thread_slots slots;
	per_thread_retire *retire;
	pthread_mutex_t lock;   /* what the backends share */
	struct per_thread left; /* counters of threads that never got a record; under the lock */
};

struct per_thread_cache {
	uint64_t set_id;
	struct per_thread *rec;
};
extern _Thread_local struct per_thread_cache per_thread_cache;

/* record_bytes includes struct per_thread; records start zeroed and 64-aligned. */
int per_thread_init(struct per_thread_set *set, size_t record_bytes, per_thread_retire *retire,
		    struct err *err);

/* Retires and frees all records. Threads that used the set have ended or do not use it any more. */
void per_thread_deinit(struct per_thread_set *set);

struct per_thread *per_thread_slow(struct per_thread_set *set);

/* The caller's record; NULL when there is no memory for one. */
static inline struct per_thread *per_thread_get(struct per_thread_set *set)
{
	if (__builtin_expect(per_thread_cache.set_id == set->id, 1))
		return per_thread_cache.rec;
	return per_thread_slow(set);
}

/* There is one writer, so a plain load and store suffice; others may read meanwhile. */
static inline void per_thread_count(struct per_thread *rec, int64_t out_bytes, uint64_t gets,
				    uint64_t misses)
{
	atomic_store_explicit(&rec->out_bytes,
			      atomic_load_explicit(&rec->out_bytes, memory_order_relaxed) +
				      out_bytes,
			      memory_order_relaxed);
	if (gets)
		atomic_store_explicit(&rec->gets_count,
				      atomic_load_explicit(&rec->gets_count, memory_order_relaxed) +
					      gets,
				      memory_order_relaxed);
	if (misses)
		atomic_store_explicit(
			&rec->misses_count,
			atomic_load_explicit(&rec->misses_count, memory_order_relaxed) + misses,
			memory_order_relaxed);
}

/* The same for a thread without a record. */
void per_thread_count_left(struct per_thread_set *set, int64_t out_bytes, uint64_t gets,
			   uint64_t misses);

/* A walk over the records, those of ended threads included. */
static inline struct per_thread *per_thread_first(const struct per_thread_set *set)
{
	return (struct per_thread *)thread_slots_first(&set->slots);
}

static inline struct per_thread *per_thread_next(const struct per_thread *rec)
{
	return (struct per_thread *)rec->slot.next;
}

/* Sums the counters; lock held. held_bytes and huge_pages are not changed. */
void per_thread_sum(const struct per_thread_set *set, struct buffers_stats *out);

#endif
