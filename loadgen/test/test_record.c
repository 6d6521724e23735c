/*
 * Recorders: nothing is lost or counted twice when a worker hands over while it goes on recording
 * and the ring of a connection finds each request whatever the order of replies.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "daemon/base/rng.h"
#include "loadgen/engine/conn.h"
#include "loadgen/engine/record.h"
#include "loadgen/engine/timers.h"

enum { RECORDS = 2000000, INTERVAL = 1000 };

static struct record_pair *new_pair(void)
{
	struct record_pair *p = aligned_alloc(64, (sizeof(*p) + 63) / 64 * 64);

	assert_non_null(p);
	assert_int_equal(record_pair_init(p, 1, false, NULL), 0);
	return p;
}

static void *record_many(void *arg)
{
	struct record_pair *p = arg;
	struct recorder *r = record_pair_active(p);
	uint32_t interval = 0;

	for (uint64_t i = 1; i <= RECORDS; i++) {
		struct recorder *next;

		r->ops[0].ops_count++;
		hist_record(r->ops[0].response, i % 5000);
		if (i % INTERVAL)
			continue;
		next = record_pair_publish(p, i, ++interval);
		if (next)
			r = next;
	}
	record_pair_finish(p, RECORDS, interval);
	return NULL;
}

static void test_hand_over_loses_nothing(void **state)
{
	struct record_pair *p = new_pair();
	struct recorder total = { 0 };
	uint32_t next_interval = 0;
	bool is_over = false;
	pthread_t tid;

	(void)state;
	assert_int_equal(recorder_init(&total, 1, false, NULL), 0);
	assert_int_equal(pthread_create(&tid, NULL, record_many, p), 0);
	while (!is_over) {
		struct recorder *r = record_pair_peek(p);

		if (!r) {
			sched_yield();
			continue;
		}
		/* Intervals come in order and without gaps, even when some grew together. */
		assert_int_equal(r->interval_first, next_interval);
		next_interval = r->interval_last + 1;
		is_over = r->is_final;
		recorder_add(&total, r);
		record_pair_consume(p);
	}
	pthread_join(tid, NULL);
	assert_null(record_pair_peek(p));
	assert_int_equal(total.ops[0].ops_count, RECORDS);
	assert_int_equal(total.ops[0].response->total, RECORDS);
	recorder_deinit(&total);
	record_pair_deinit(p);
	free(p);
}

static void test_slow_collector_makes_intervals_grow(void **state)
{
	struct record_pair *p = new_pair();
	struct recorder *first = record_pair_active(p);
	struct recorder *second = record_pair_publish(p, 1, 1);

	(void)state;
	assert_non_null(second);
	assert_ptr_not_equal(first, second);
	/* The first is still published: the second goes on. */
	assert_null(record_pair_publish(p, 2, 2));
	assert_null(record_pair_publish(p, 3, 3));
	assert_ptr_equal(record_pair_peek(p), first);
	record_pair_consume(p);
	assert_ptr_equal(record_pair_publish(p, 4, 4), first);
	assert_int_equal(second->interval_first, 1);
	assert_int_equal(second->interval_last, 3);
	record_pair_deinit(p);
	free(p);
}

static void test_codes_beyond_the_table_are_counted_together(void **state)
{
	struct recorder r = { 0 };

	(void)state;
	for (int64_t code = 0; code < RECORD_CODES_MAX + 3; code++) {
		recorder_rpc_error(&r, -code);
		recorder_rpc_error(&r, -code);
	}
	assert_int_equal(r.errors[ERROR_RPC], 2 * (RECORD_CODES_MAX + 3));
	assert_int_equal(r.codes_count, RECORD_CODES_MAX);
	assert_int_equal(r.codes[5].count, 2);
	assert_int_equal(r.codes_other, 6);
}

static void test_ring_in_any_order(void **state)
{
	struct rng rng;
	struct conn c;
	uint64_t answered = 0;

	(void)state;
	rng_init(&rng, 1, 0);
	assert_int_equal(conn_init(&c, 0, 8, NULL), 0);
	/* Start just before the ids wrap. */
	c.head_id = c.tail_id = REQUEST_ID_END - 50;
	while (answered < 10000) {
		uint32_t wait[64];
		size_t n = 0;

		while (c.pending < 8 && !conn_is_full(&c)) {
			uint32_t id = c.tail_id;

			conn_push(&c)->items = id;
		}
		for (uint64_t i = c.head; i < c.tail; i++)
			if (!c.slots[i & c.mask].is_done)
				wait[n++] = c.slots[i & c.mask].items;
		assert_int_equal(n, c.pending);
		for (size_t i = 0; i < n; i++) {
			struct slot *s;

			if (rng_below(&rng, 2))
				continue;
			s = conn_find(&c, wait[i]);
			assert_non_null(s);
			assert_int_equal(s->items, wait[i]);
			conn_finish(&c, s);
			/* A second reply to the same request is nobody's. */
			assert_null(conn_find(&c, wait[i]));
			answered++;
		}
	}
	assert_null(conn_find(&c, c.tail_id));
	assert_null(conn_find(&c, 0));
	assert_null(conn_find(&c, -1));
	assert_null(conn_find(&c, INT64_MAX));
	conn_deinit(&c);
}

static void test_timers_come_in_order(void **state)
{
	struct timers t;
	struct rng rng;
	uint64_t last = 0;

	(void)state;
	rng_init(&rng, 3, 0);
	assert_int_equal(timers_init(&t, 1000, NULL), 0);
	assert_int_equal(timers_first_ns(&t), TIMERS_NEVER);
	for (uint32_t i = 0; i < 1000; i++)
		timers_push(&t, rng_below(&rng, 500), i);
	for (int i = 0; i < 1000; i++) {
		assert_true(timers_first_ns(&t) >= last);
		last = timers_first_ns(&t);
		timers_pop(&t);
	}
	assert_int_equal(t.count, 0);
	timers_deinit(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hand_over_loses_nothing),
		cmocka_unit_test(test_slow_collector_makes_intervals_grow),
		cmocka_unit_test(test_codes_beyond_the_table_are_counted_together),
		cmocka_unit_test(test_ring_in_any_order),
		cmocka_unit_test(test_timers_come_in_order),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
