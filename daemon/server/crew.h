/*
 * crew.h - the worker threads: they take what the reading threads queue, grow in number when all
 * are busy and something waits, and shrink when there is nothing to do.
 *
 * No client can keep the workers from the others: a worker whose message has become long (watch.h)
 * is not counted any more, so that another takes its place in front of the queue. It also lowers
 * its priority, since the threads of long messages may be many, and ends with its message, since a
 * priority cannot be raised again. How many such threads there can be is bounded by the number of
 * connections, each of which has one message under way, and by CREW_LONG_MAX.
 */
#ifndef DAEMON_SERVER_CREW_H
#define DAEMON_SERVER_CREW_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "daemon/queue/queue.h"
#include "daemon/server/preset.h"

struct crew;
struct err;
struct worker;
struct worker_cfg;

/* One queued item, on the thread of the worker. */
typedef void(crew_work)(void *ctx, struct worker *w, void *item);

/* The same where no worker could be made: answers without one. */
typedef void(crew_refuse)(void *ctx, void *item);

enum {
	CREW_LONG_MAX = 256, /* threads with long messages, beside those of --workers */
	CREW_SLOTS = WORKERS_MAX + CREW_LONG_MAX,
};

struct crew_cfg {
	struct queue *queue; /* borrowed */
	const struct worker_cfg *worker;
	const struct axes *axes;
	crew_work *work;
	crew_refuse *refuse;
	void *work_ctx;
};

enum crew_slot_state { CREW_EMPTY, CREW_RUNNING, CREW_ENDED };

struct crew_slot {
	struct crew *crew;
	unsigned index;
	pthread_t thread;
	enum crew_slot_state state; /* under lock */
	bool is_long;               /* the thread's: its message is */
};

struct crew {
	struct crew_cfg cfg;
	pthread_mutex_t lock; /* of the slots */
	pthread_cond_t ready; /* a thread has started or failed to */
	struct crew_slot slots[CREW_SLOTS];
	unsigned ready_count; /* under lock: threads that can work */
	bool has_failed;      /* under lock: a thread could not make its worker */
	_Atomic unsigned threads_count;
	_Atomic unsigned idle_count; /* of them, waiting for items */
	_Atomic unsigned long_count; /* of them, with a long message */
	atomic_bool is_stopping;
};

int crew_init(struct crew *crew, const struct crew_cfg *cfg, struct err *err);

/* Starts the least number of threads; is_waiting: returns when they can work. */
int crew_start(struct crew *crew, bool is_waiting, struct err *err);

/* Any thread. False: the queue is full. */
bool crew_submit(struct crew *crew, void *item, enum queue_priority priority);

/* Lets the threads finish what is queued, and joins them. False: some did not end before
 * deadline_ns (CLOCK_MONOTONIC); nothing that they use may be freed. */
bool crew_stop(struct crew *crew, uint64_t deadline_ns);
void crew_deinit(struct crew *crew);

#endif
