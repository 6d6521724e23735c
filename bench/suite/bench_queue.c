/*
 * bench_queue.c - the queue axis: one item and 32 at a time, one thread and several on one queue,
 * and passing an item to a sleeping thread and back.
 *
 * With contention, each thread puts one item in and takes one out, so there is always one to take.
 * A ring may be full for a moment although it has few items (a thread stopped inside pop holds its
 * slot), so each thread retries. The items that come out must be those put in.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "bench/suite/suite.h"
#include "daemon/base/err.h"
#include "daemon/base/thread.h"
#include "daemon/queue/queue.h"

enum { CAPACITY = 1024, BATCH = 32 };

struct shared {
	struct queue *q;
	struct queue *back;       /* of the hop: for the way back */
	pthread_t echo;           /* thread that sends the item back */
	atomic_bool is_stopping;  /* tells echo to end */
	atomic_uintptr_t put_sum; /* sum of item addresses */
	atomic_uintptr_t got_sum;
};

static void *item_of(size_t number)
{
	static char items[CAPACITY + 1];

	return &items[number];
}

/* Checks order, capacity and emptiness by the contract of queue.h. */
static int check(struct bench_state *s, struct queue *q)
{
	void *item, *items[BATCH];

	for (size_t i = 0; i < CAPACITY; i++) {
		item = item_of(i);
		if (queue_push(q, &item, 1) != 1)
			return suite_wrong(s, "full after %zu of %d items", i, CAPACITY);
	}
	item = item_of(CAPACITY);
	if (queue_push(q, &item, 1) != 0)
		return suite_wrong(s, "took more than %d items", CAPACITY);
	for (size_t i = 0; i < CAPACITY; i += BATCH) {
		if (queue_pop(q, items, BATCH) != BATCH)
			return suite_wrong(s, "items are missing at %zu", i);
		for (size_t k = 0; k < BATCH; k++)
			if (items[k] != item_of(i + k))
				return suite_wrong(s, "item %zu is not the one put in", i + k);
	}
	if (queue_pop(q, items, 1) != 0)
		return suite_wrong(s, "returned more items than were put in");
	return 0;
}

static int open_queue(struct bench_state *s, struct queue **out)
{
	const struct queue_ops *ops = bench_context(s);
	struct queue_cfg cfg = { .capacity = CAPACITY };
	struct err err = ERR_INIT;
	int rc = queue_open(ops->head.name, &cfg, out, &err);

	return rc < 0 ? suite_fail(s, rc, "%s", err.msg) : 0;
}

static void tear_down(struct bench_state *s, void *arg)
{
	struct shared *shared = arg;

	if (atomic_load(&shared->put_sum) != atomic_load(&shared->got_sum))
		suite_wrong(s, "the items that came out are not those put in");
	queue_close(shared->back);
	queue_close(shared->q);
	free(shared);
}

static int set_up(struct bench_state *s, void **out)
{
	struct shared *shared = calloc(1, sizeof(*shared));
	int rc;

	if (!shared)
		return -ENOMEM;
	rc = open_queue(s, &shared->q);
	if (rc == 0)
		rc = check(s, shared->q);
	if (rc < 0) {
		queue_close(shared->q);
		free(shared);
		return rc;
	}
	*out = shared;
	return 0;
}

static void single(struct bench_state *s)
{
	struct shared *shared = bench_shared(s);
	uintptr_t put = 0, got = 0;
	void *item = item_of((size_t)bench_thread_index(s)), *out = NULL;

	BENCH_LOOP(s) {
		while (!queue_push(shared->q, &item, 1))
			;
		put += (uintptr_t)item;
		while (!queue_pop(shared->q, &out, 1))
			;
		got += (uintptr_t)out;
	}
	atomic_fetch_add(&shared->put_sum, put);
	atomic_fetch_add(&shared->got_sum, got);
	bench_items_processed(s, bench_iterations_done(s));
}

static void batch(struct bench_state *s)
{
	struct shared *shared = bench_shared(s);
	void *items[BATCH], *out[BATCH] = { 0 };
	uintptr_t put = 0, got = 0;

	for (size_t i = 0; i < BATCH; i++)
		items[i] = item_of(i);
	BENCH_LOOP(s) {
		size_t in = 0, n = 0;

		while (in < BATCH)
			in += queue_push(shared->q, items + in, BATCH - in);
		while (n < BATCH)
			n += queue_pop(shared->q, out + n, BATCH - n);
		for (size_t i = 0; i < BATCH; i++) {
			put += (uintptr_t)items[i];
			got += (uintptr_t)out[i];
		}
	}
	atomic_fetch_add(&shared->put_sum, put);
	atomic_fetch_add(&shared->got_sum, got);
	bench_items_processed(s, bench_iterations_done(s) * BATCH);
}

/* The other end of the hop. */
static void *echo(void *arg)
{
	struct shared *shared = arg;
	void *item;

	while (!atomic_load(&shared->is_stopping)) {
		if (queue_pop(shared->q, &item, 1))
			while (!queue_push(shared->back, &item, 1))
				;
		else
			queue_wait(shared->q, UINT64_MAX);
	}
	return NULL;
}

static void hop_tear_down(struct bench_state *s, void *arg)
{
	struct shared *shared = arg;

	atomic_store(&shared->is_stopping, true);
	queue_wake(shared->q);
	pthread_join(shared->echo, NULL);
	tear_down(s, arg);
}

static int hop_set_up(struct bench_state *s, void **out)
{
	struct err err = ERR_INIT;
	struct shared *shared;
	int rc = set_up(s, out);

	if (rc < 0)
		return rc;
	shared = *out;
	rc = open_queue(s, &shared->back);
	if (rc == 0)
		rc = thread_start(&shared->echo, "echo", 0, echo, shared, &err);
	if (rc < 0)
		tear_down(s, shared);
	return rc;
}

static void hop(struct bench_state *s)
{
	struct shared *shared = bench_shared(s);
	void *item = item_of(1), *out = NULL;

	BENCH_LOOP(s) {
		queue_push(shared->q, &item, 1);
		while (!queue_pop(shared->back, &out, 1))
			queue_wait(shared->back, UINT64_MAX);
		if (out != item) {
			suite_wrong(s, "another item came back");
			break;
		}
	}
}

static void add(void)
{
	static const struct bench_fixture alone = { .setup = set_up, .teardown = tear_down };
	static const struct bench_fixture paired = { .setup = hop_set_up,
						     .teardown = hop_tear_down };

	for (size_t i = 0; queue_backends[i]; i++) {
		const struct queue_ops *ops = queue_backends[i];

		suite_add(single, &alone, ops, "queue_operations/%s", ops->head.name);
		suite_add(batch, &alone, ops, "queue_operations/%s/batch_32", ops->head.name);
		bench_use_real_time(
			bench_threads(bench_threads(suite_add(single, &alone, ops,
							      "queue_contended/%s", ops->head.name),
						    2),
				      4));
		bench_use_real_time(
			bench_threads(suite_add(batch, &alone, ops, "queue_contended/%s/batch_32",
						ops->head.name),
				      2));
		bench_use_real_time(suite_add(hop, &paired, ops, "queue_hop/%s", ops->head.name));
	}
}

const struct suite suite_queue = {
	.name = "queue",
	.summary = "push and pop: single, in batches, contended; the hop to a sleeping thread",
	.add = add,
};
