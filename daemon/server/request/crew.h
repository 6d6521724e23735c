/*
 * crew.h - the worker threads: they take what the reading threads queue; their number grows when
 * all are busy and something waits, and shrinks when there is nothing to do.
 *
 * No client can block the workers for others: a worker whose message has become long (watch.h) is
 * not counted any more, so that another one is started in its place. It also lowers its priority,
 * since there may be many threads with long messages, and ends with its message, since a priority
 * cannot be raised again. The number of such threads is limited by the number of connections, each
 * of which has one message in progress, and by CREW_LONG_MAX.
 */
#ifndef DAEMON_SERVER_REQUEST_CREW_H
#define DAEMON_SERVER_REQUEST_CREW_H

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

/* Handles one queued item, on the worker's thread. */
typedef void(crew_work)(void *ctx, struct worker *w, void *item);

/* The same when no worker could be created: answers without one. */
typedef void(crew_refuse)(void *ctx, void *item);

enum {
	CREW_LONG_MAX = 256, /* threads with long messages, in addition to --workers */
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
	bool is_long;               /* used by the thread: its message is long */
};

struct crew {
	struct crew_cfg cfg;
	pthread_mutex_t lock; /* protects the slots */
	pthread_cond_t ready; /* a thread has started or failed to */
	struct crew_slot slots[CREW_SLOTS];
	unsigned ready_count; /* under lock: threads that are ready to work */
	bool has_failed;      /* under lock: a thread could not create its worker */
	_Atomic unsigned threads_count;
	_Atomic unsigned idle_count; /* of these, waiting for items */
	_Atomic unsigned long_count; /* of these, with a long message */
	atomic_bool is_stopping;
};

int crew_init(struct crew *crew, const struct crew_cfg *cfg, struct err *err);

/* Starts the minimum number of threads; is_waiting: returns when they are ready to work. */
int crew_start(struct crew *crew, bool is_waiting, struct err *err);

/* Any thread. False: the queue is full. */
bool crew_submit(struct crew *crew, void *item, enum queue_priority priority);

/* Lets the threads finish what is queued, and joins them. False: some did not end before
 * deadline_ns (CLOCK_MONOTONIC); then nothing that they use may be freed. */
bool crew_stop(struct crew *crew, uint64_t deadline_ns);
void crew_deinit(struct crew *crew);

#endif
