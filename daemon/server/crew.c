#include "daemon/server/crew.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/cpu.h"
#include "daemon/base/err.h"
#include "daemon/base/log.h"
#include "daemon/base/thread.h"
#include "daemon/server/worker.h"
#include "daemon/telemetry/metrics.h"

/* How long a thread beyond the least number waits for something to do before it ends. */
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

/* Where this thread and its memory live. */
static void settle(const struct axes *axes, unsigned slot)
{
	struct err err = ERR_INIT;

	/* The first processor is the reading thread's, as long as there are others. */
	if (axes->cpus_count > 1 &&
	    cpu_pin(axes->cpus[1 + slot % (axes->cpus_count - 1)], &err) < 0)
		log_warn("server", "worker %u: %s", slot, err.msg);
	if (axes->is_numa_local && syscall(SYS_set_mempolicy, MPOL_LOCAL, NULL, 0) < 0)
		log_warn("server", "worker %u: memory policy: %s", slot, strerrordesc_np(errno));
}

/* One turn: false when the thread shall end. */
static bool crew_turn(struct crew *crew, struct worker *w)
{
	struct queue *q = crew->cfg.queue;
	bool is_spare = atomic_load(&crew->threads_count) > crew->cfg.axes->workers_min;
	bool is_worth_a_look;
	void *item;

	if (queue_pop(q, &item, 1)) {
		metrics_add(METRIC_DEQUEUED, 1);
		crew->cfg.work(crew->cfg.work_ctx, w, item);
		return true;
	}
	if (atomic_load(&crew->is_stopping))
		return false;
	atomic_fetch_add(&crew->idle_count, 1);
	is_worth_a_look = queue_wait(q, is_spare ? CREW_IDLE_NS : UINT64_MAX);
	atomic_fetch_sub(&crew->idle_count, 1);
	if (is_worth_a_look)
		return true;
	/* One of those that find too many threads takes itself away. */
	for (unsigned n = atomic_load(&crew->threads_count); n > crew->cfg.axes->workers_min;)
		if (atomic_compare_exchange_weak(&crew->threads_count, &n, n - 1))
			return false;
	return true;
}

static void *crew_run(void *arg)
{
	struct crew_slot *slot = arg;
	struct crew *crew = slot->crew;
	struct worker w = { 0 };
	struct err err = ERR_INIT;
	int rc;

	settle(crew->cfg.axes, slot->index);
	rc = worker_init(&w, crew->cfg.worker, &err);
	pthread_mutex_lock(&crew->lock);
	crew->ready_count++;
	crew->has_failed |= rc < 0;
	pthread_cond_signal(&crew->ready);
	pthread_mutex_unlock(&crew->lock);
	if (rc < 0) {
		log_error("server", "worker %u: %s", slot->index, err.msg);
		atomic_fetch_sub(&crew->threads_count, 1);
	}
	while (rc == 0 && crew_turn(crew, &w))
		;
	worker_deinit(&w);
	pthread_mutex_lock(&crew->lock);
	slot->state = CREW_ENDED;
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

/* Under the lock. */
static struct crew_slot *free_slot(struct crew *crew)
{
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
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

/* One thread more, unless there are as many as may be. */
static int crew_grow(struct crew *crew, struct err *err)
{
	struct crew_slot *slot;
	char name[16];
	int rc = 0;

	pthread_mutex_lock(&crew->lock);
	slot = free_slot(crew);
	if (slot && atomic_load(&crew->threads_count) < crew->cfg.axes->workers_max) {
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
	unsigned count = crew->cfg.axes->workers_min;
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

	/* With --start lazy the first one comes with the first item. */
	if (__builtin_expect(atomic_load(&crew->threads_count) == 0, 0) &&
	    crew_grow(crew, &err) < 0) {
		log_error("server", "%s", err.msg);
		return false;
	}
	if (!queue_push_at(q, &item, 1, priority))
		return false;
	metrics_add(METRIC_ENQUEUED, 1);
	if (atomic_load(&crew->threads_count) < crew->cfg.axes->workers_max &&
	    queue_count(q) > atomic_load(&crew->idle_count))
		(void)crew_grow(crew, NULL); /* those that are there will do it */
	return true;
}

void crew_stop(struct crew *crew)
{
	if (!crew->cfg.queue)
		return;
	atomic_store(&crew->is_stopping, true);
	queue_wake(crew->cfg.queue);
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		struct crew_slot *slot = &crew->slots[i];
		enum crew_slot_state state;

		pthread_mutex_lock(&crew->lock);
		state = slot->state;
		pthread_mutex_unlock(&crew->lock);
		if (state == CREW_EMPTY)
			continue;
		pthread_join(slot->thread, NULL);
		slot->state = CREW_EMPTY; /* nobody else is left */
	}
}
