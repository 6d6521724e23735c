/*
 * alloc: counts are exact per thread and survive it; samples come as often as a Poisson process
 * says and every one is told when it goes.
 */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/alloc.h"
#include "daemon/base/rng.h"

/* Through a volatile pointer, so that the compiler cannot drop a malloc whose block is unused. */
static void *volatile sink;

static struct alloc_counts since(const struct alloc_counts *before)
{
	struct alloc_counts now;

	alloc_read_thread(&now);
	now.allocs_count -= before->allocs_count;
	now.frees_count -= before->frees_count;
	now.allocated_bytes -= before->allocated_bytes;
	return now;
}

static void expect_counts(const struct alloc_counts *before, uint64_t allocs_count,
			  uint64_t frees_count, uint64_t bytes)
{
	struct alloc_counts d = since(before);

	assert_int_equal(d.allocs_count, allocs_count);
	assert_int_equal(d.frees_count, frees_count);
	assert_int_equal(d.allocated_bytes, bytes);
}

static void test_each_function_counts(void **state)
{
	struct alloc_counts before;
	void *aligned = NULL;

	(void)state;
	assert_true(alloc_is_counted());
	alloc_read_thread(&before);
	sink = malloc(100);
	free(sink);
	expect_counts(&before, 1, 1, 100);
	sink = calloc(10, 10);
	free(sink);
	expect_counts(&before, 2, 2, 200);
	sink = aligned_alloc(64, 128);
	free(sink);
	expect_counts(&before, 3, 3, 328);
	assert_int_equal(posix_memalign(&aligned, 64, 64), 0);
	free(aligned);
	expect_counts(&before, 4, 4, 392);
	sink = strdup("1234567");
	free(sink);
	sink = strndup("1234567", 3);
	free(sink);
	expect_counts(&before, 6, 6, 404);
	free(NULL);
	expect_counts(&before, 6, 6, 404);
}

static void test_failures_do_not_count(void **state)
{
	volatile size_t huge = SIZE_MAX / 2 + 2;
	struct alloc_counts before;

	(void)state;
	alloc_read_thread(&before);
	sink = reallocarray(NULL, huge, 4);
	assert_null(sink);
	assert_int_equal(errno, ENOMEM);
	expect_counts(&before, 0, 0, 0);
}

static void test_realloc_counts_moves_and_growth(void **state)
{
	struct alloc_counts before;
	struct alloc_counts d;
	char *p, *grown;

	(void)state;
	alloc_read_thread(&before);
	p = realloc(NULL, 100);
	expect_counts(&before, 1, 0, 100);
	memset(p, 'x', 100);
	grown = realloc(p, 1 << 20);
	assert_non_null(grown);
	p = grown;
	d = since(&before);
	assert_int_equal(d.allocs_count, 2);
	assert_int_equal(d.frees_count, 1);
	assert_true(d.allocated_bytes > 1 << 20 && d.allocated_bytes <= 100 + (1 << 20));
	assert_true(p[0] == 'x' && p[99] == 'x');
	grown = reallocarray(p, 1 << 10, 1 << 12);
	assert_non_null(grown);
	p = grown;
	d = since(&before);
	assert_int_equal(d.allocs_count, 3);
	assert_int_equal(d.frees_count, 2);
	free(p);
	d = since(&before);
	assert_int_equal(d.allocs_count, d.frees_count);
}

enum { THREADS = 4, ROUNDS = 1000, BLOCK_BYTES = 48 };

static void *allocate(void *arg)
{
	struct alloc_counts before;
	struct alloc_counts d;

	alloc_read_thread(&before);
	for (int i = 0; i < ROUNDS; i++) {
		void *volatile p = malloc(BLOCK_BYTES);

		free(p);
	}
	d = since(&before);
	return d.allocs_count == ROUNDS && d.frees_count == ROUNDS ? NULL : arg;
}

static void test_ended_threads_still_count(void **state)
{
	struct alloc_counts before;
	struct alloc_counts after;
	pthread_t threads[THREADS];

	(void)state;
	alloc_read(&before);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, allocate, &before), 0);
	for (int i = 0; i < THREADS; i++) {
		void *failed = NULL;

		alloc_read(&after); /* reading while they run */
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	alloc_read(&after);
	/* cmocka's own allocations live in its shared library: unseen. */
	assert_int_equal(after.allocs_count - before.allocs_count, THREADS * ROUNDS);
	assert_int_equal(after.frees_count - before.frees_count, THREADS * ROUNDS);
	assert_int_equal(after.allocated_bytes - before.allocated_bytes,
			 THREADS * ROUNDS * BLOCK_BYTES);
}

static void *free_one(void *arg)
{
	free(arg);
	return NULL;
}

static pthread_key_t late_key;

static void *free_late(void *arg)
{
	void *volatile own = malloc(1);

	pthread_setspecific(late_key, arg);
	free(own);
	return NULL;
}

/* Frees by a thread that never allocated, and by destructors at its very end. */
static void test_frees_of_odd_threads_count(void **state)
{
	struct alloc_counts before;
	struct alloc_counts after;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_key_create(&late_key, free), 0);
	alloc_read(&before);
	assert_int_equal(pthread_create(&thread, NULL, free_one, malloc(8)), 0);
	pthread_join(thread, NULL);
	assert_int_equal(pthread_create(&thread, NULL, free_late, malloc(8)), 0);
	pthread_join(thread, NULL);
	alloc_read(&after);
	assert_int_equal(after.allocs_count - before.allocs_count, 3);
	assert_int_equal(after.frees_count - before.frees_count, 3);
	pthread_key_delete(late_key);
}

/* ---- sampling ---- */

enum { MEAN_BYTES = 4096, LIVE_MAX = 8192 };

static _Thread_local struct rng draw_rng;
static pthread_mutex_t live_lock = PTHREAD_MUTEX_INITIALIZER;
static void *live[LIVE_MAX];
static _Atomic int sampled_count;
static _Atomic int unmatched_count;

static int64_t draw_exponential(void)
{
	if (!draw_rng.s[0])
		rng_init(&draw_rng, 1, (uint64_t)gettid());
	return (int64_t)(-log(rng_unit(&draw_rng)) * MEAN_BYTES) + 1;
}

static void put_live(void *ptr, size_t bytes)
{
	void *volatile own = malloc(bytes); /* a hook may allocate */

	free(own);
	atomic_fetch_add(&sampled_count, 1);
	pthread_mutex_lock(&live_lock);
	for (int i = 0; i < LIVE_MAX; i++) {
		if (!live[i]) {
			live[i] = ptr;
			break;
		}
	}
	pthread_mutex_unlock(&live_lock);
}

static bool drop_live(void *ptr)
{
	bool found = false;

	pthread_mutex_lock(&live_lock);
	for (int i = 0; i < LIVE_MAX && !found; i++) {
		if (live[i] == ptr) {
			live[i] = NULL;
			found = true;
		}
	}
	pthread_mutex_unlock(&live_lock);
	if (!found)
		atomic_fetch_add(&unmatched_count, 1);
	return found;
}

static int live_count(void)
{
	int n = 0;

	for (int i = 0; i < LIVE_MAX; i++)
		n += live[i] != NULL;
	return n;
}

static const struct alloc_hook hook = { draw_exponential, put_live, drop_live };

static void *allocate_and_free(void *arg)
{
	enum { KEPT = 64 };
	void *kept[KEPT] = { NULL };
	struct rng rng;

	rng_init(&rng, 2, (uint64_t)(uintptr_t)arg);
	for (int i = 0; i < 20000; i++) {
		size_t slot = rng_below(&rng, KEPT);
		size_t bytes = 16 + rng_below(&rng, 96);

		if (rng_below(&rng, 4) == 0) {
			kept[slot] = realloc(kept[slot], bytes);
		} else {
			free(kept[slot]);
			kept[slot] = malloc(bytes);
		}
	}
	for (int i = 0; i < KEPT; i++)
		free(kept[i]);
	return NULL;
}

/* Every sample that was told of is told gone, also across threads, reallocs and hash clashes. */
static void test_every_sample_is_matched_by_its_free(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	assert_int_equal(alloc_set_hook(&hook), 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, allocate_and_free, (void *)i),
				 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(alloc_set_hook(NULL), 0);
	assert_true(atomic_load(&sampled_count) > 100);
	assert_int_equal(live_count(), 0);
	/* The filter keeps almost all other frees away from the hook. */
	assert_true(atomic_load(&unmatched_count) < THREADS * 20000 / 100);
}

/* 2^20 blocks of 64 bytes at 4 KiB: 16384 expected, five standard deviations are 640. */
static void test_rate_is_that_of_the_mean(void **state)
{
	int expected = (1 << 20) / (MEAN_BYTES / 64);

	(void)state;
	atomic_store(&sampled_count, 0);
	alloc_set_hook(&hook);
	for (int i = 0; i < 1 << 20; i++) {
		sink = malloc(64);
		free(sink);
	}
	alloc_set_hook(NULL);
	assert_true(abs(atomic_load(&sampled_count) - expected) < 640);
}

static void test_no_hook_no_samples(void **state)
{
	int before = atomic_load(&sampled_count);

	(void)state;
	for (int i = 0; i < 10000; i++) {
		sink = malloc(1024);
		free(sink);
	}
	assert_int_equal(atomic_load(&sampled_count), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_function_counts),
		cmocka_unit_test(test_failures_do_not_count),
		cmocka_unit_test(test_realloc_counts_moves_and_growth),
		cmocka_unit_test(test_ended_threads_still_count),
		cmocka_unit_test(test_frees_of_odd_threads_count),
		cmocka_unit_test(test_every_sample_is_matched_by_its_free),
		cmocka_unit_test(test_rate_is_that_of_the_mean),
		cmocka_unit_test(test_no_hook_no_samples),
	};

	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
