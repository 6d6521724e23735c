/* clock, thread and cpu: small promises of floor 0 that need a running system. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "daemon/base/clock.h"
#include "daemon/base/cpu.h"
#include "daemon/base/err.h"
#include "daemon/base/thread.h"

static void test_clock_never_runs_back(void **state)
{
	uint64_t last_ns = clock_ns();

	(void)state;
	for (int i = 0; i < 10000; i++) {
		uint64_t now_ns = clock_ns();

		assert_true(now_ns >= last_ns);
		last_ns = now_ns;
	}
}

static void test_sleep_lasts_to_the_deadline(void **state)
{
	uint64_t deadline_ns = clock_ns() + 2 * NSEC_PER_MSEC;

	(void)state;
	clock_sleep_until_ns(deadline_ns);
	assert_true(clock_ns() >= deadline_ns);
	clock_sleep_until_ns(0); /* long past: returns at once */
}

static void test_cpu_clocks_count_work(void **state)
{
	uint64_t process_ns = clock_process_cpu_ns();
	uint64_t thread_ns = clock_thread_cpu_ns();
	uint64_t give_up_ns = clock_ns() + 30 * NSEC_PER_SEC;

	(void)state;
	while (clock_thread_cpu_ns() - thread_ns < NSEC_PER_MSEC && clock_ns() < give_up_ns)
		;
	assert_true(clock_thread_cpu_ns() - thread_ns >= NSEC_PER_MSEC);
	assert_true(clock_process_cpu_ns() - process_ns >= NSEC_PER_MSEC);
}

/* setenv and tzset: one thread only runs then. NOLINTBEGIN(concurrency-mt-unsafe) */
static void test_stamps(void **state)
{
	char text[32];

	(void)state;
	clock_format_iso(1795168800123456789ull, text, sizeof(text));
	assert_string_equal(text, "2026-11-20T10:00:00Z");
	setenv("TZ", "UTC-1", 1);
	tzset();
	clock_format_stamp(1795168800123456789ull, text, sizeof(text));
	assert_string_equal(text, "20261120_110000");
	clock_format_iso(0, text, 4);
	assert_string_equal(text, "");
}
/* NOLINTEND(concurrency-mt-unsafe) */

enum { STACK_BYTES = 512 * 1024 };

struct seen {
	char name[16];
	size_t stack_bytes;
	bool is_blocked;
};

static void *look(void *arg)
{
	struct seen *seen = arg;
	pthread_attr_t attr;
	void *base;
	sigset_t mask;

	pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstack(&attr, &base, &seen->stack_bytes);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	seen->is_blocked = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGINT) == 1;
	return arg;
}

static void test_thread_gets_name_stack_and_no_signals(void **state)
{
	struct seen seen = { 0 };
	struct err err = ERR_INIT;
	pthread_t thread;
	sigset_t mask;

	(void)state;
	assert_int_equal(thread_start(&thread, "worker-1", STACK_BYTES, look, &seen, &err), 0);
	pthread_join(thread, NULL);
	/* The name may be set after the thread has looked; the rest is there from its start. */
	assert_in_range(seen.stack_bytes, STACK_BYTES, 2 * STACK_BYTES);
	assert_true(seen.is_blocked);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	assert_int_equal(sigismember(&mask, SIGTERM), 0);
}

static void test_thread_takes_a_stack_below_the_least(void **state)
{
	struct seen seen = { 0 };
	pthread_t thread;

	(void)state;
	assert_int_equal(thread_start(&thread, "small", 1, look, &seen, NULL), 0);
	pthread_join(thread, NULL);
	assert_true(seen.stack_bytes > 0);
}

static void test_pin_refuses_what_is_not_there(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_true(cpu_count() >= 1);
	assert_int_equal(cpu_pin(-1, &err), -EINVAL);
	assert_int_equal(cpu_pin(1 << 20, &err), -EINVAL);
	assert_int_equal(cpu_pin(1000, &err), -EINVAL);
	assert_true(strlen(err.msg) > 0);
}

static void test_simd_level_can_be_lowered_not_raised(void **state)
{
	enum cpu_simd best = cpu_simd_level();

	(void)state;
	cpu_simd_set_limit(CPU_SCALAR);
	assert_int_equal(cpu_simd_level(), CPU_SCALAR);
	cpu_simd_set_limit(CPU_AVX512);
	assert_int_equal(cpu_simd_level(), best);
	assert_string_equal(cpu_simd_name(CPU_AVX2), "avx2");
}

/* A user's environment is not a test's: it neither lowers the level nor ends the process. */
static void test_simd_level_does_not_look_at_the_environment(void **state)
{
	enum cpu_simd best = cpu_simd_level();

	(void)state;
	setenv("GOXEL_CPU_MAX", "mmx", 1); /* NOLINT(concurrency-mt-unsafe) */
	assert_int_equal(cpu_simd_level(), best);
	setenv("GOXEL_CPU_MAX", "scalar", 1); /* NOLINT(concurrency-mt-unsafe) */
	assert_int_equal(cpu_simd_level(), best);
	unsetenv("GOXEL_CPU_MAX"); /* NOLINT(concurrency-mt-unsafe) */
}

static void *look_at_cpus(void *arg)
{
	cpu_set_t *set = arg;

	sched_getaffinity(0, sizeof(*set), set);
	return NULL;
}

/* The last one here: it stays so. */
static void test_threads_of_a_pinned_thread_run_everywhere_allowed(void **state)
{
	cpu_set_t before, seen;
	int cpus[2];
	size_t count = 0;
	pthread_t thread;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE && count < 2; cpu++)
		if (CPU_ISSET((size_t)cpu, &before))
			cpus[count++] = cpu;
	assert_int_equal(cpu_confine(cpus, count, &err), 0);
	assert_int_equal(cpu_count(), count);
	assert_int_equal(cpu_pin(cpus[0], &err), 0);
	assert_int_equal(cpu_count(), count);
	assert_int_equal(thread_start(&thread, "cpus", 0, look_at_cpus, &seen, NULL), 0);
	pthread_join(thread, NULL);
	assert_int_equal(CPU_COUNT(&seen), count);
	assert_int_equal(cpu_confine(cpus, 1, &err), 0);
	assert_int_equal(thread_start(&thread, "cpus", 0, look_at_cpus, &seen, NULL), 0);
	pthread_join(thread, NULL);
	assert_int_equal(CPU_COUNT(&seen), 1);
	assert_true(CPU_ISSET((size_t)cpus[0], &seen));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock_never_runs_back),
		cmocka_unit_test(test_sleep_lasts_to_the_deadline),
		cmocka_unit_test(test_cpu_clocks_count_work),
		cmocka_unit_test(test_stamps),
		cmocka_unit_test(test_thread_gets_name_stack_and_no_signals),
		cmocka_unit_test(test_thread_takes_a_stack_below_the_least),
		cmocka_unit_test(test_pin_refuses_what_is_not_there),
		cmocka_unit_test(test_simd_level_can_be_lowered_not_raised),
		cmocka_unit_test(test_simd_level_does_not_look_at_the_environment),
		cmocka_unit_test(test_threads_of_a_pinned_thread_run_everywhere_allowed),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
