/*
 * Contract of the buffers axis: every registered backend passes the same cases; what
 * only the pool promises (nothing allocated in steady state, bounded memory) follows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "daemon/buffers/buffers.h"

enum { DEADLINE_S = 60, HANDED_COUNT = 20000 };

/* ---- the allocator under test: counts, and fails on command ------------------ */

static _Atomic long allocs_count;
static _Atomic long allocs_left = -1; /* before each further call fails; negative = never */

/* The linker chooses these names (--wrap). */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__real_aligned_alloc(size_t align, size_t bytes);
void *__wrap_aligned_alloc(size_t align, size_t bytes);

static bool may_allocate(void)
{
	allocs_count++;
	if (allocs_left == 0)
		return false;
	if (allocs_left > 0)
		allocs_left--;
	return true;
}

void *__wrap_malloc(size_t bytes)
{
	return may_allocate() ? __real_malloc(bytes) : NULL;
}

void *__wrap_aligned_alloc(size_t align, size_t bytes)
{
	return may_allocate() ? __real_aligned_alloc(align, bytes) : NULL;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static struct buffers *open_b(const char *name, int huge_pages)
{
	struct buffers_cfg cfg = { .clients_count = 16, .huge_pages = huge_pages };
	struct err err = ERR_INIT;
	struct buffers *b = NULL;

	if (buffers_open(name, &cfg, &b, &err) < 0)
		fail_msg("%s", err.msg);
	return b;
}

static void for_each_backend(void (*test)(const char *))
{
	for (size_t i = 0; buffers_backends[i]; i++)
		test(buffers_backends[i]->head.name);
}

static struct buffers_stats stats_of(struct buffers *b)
{
	struct buffers_stats s = { 0 };

	buffers_stats(b, &s);
	return s;
}

/* ---- all backends -------------------------------------------------------------- */

static void sizes_and_alignment(const char *name)
{
	const size_t sizes[] = { 0,    1,    63,    64,    511,   512,     513,     4095,
				 4096, 4097, 65535, 65536, 65537, 1 << 20, 17 << 20 };
	struct buffers *b = open_b(name, 0);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t cap = 0;
		char *ptr = buffers_get(b, sizes[i], &cap);

		assert_non_null(ptr);
		assert_true(cap >= sizes[i]);
		assert_true(cap > 0);
		assert_int_equal(
			(uintptr_t)ptr % (strcmp(name, "pool") ? alignof(max_align_t) : 64), 0);
		memset(ptr, 0x5a, cap); /* all of it is ours: asan looks */
		assert_int_equal(stats_of(b).out_bytes, cap);
		buffers_put(b, ptr, cap);
		assert_int_equal(stats_of(b).out_bytes, 0);
	}
	assert_int_equal(stats_of(b).gets_count, sizeof(sizes) / sizeof(*sizes));
	buffers_close(b);
}

static void test_sizes_and_alignment(void **state)
{
	(void)state;
	for_each_backend(sizes_and_alignment);
}

static void buffers_are_distinct(const char *name)
{
	enum { COUNT = 300 };
	struct buffers *b = open_b(name, 0);
	unsigned char *ptrs[COUNT];
	size_t caps[COUNT];

	for (int lap = 0; lap < 3; lap++) {
		for (int i = 0; i < COUNT; i++) {
			ptrs[i] = buffers_get(b, (size_t)1 << (i % 18), &caps[i]);
			assert_non_null(ptrs[i]);
			memset(ptrs[i], i & 0xff, caps[i]);
		}
		for (int i = 0; i < COUNT; i++) {
			assert_int_equal(ptrs[i][0], i & 0xff);
			assert_int_equal(ptrs[i][caps[i] - 1], i & 0xff);
			buffers_put(b, ptrs[i], caps[i]);
		}
	}
	buffers_close(b);
}

static void test_buffers_are_distinct(void **state)
{
	(void)state;
	for_each_backend(buffers_are_distinct);
}

static void too_large_is_refused(const char *name)
{
	struct buffers *b = open_b(name, 0);
	size_t cap = 77;

	assert_null(buffers_get(b, BUFFERS_BYTES_MAX + 1, &cap));
	assert_null(buffers_get(b, SIZE_MAX, &cap));
	assert_int_equal(stats_of(b).out_bytes, 0);
	buffers_put(b, NULL, 0);
	buffers_close(b);
}

static void test_too_large_is_refused(void **state)
{
	(void)state;
	for_each_backend(too_large_is_refused);
}

/* Whatever call fails, the answer is NULL or a good buffer, and nothing leaks (asan). */
static void out_of_memory_is_an_answer(const char *name)
{
	const size_t sizes[] = { 100, 4000, 60000, 100000 };

	for (long left = 0; left < 8; left++) {
		struct buffers_cfg cfg = { 0 };
		struct err err = ERR_INIT;
		struct buffers *b = NULL;
		int rc;

		allocs_left = left;
		rc = buffers_open(name, &cfg, &b, &err);
		if (rc < 0) {
			assert_int_equal(rc, -ENOMEM);
			assert_null(b);
			allocs_left = -1;
			continue;
		}
		for (int i = 0; i < 4; i++) {
			size_t cap = 0;
			void *ptr = buffers_get(b, sizes[i], &cap);

			if (ptr)
				memset(ptr, 1, cap);
			buffers_put(b, ptr, cap);
		}
		allocs_left = -1;
		assert_int_equal(stats_of(b).out_bytes, 0);
		buffers_close(b);
	}
}

static void test_out_of_memory_is_an_answer(void **state)
{
	(void)state;
	for_each_backend(out_of_memory_is_an_answer);
}

/* The child closes with a buffer out, and must die by the assertion. */
static void missing_put_is_asserted(const char *name)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		struct rlimit no_core = { 0, 0 };
		struct buffers *b = open_b(name, 0);
		size_t cap;

		setrlimit(RLIMIT_CORE, &no_core);
		close(2); /* its message is not for the log */
		signal(SIGABRT, SIG_DFL);
		if (!buffers_get(b, 10, &cap))
			_exit(3);
		buffers_close(b);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void test_missing_put_is_asserted(void **state)
{
	(void)state;
	for_each_backend(missing_put_is_asserted);
}

/* ---- threads ------------------------------------------------------------------- */

/* One slot between two threads; the taker empties it, the giver fills it. */
struct hand {
	struct buffers *b;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	void *ptr;
	size_t cap;
};

static void *take_and_put(void *arg)
{
	struct hand *h = arg;

	for (int i = 0; i < HANDED_COUNT; i++) {
		void *ptr;
		size_t cap;

		pthread_mutex_lock(&h->lock);
		while (!h->ptr)
			pthread_cond_wait(&h->changed, &h->lock);
		ptr = h->ptr;
		cap = h->cap;
		h->ptr = NULL;
		pthread_mutex_unlock(&h->lock);
		pthread_cond_signal(&h->changed);
		buffers_put(h->b, ptr, cap);
	}
	return NULL;
}

/* Returns how many allocations the second half of the hand-overs made. */
static long hand_over(struct buffers *b)
{
	struct hand h = { .b = b };
	pthread_t taker;
	long before = 0;

	pthread_mutex_init(&h.lock, NULL);
	pthread_cond_init(&h.changed, NULL);
	assert_int_equal(pthread_create(&taker, NULL, take_and_put, &h), 0);
	for (int i = 0; i < HANDED_COUNT; i++) {
		size_t cap;
		void *ptr = buffers_get(b, i % 3 == 0 ? 300 : 3000, &cap);

		assert_non_null(ptr);
		if (i == HANDED_COUNT / 2)
			before = allocs_count;
		pthread_mutex_lock(&h.lock);
		while (h.ptr)
			pthread_cond_wait(&h.changed, &h.lock);
		h.ptr = ptr;
		h.cap = cap;
		pthread_mutex_unlock(&h.lock);
		pthread_cond_signal(&h.changed);
	}
	pthread_join(taker, NULL);
	pthread_cond_destroy(&h.changed);
	pthread_mutex_destroy(&h.lock);
	return allocs_count - before;
}

static void other_threads_may_put(const char *name)
{
	struct buffers *b = open_b(name, 0);
	long late_allocs = hand_over(b);

	assert_int_equal(stats_of(b).out_bytes, 0);
	assert_int_equal(stats_of(b).gets_count, HANDED_COUNT);
	/* no allocation in steady state, also when one thread gets and another puts. */
	if (!strcmp(name, "pool"))
		assert_int_equal(late_allocs, 0);
	buffers_close(b);
}

static void test_other_threads_may_put(void **state)
{
	(void)state;
	for_each_backend(other_threads_may_put);
}

static void *churn(void *arg)
{
	struct buffers *b = arg;
	void *ptrs[50];
	size_t caps[50];

	for (int lap = 0; lap < 200; lap++) {
		for (int i = 0; i < 50; i++) {
			ptrs[i] = buffers_get(b, (size_t)(i * 97 % 5000), &caps[i]);
			memset(ptrs[i], i, caps[i]);
		}
		for (int i = 0; i < 50; i++)
			buffers_put(b, ptrs[i], caps[i]);
	}
	return NULL;
}

static void threads_come_and_go(const char *name)
{
	struct buffers *b = open_b(name, 0);

	for (int lap = 0; lap < 5; lap++) {
		pthread_t threads[4];

		for (int i = 0; i < 4; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, churn, b), 0);
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
	}
	/* The counters of threads that ended are not lost. */
	assert_int_equal(stats_of(b).gets_count, 5 * 4 * 200 * 50);
	assert_int_equal(stats_of(b).out_bytes, 0);
	buffers_close(b);
}

static void test_threads_come_and_go(void **state)
{
	(void)state;
	for_each_backend(threads_come_and_go);
}

/* ---- the pool alone ------------------------------------------------------------ */

static void test_pool_allocates_nothing_when_warm(void **state)
{
	struct buffers *b = open_b("pool", 0);
	long before = 0;

	(void)state;
	for (int lap = 0; lap < 100; lap++) {
		const size_t sizes[] = { 100, 512, 1000, 4096, 5000, 65536 };
		void *ptrs[6];
		size_t caps[6];

		if (lap == 1)
			before = allocs_count;
		for (int i = 0; i < 6; i++)
			ptrs[i] = buffers_get(b, sizes[i], &caps[i]);
		for (int i = 0; i < 6; i++)
			buffers_put(b, ptrs[i], caps[i]);
	}
	assert_int_equal(allocs_count - before, 0);
	assert_int_equal(stats_of(b).misses_count, 6);
	buffers_close(b);
}

static void test_pool_holds_bounded_memory(void **state)
{
	enum { COUNT = 4000 };
	static void *ptrs[COUNT];
	static size_t caps[COUNT];
	struct buffers *b = open_b("pool", 0);
	const size_t sizes[] = { 512, 4096, 65536 };
	/* Of buffers_pool.c: one thread's racks and the depots. */
	const uint64_t bound = (32 + 128 + 256 + 512 + 2048 + 2048) * UINT64_C(1024);

	(void)state;
	for (int t = 0; t < 3; t++) {
		int count = t == 2 ? COUNT / 20 : COUNT;

		for (int i = 0; i < count; i++)
			ptrs[i] = buffers_get(b, sizes[t], &caps[i]);
		for (int i = 0; i < count; i++)
			buffers_put(b, ptrs[i], caps[i]);
	}
	assert_true(stats_of(b).held_bytes <= bound);
	assert_true(stats_of(b).held_bytes > bound / 2);
	buffers_close(b);
}

/* a try is never an error, and what came of it is said. */
static void test_huge_pages_are_told_honestly(void **state)
{
	struct buffers *b = open_b("pool", 1);
	struct buffers_stats s = stats_of(b);

	(void)state;
	assert_true(s.huge_pages == 1 || s.huge_pages < 0);
	buffers_close(b);
	sizes_and_alignment("pool");
	b = open_b("pool", 1);
	churn(b);
	assert_int_equal(stats_of(b).out_bytes, 0);
	buffers_close(b);
	b = open_b("pool", 0);
	assert_int_equal(stats_of(b).huge_pages, 0);
	buffers_close(b);
}

static void test_unknown_name_is_refused(void **state)
{
	struct buffers_cfg cfg = { 0 };
	struct err err = ERR_INIT;
	struct buffers *b = NULL;

	(void)state;
	assert_int_equal(buffers_open("nope", &cfg, &b, &err), -ENOENT);
	assert_string_equal(err.msg, "--buffers: 'nope' is not one of malloc, pool");
	buffers_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_and_alignment),
		cmocka_unit_test(test_buffers_are_distinct),
		cmocka_unit_test(test_too_large_is_refused),
		cmocka_unit_test(test_out_of_memory_is_an_answer),
		cmocka_unit_test(test_missing_put_is_asserted),
		cmocka_unit_test(test_other_threads_may_put),
		cmocka_unit_test(test_threads_come_and_go),
		cmocka_unit_test(test_pool_allocates_nothing_when_warm),
		cmocka_unit_test(test_pool_holds_bounded_memory),
		cmocka_unit_test(test_huge_pages_are_told_honestly),
		cmocka_unit_test(test_unknown_name_is_refused),
	};

	alarm(DEADLINE_S);
	return cmocka_run_group_tests_name("buffers", tests, NULL, NULL);
}
