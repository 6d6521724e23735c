#include "daemon/server/request/crew.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/cpu.h"
#include "daemon/base/err.h"
#include "daemon/base/log.h"
#include "daemon/base/thread.h"
#include "daemon/server/request/worker.h"
#include "daemon/telemetry/metrics.h"

/* How long a thread beyond the minimum waits for work before it ends. */
#define CREW_IDLE_NS (10 * NSEC_PER_SEC)

int crew_init(struct crew *crew, const struct crew_cfg *cfg, struct err *err)
{
	int rc;

	*crew = (struct crew){ .cfg = *cfg };
	rc = pthread_mutex_init(&crew->lock, NULL);
	if (rc)
		return err_set(err, -rc, "worker threads: %s", strerrordesc_np(rc));
	rc = pthread_cond_init(&crew->ready, NULL);
	if (rc)
		return err_set(err, -rc, "worker threads: %s", strerrordesc_np(rc));
	return 0;
}

void crew_deinit(struct crew *crew)
{
	if (!crew->cfg.queue)
		return;
	pthread_cond_destroy(&crew->ready);
	pthread_mutex_destroy(&crew->lock);
}

/* Sets the processor and the memory node of this thread. */
static void place_thread(const struct axes *axes, unsigned slot)
{
	struct err err = ERR_INIT;

	/* The first processor is for the reading thread, if there are others. */
	if (axes->cpus_count > 1 &&
	    cpu_pin(axes->cpus[1 + slot % (axes->cpus_count - 1)], &err) < 0)
		log_warn("server", "worker %u: %s", slot, err.msg);
	if (axes->is_numa_local && syscall(SYS_set_mempolicy, MPOL_LOCAL, NULL, 0) < 0)
		log_warn("server", "worker %u: memory policy: %s", slot, strerrordesc_np(errno));
}

/* Number of threads that take new items, now or in a moment. */
static unsigned takers_count(struct crew *crew)
{
	unsigned threads = atomic_load(&crew->threads_count);
	unsigned longs = atomic_load(&crew->long_count);

	return threads > longs ? threads - longs : 0;
}

static int crew_grow(struct crew *crew, struct err *err);

/* Called by the thread of a worker whose message has become long: others take the waiting items. */
static void on_long(void *ctx)
{
	struct crew_slot *slot = ctx;
	struct crew *crew = slot->crew;

	if (atomic_load(&crew->long_count) >= CREW_LONG_MAX)
		return;
	slot->is_long = true;
	atomic_fetch_add(&crew->long_count, 1);
	thread_lower_priority();
	if (queue_count(crew->cfg.queue) > atomic_load(&crew->idle_count))
		(void)crew_grow(crew, NULL);
}

/* Called when the long message has ended; returns false when the thread has to end, too. There may
 * be too few other threads. */
static bool end_long(struct crew_slot *slot)
{
	struct crew *crew = slot->crew;

	slot->is_long = false;
	if (atomic_load(&crew->is_stopping)) {
		atomic_fetch_sub(&crew->long_count, 1);
		return true; /* queued items still need threads, and no new ones start */
	}
	atomic_fetch_sub(&crew->threads_count, 1);
	atomic_fetch_sub(&crew->long_count, 1);
	if (takers_count(crew) < crew->cfg.axes->workers.min)
		(void)crew_grow(crew, NULL);
	return false;
}

/* One iteration: false when the thread has to end. */
static bool crew_turn(struct crew_slot *slot, struct worker *w)
{
	struct crew *crew = slot->crew;
	struct queue *q = crew->cfg.queue;
	bool is_spare = atomic_load(&crew->threads_count) > crew->cfg.axes->workers.min;
	bool is_worth_a_look;
	void *item;

	if (queue_pop(q, &item, 1)) {
		metrics_add(METRIC_DEQUEUED, 1);
		crew->cfg.work(crew->cfg.work_ctx, w, item);
		return !slot->is_long || end_long(slot);
	}
	if (atomic_load(&crew->is_stopping))
		return false;
	atomic_fetch_add(&crew->idle_count, 1);
	is_worth_a_look = queue_wait(q, is_spare ? CREW_IDLE_NS : UINT64_MAX);
	atomic_fetch_sub(&crew->idle_count, 1);
	if (is_worth_a_look)
		return true;
	/* If there are too many threads, one exits. */
	for (unsigned n = atomic_load(&crew->threads_count); n > crew->cfg.axes->workers.min;)
		if (atomic_compare_exchange_weak(&crew->threads_count, &n, n - 1))
			return false;
	return true;
}

/* No worker could be created. Items queued for it must not wait for the next client's. */
static void refuse_all(struct crew *crew)
{
	void *item;

	while (queue_pop(crew->cfg.queue, &item, 1))
		crew->cfg.refuse(crew->cfg.work_ctx, item);
}

static void *crew_run(void *arg)
{
	struct crew_slot *slot = arg;
	struct crew *crew = slot->crew;
	struct worker w = { 0 };
	struct err err = ERR_INIT;
	int rc;

	place_thread(crew->cfg.axes, slot->index);
	rc = worker_init(&w, crew->cfg.worker, false, &err);
	pthread_mutex_lock(&crew->lock);
	crew->ready_count++;
	crew->has_failed |= rc < 0;
	pthread_cond_signal(&crew->ready);
	pthread_mutex_unlock(&crew->lock);
	if (rc < 0) {
		log_error("server", "worker %u: %s", slot->index, err.msg);
		/* First: a thread that submits after this sees that there is no thread. */
		if (atomic_fetch_sub(&crew->threads_count, 1) == 1)
			refuse_all(crew);
	}
	w.watch.on_long = on_long;
	w.watch.on_long_ctx = slot;
	while (rc == 0 && crew_turn(slot, &w))
		;
	worker_deinit(&w);
	pthread_mutex_lock(&crew->lock);
	slot->state = CREW_ENDED;
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

/* With the lock held. */
static struct crew_slot *free_slot(struct crew *crew)
{
	for (unsigned i = 0; i < CREW_SLOTS; i++) {
		struct crew_slot *slot = &crew->slots[i];

		if (slot->state == CREW_RUNNING)
			continue;
		if (slot->state == CREW_ENDED)
			pthread_join(slot->thread, NULL);
		slot->state = CREW_EMPTY;
		slot->index = i;
		slot->crew = crew;
		return slot;
	}
	return NULL;
}

/* Starts one more thread, up to the maximum. */
static int crew_grow(struct crew *crew, struct err *err)
{
	struct crew_slot *slot;
	char name[16];
	int rc = 0;

	pthread_mutex_lock(&crew->lock);
	/* crew_stop joins the threads that exist when it has had the lock. */
	slot = atomic_load(&crew->is_stopping) ? NULL : free_slot(crew);
	if (slot && takers_count(crew) < crew->cfg.axes->workers.max) {
		snprintf(name, sizeof(name), "worker-%u", slot->index);
		slot->state = CREW_RUNNING;
		atomic_fetch_add(&crew->threads_count, 1);
		rc = thread_start(&slot->thread, name, (size_t)crew->cfg.axes->stack_kib * 1024,
				  crew_run, slot, err);
		if (rc < 0) {
			slot->state = CREW_EMPTY;
			atomic_fetch_sub(&crew->threads_count, 1);
		}
	}
	pthread_mutex_unlock(&crew->lock);
	return rc;
}

int crew_start(struct crew *crew, bool is_waiting, struct err *err)
{
	unsigned count = crew->cfg.axes->workers.min;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < count; i++)
		rc = crew_grow(crew, err);
	if (rc < 0 || !is_waiting)
		return rc;
	pthread_mutex_lock(&crew->lock);
	while (crew->ready_count < count)
		pthread_cond_wait(&crew->ready, &crew->lock);
	if (crew->has_failed)
		rc = err_set(err, -ENOMEM, "a worker thread could not start; the log says why");
	pthread_mutex_unlock(&crew->lock);
	return rc;
}

bool crew_submit(struct crew *crew, void *item, enum queue_priority priority)
{
	struct queue *q = crew->cfg.queue;
	struct err err = ERR_INIT;

	/* With --start lazy the first thread starts with the first item. */
	if (__builtin_expect(atomic_load(&crew->threads_count) == 0, 0) &&
	    crew_grow(crew, &err) < 0) {
		log_error("server", "%s", err.msg);
		return false;
	}
	if (!queue_push_at(q, &item, 1, priority))
		return false;
	metrics_add(METRIC_ENQUEUED, 1);
	if (takers_count(crew) < crew->cfg.axes->workers.max &&
	    queue_count(q) > atomic_load(&crew->idle_count))
		(void)crew_grow(crew, NULL); /* the existing threads will do it */
	/* The only thread may have failed to start just before the push (see crew_run). */
	if (__builtin_expect(atomic_load(&crew->threads_count) == 0, 0) &&
	    crew_grow(crew, &err) < 0)
		refuse_all(crew);
	return true;
}

/*
 * False: the thread did not end in time. Uses the wall clock, since gcc 12's thread sanitizer does
 * not know the join with another clock; setting the clock meanwhile changes the time waited.
 */
static bool join_until(pthread_t thread, uint64_t deadline_ns)
{
	uint64_t now_ns = clock_ns();
	struct timespec until;

	if (deadline_ns == UINT64_MAX)
		return pthread_join(thread, NULL) == 0;
	clock_gettime(CLOCK_REALTIME, &until);
	deadline_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
	deadline_ns += (uint64_t)until.tv_nsec;
	until.tv_sec += (time_t)(deadline_ns / NSEC_PER_SEC);
	until.tv_nsec = (long)(deadline_ns % NSEC_PER_SEC);
	return pthread_timedjoin_np(thread, NULL, &until) == 0;
}

bool crew_stop(struct crew *crew, uint64_t deadline_ns)
{
	bool are_ended = true;

	if (!crew->cfg.queue)
		return true;
	pthread_mutex_lock(&crew->lock);
	atomic_store(&crew->is_stopping, true);
	pthread_mutex_unlock(&crew->lock);
	queue_wake(crew->cfg.queue);
	for (unsigned i = 0; i < CREW_SLOTS; i++) {
		struct crew_slot *slot = &crew->slots[i];
		enum crew_slot_state state;

		pthread_mutex_lock(&crew->lock);
		state = slot->state;
		pthread_mutex_unlock(&crew->lock);
		if (state == CREW_EMPTY)
			continue;
		if (join_until(slot->thread, deadline_ns))
			slot->state = CREW_EMPTY; /* no other thread is left */
		else
			are_ended = false;
	}
	return are_ended;
}
