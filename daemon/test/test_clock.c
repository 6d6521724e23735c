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

/* setenv again. NOLINTBEGIN(concurrency-mt-unsafe) */
static void test_simd_level_can_be_lowered_not_raised(void **state)
{
	enum cpu_simd best;

	(void)state;
	unsetenv("GOXEL_CPU_MAX");
	best = cpu_simd_level();
	setenv("GOXEL_CPU_MAX", "scalar", 1);
	assert_int_equal(cpu_simd_level(), CPU_SCALAR);
	setenv("GOXEL_CPU_MAX", "avx512", 1);
	assert_int_equal(cpu_simd_level(), best);
	unsetenv("GOXEL_CPU_MAX");
	assert_string_equal(cpu_simd_name(CPU_AVX2), "avx2");
}

static void test_simd_level_aborts_on_an_unknown_word(void **state)
{
	pid_t pid = fork();
	int status = 0;

	(void)state;
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		setenv("GOXEL_CPU_MAX", "mmx", 1);
		cpu_simd_level();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
/* NOLINTEND(concurrency-mt-unsafe) */

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
		cmocka_unit_test(test_simd_level_aborts_on_an_unknown_word),
	};

	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
