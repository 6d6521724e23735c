/* Pictures kept for who asks again: found by their whole key, bounded, from any thread. Proves
 * */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/base/budget.h"
#include "daemon/base/rng.h"
#include "daemon/render/cache.h"

enum { PICTURE = 1000, BYTES_MAX = 10 * PICTURE, THREADS = 4, ROUNDS = 3000, KEYS = 24 };

static struct span key_of(char *text, size_t size, unsigned n)
{
	int len = snprintf(text, size, "key %u", n);

	return span_of(text, (size_t)len);
}

static void put(struct cache *c, unsigned n)
{
	char key[32];
	char picture[PICTURE];

	memset(picture, (int)(n & 127), sizeof(picture));
	cache_put(c, key_of(key, sizeof(key), n), span_of(picture, sizeof(picture)));
}

/* Whether it is there, and then it is that one. */
static bool has(struct cache *c, unsigned n)
{
	struct strbuf out = { 0 };
	char key[32];
	bool is_there = cache_get(c, key_of(key, sizeof(key), n), &out);

	if (is_there) {
		assert_int_equal(out.len, PICTURE);
		for (size_t i = 0; i < out.len; i++)
			assert_int_equal(out.ptr[i], (char)(n & 127));
	}
	strbuf_deinit(&out);
	return is_there;
}

static void test_what_was_put_is_found_and_nothing_else(void **state)
{
	struct cache *c = cache_new(BYTES_MAX);
	struct cache_stats s;

	(void)state;
	assert_false(has(c, 1));
	put(c, 1);
	put(c, 1);
	assert_true(has(c, 1));
	assert_false(has(c, 2));
	assert_false(has(c, 11));
	cache_read_stats(c, &s);
	assert_int_equal(s.pictures_count, 1);
	assert_int_equal(s.bytes, PICTURE);
	assert_int_equal(s.hits_count, 1);
	assert_int_equal(s.misses_count, 3);
	cache_free(c);
}

static void test_what_was_asked_for_longest_ago_goes_first(void **state)
{
	struct cache *c = cache_new(BYTES_MAX);
	struct cache_stats s;

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		put(c, i);
	assert_true(has(c, 0));
	put(c, 10);
	assert_true(has(c, 0));
	assert_false(has(c, 1));
	assert_true(has(c, 10));
	for (unsigned i = 100; i < 200; i++)
		put(c, i);
	cache_read_stats(c, &s);
	assert_int_equal(s.pictures_count, 10);
	assert_int_equal(s.bytes, BYTES_MAX);
	assert_int_equal(s.evicted_count, 101);
	cache_free(c);
}

static void test_what_is_too_large_is_not_kept(void **state)
{
	static char large[BYTES_MAX / 4 + 1];
	static char key[CACHE_KEY_MAX + 1];
	struct cache *c = cache_new(BYTES_MAX);
	struct cache_stats s;

	(void)state;
	cache_put(c, span_of(key, CACHE_KEY_MAX), span_of(large, sizeof(large)));
	cache_put(c, span_of(key, sizeof(key)), span_of(large, 10));
	cache_read_stats(c, &s);
	assert_int_equal(s.pictures_count, 0);
	cache_put(c, span_of(key, CACHE_KEY_MAX), span_of(large, sizeof(large) - 1));
	cache_read_stats(c, &s);
	assert_int_equal(s.pictures_count, 1);
	cache_free(c);
}

static void test_the_number_of_pictures_is_bounded(void **state)
{
	struct cache *c = cache_new(1 << 20);
	struct cache_stats s;

	(void)state;
	for (unsigned i = 0; i < CACHE_PICTURES_MAX + 10; i++) {
		char key[32];

		cache_put(c, key_of(key, sizeof(key), i), span_of("x", 1));
	}
	cache_read_stats(c, &s);
	assert_int_equal(s.pictures_count, CACHE_PICTURES_MAX);
	assert_int_equal(s.evicted_count, 10);
	cache_free(c);
}

static void *use(void *arg)
{
	struct cache *c = arg;
	struct rng rng;

	rng_init(&rng, 1, (uint64_t)(uintptr_t)&rng);
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned n = (unsigned)rng_below(&rng, KEYS);

		if (!has(c, n))
			put(c, n);
	}
	return NULL;
}

static void test_any_thread_may_use_it(void **state)
{
	struct cache *c = cache_new(BYTES_MAX);
	pthread_t threads[THREADS];
	struct cache_stats s;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use, c), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	cache_read_stats(c, &s);
	assert_int_equal(s.bytes, BYTES_MAX);
	assert_int_equal(s.hits_count + s.misses_count, THREADS * ROUNDS);
	assert_true(s.hits_count > 0);
	cache_free(c);
}

/* Issue 7, item 2: pictures go before anything else is refused, the oldest first. */
static void test_short_memory_drops_pictures(void **state)
{
	struct cache *c = cache_new(BYTES_MAX);
	uint64_t used = budget_used();
	struct cache_stats s;

	(void)state;
	for (unsigned n = 0; n < 10; n++)
		put(c, n);
	assert_true(has(c, 0));
	budget_set_limit(budget_used() + PICTURE);
	assert_true(budget_take(BUDGET_FILES, (size_t)3 * PICTURE));
	cache_read_stats(c, &s);
	assert_int_equal(s.pictures_count, 8);
	assert_true(has(c, 0));
	assert_false(has(c, 1));
	assert_false(has(c, 2));
	/* A copy of a picture, made with the cache locked, finds no memory and waits for nobody. */
	{
		struct strbuf out = strbuf_counted(BUDGET_PICTURES);
		char key[32];

		budget_set_limit(budget_used());
		assert_false(cache_get(c, key_of(key, sizeof(key), 0), &out));
		strbuf_deinit(&out);
	}
	/* All of them, and then a refusal. */
	assert_false(budget_take(BUDGET_FILES, (size_t)9 * PICTURE));
	cache_read_stats(c, &s);
	assert_int_equal(s.pictures_count, 0);
	budget_give(BUDGET_FILES, (size_t)3 * PICTURE);
	budget_set_limit(0);
	cache_free(c);
	assert_int_equal(budget_used(), used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_put_is_found_and_nothing_else),
		cmocka_unit_test(test_what_was_asked_for_longest_ago_goes_first),
		cmocka_unit_test(test_what_is_too_large_is_not_kept),
		cmocka_unit_test(test_the_number_of_pictures_is_bounded),
		cmocka_unit_test(test_any_thread_may_use_it),
		cmocka_unit_test(test_short_memory_drops_pictures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
