/*
 * Events, counters, targets, memory and waits. Counts are compared with work
 * of known size; what is not permitted here is skipped with the reason.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "daemon/base/sock.h"
#include "profiles/capture/counters.h"
#include "profiles/capture/events.h"
#include "profiles/capture/permit.h"
#include "profiles/capture/procstat.h"
#include "profiles/capture/target.h"
#include "profiles/capture/waits.h"

enum { CALLS_COUNT = 5000, PAGES_COUNT = 2000, PAGE_BYTES = 4096 };

static struct permit permit;

static int probe(void **state)
{
	(void)state;
	permit_probe(&permit);
	return 0;
}

static void need(enum permit_item item)
{
	if (permit.items[item].is_ok)
		return;
	print_message("SKIP: %s: %s\n", permit_name(item), permit.items[item].why);
	skip();
}

static int open_counters(struct event *events, size_t count, bool with_kernel, struct counters **c,
			 struct err *err)
{
	const struct counters_cfg cfg = {
		.pid = getpid(),
		.events = events,
		.count = count,
		.with_kernel = with_kernel,
	};

	return counters_open(&cfg, c, err);
}

static struct counter_estimate read_one(struct counters *c)
{
	const struct counter_value zero = { 0 };
	struct counter_value value;

	counters_read(c, &value);
	return counters_estimate(c, 0, &zero, &value);
}

static void *call_kernel(void *arg)
{
	for (int i = 0; i < CALLS_COUNT; i++)
		syscall(SYS_getppid);
	return arg;
}

/* The thread is started after the counters: they are inherited. */
static void test_system_calls_of_a_new_thread_are_counted(void **state)
{
	struct counter_estimate value;
	struct counters *c = NULL;
	struct err err = ERR_INIT;
	struct event event;
	pthread_t thread;

	(void)state;
	need(PERMIT_COUNT_KERNEL);
	need(PERMIT_TRACEPOINTS);
	assert_int_equal(events_parse("raw_syscalls:sys_enter", permit.tracefs, &event, 1, &err),
			 1);
	assert_int_equal(event.kind, EVENT_TRACEPOINT);
	if (open_counters(&event, 1, true, &c, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(pthread_create(&thread, NULL, call_kernel, NULL), 0);
	pthread_join(thread, NULL);
	call_kernel(NULL);
	value = read_one(c);
	/* Starting and joining a thread makes a few calls, too. */
	assert_true(value.total >= 2 * CALLS_COUNT && value.total < 2 * CALLS_COUNT + 200);
	counters_close(c);
}

static void test_page_faults_are_split_into_user_and_kernel(void **state)
{
	struct counter_estimate value;
	struct counters *c = NULL;
	struct err err = ERR_INIT;
	struct event event;
	char *pages;

	(void)state;
	need(PERMIT_COUNT_KERNEL);
	assert_int_equal(events_parse("page-faults", "", &event, 1, &err), 1);
	assert_int_equal(event.kind, EVENT_SOFTWARE);
	assert_true(event.is_split);
	pages = mmap(NULL, (size_t)PAGES_COUNT * PAGE_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(pages, MAP_FAILED);
	madvise(pages, (size_t)PAGES_COUNT * PAGE_BYTES, MADV_NOHUGEPAGE);
	assert_int_equal(open_counters(&event, 1, true, &c, &err), 0);
	for (size_t i = 0; i < PAGES_COUNT; i++)
		*(volatile char *)(pages + i * PAGE_BYTES) = 1;
	value = read_one(c);
	/* A sanitizer touches shadow pages of its own for each. */
	assert_true(value.user >= PAGES_COUNT && value.user < 8 * PAGES_COUNT);
	assert_true(value.total == value.user + value.kernel);
	counters_close(c);
	munmap(pages, (size_t)PAGES_COUNT * PAGE_BYTES);
}

/*
 * Windows over part of the work: scaled up by CPU time they come to all of it. The kernel's own
 * totals are exact beside them.
 */
static void test_windows_are_scaled_up_to_the_whole(void **state)
{
	struct counter_value before[2], after[2];
	struct counter_estimate calls, clock;
	struct counters *c = NULL;
	struct err err = ERR_INIT;
	struct event events[2];

	(void)state;
	need(PERMIT_COUNT_KERNEL);
	need(PERMIT_TRACEPOINTS);
	assert_int_equal(
		events_parse("raw_syscalls:sys_enter,task-clock", permit.tracefs, events, 2, &err),
		2);
	const struct counters_cfg cfg = {
		.pid = getpid(),
		.events = events,
		.count = 2,
		.with_kernel = true,
		.is_windowed = true,
	};
	assert_int_equal(counters_open(&cfg, &c, &err), 0);
	assert_false(events[0].is_exact);
	assert_true(events[1].is_exact);
	counters_read(c, before);
	for (int i = 0; i < 40; i++) {
		if (i % 4 == 0)
			counters_window_begin(c);
		call_kernel(NULL);
		if (i % 4 == 0)
			counters_window_end(c);
	}
	counters_read(c, after);
	calls = counters_estimate(c, 0, &before[0], &after[0]);
	clock = counters_estimate(c, 1, &before[1], &after[1]);
	/* A quarter was counted; opening and closing makes CPU time without many calls. */
	assert_true(calls.ratio > 0.05 && calls.ratio < 0.6);
	assert_true(calls.total > 20 * CALLS_COUNT && calls.total < 80 * CALLS_COUNT);
	assert_true(clock.ratio == 1 && clock.total > 0);
	counters_close(c);
}

/* says which events are missing and why. */
static void test_missing_events_have_their_reason(void **state)
{
	struct event events[3];
	struct counters *c = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(events_parse("no-such-event,task-clock,nogroup:noevent", "/nowhere",
				      events, 3, &err),
			 3);
	assert_non_null(strstr(events[0].missing, "libpfm4"));
	assert_string_equal(events[1].missing, "");
	assert_non_null(strstr(events[2].missing, "no such tracepoint"));
	need(PERMIT_COUNT_USER);
	assert_int_equal(open_counters(events, 3, false, &c, &err), 0);
	counters_close(c);
	assert_int_equal(open_counters(events, 1, false, &c, &err), -ENOENT);
}

static void test_event_lists_are_checked(void **state)
{
	static const char *const bad[] = { "",   "a,,b",        "{a,b",   "{a,{b}}",
					   "a}", "task-clock,", "{a}b,c", "a,b,c,d,e" };
	struct event events[4];
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(events_parse(bad[i], "", events, 4, &err) < 0);
	assert_int_equal(events_parse("{cycles,instructions},task-clock", "", events, 4, &err), 3);
	assert_int_equal(events[0].group, events[1].group);
	assert_int_equal(events[2].group, 0);
}

static void *hold_out_for_mutex(void *arg)
{
	pthread_mutex_lock(arg);
	pthread_mutex_unlock(arg);
	return NULL;
}

static void test_target_knows_threads_and_listeners(void **state)
{
	struct sock_addr addr = { .is_unix = true }, found[16];
	struct target target;
	struct err err = ERR_INIT;
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_t thread;
	pid_t *tids;
	bool is_found = false;
	int fd, count;

	(void)state;
	snprintf(addr.path, sizeof(addr.path), "/tmp/test_counters.%d.sock", (int)getpid());
	fd = sock_listen(&addr, 1, 0600, &err);
	assert_true(fd >= 0);
	pthread_mutex_lock(&mutex);
	assert_int_equal(pthread_create(&thread, NULL, hold_out_for_mutex, &mutex), 0);
	assert_int_equal(target_open(getpid(), &target, &err), 0);
	assert_true(target_is_alive(&target));
	count = target_threads(getpid(), &tids);
	assert_true(count >= 2); /* a sanitizer may have its own */
	assert_int_equal(tids[0], getpid());
	assert_int_equal(target_open(tids[1], &target, &err), -EINVAL);
	free(tids);
	count = target_listeners(getpid(), found, 16);
	for (int i = 0; i < count; i++)
		is_found |= found[i].is_unix && strcmp(found[i].path, addr.path) == 0;
	assert_true(is_found);
	pthread_mutex_unlock(&mutex);
	pthread_join(thread, NULL);
	target_close(&target);
	close(fd);
	unlink(addr.path);
	assert_int_equal(target_open(0, &target, &err), -EINVAL);
	assert_int_equal(target_open(0x7ffffff0, &target, &err), -ESRCH);
}

static void test_smaps_tells_stacks_heap_and_files_apart(void **state)
{
	static const char text[] = "00400000-00401000 r-xp 00000000 08:01 7      /bin/x\n"
				   "Rss:                   4 kB\nAnonymous:             0 kB\n"
				   "01000000-01021000 rw-p 00000000 00:00 0      [heap]\n"
				   "Rss:                 100 kB\nAnonymous:           100 kB\n"
				   "7f0000000000-7f0000001000 ---p 00000000 00:00 0 \n"
				   "Rss:                   0 kB\nAnonymous:             0 kB\n"
				   "7f0000001000-7f0000041000 rw-p 00000000 00:00 0 \n"
				   "Rss:                  12 kB\nAnonymous:            12 kB\n"
				   "7f0000050000-7f0000060000 rw-p 00000000 00:00 0 \n"
				   "Rss:                  40 kB\nAnonymous:            40 kB\n"
				   "7ff000000000-7ff000021000 rw-p 00000000 00:00 0      [stack]\n"
				   "Rss:                   8 kB\nAnonymous:             8 kB\n";
	struct procstat_row row = { 0 };

	(void)state;
	procstat_parse_smaps(text, &row);
	assert_int_equal(row.heap_bytes, 140 * 1024);
	assert_int_equal(row.stacks_bytes, 20 * 1024);
	assert_int_equal(row.stacks_virtual_bytes, 0x40000 + 0x21000);
	assert_int_equal(row.files_bytes, 4 * 1024);
}

static void test_memory_of_a_living_process(void **state)
{
	struct procstat p;
	struct strbuf csv = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	procstat_init(&p, getpid());
	assert_int_equal(procstat_take(&p, &err), 0);
	assert_int_equal(procstat_take(&p, &err), 0);
	assert_true(p.rows[0].rss_bytes > 0 && p.rows[0].pss_bytes <= p.rows[0].rss_bytes);
	assert_true(p.rows[0].threads_count >= 1);
	procstat_write_csv(&p, &csv);
	assert_int_equal(strncmp(csv.ptr, "time_s,rss_bytes,pss_bytes,", 27), 0);
	strbuf_deinit(&csv);
	p.pid = 0x7ffffff0;
	assert_int_equal(procstat_take(&p, &err), -ESRCH);
	procstat_deinit(&p);
}

static void test_blocked_calls_are_told_apart(void **state)
{
	static const struct {
		long number;
		const char *arguments, *kind;
	} cases[] = {
		{ SYS_futex, "0x7f00 0x80 0x2 0x0 0x0 0x0 0x7ffc 0x7f01", "mutex" },
		{ SYS_futex, "0x7f00 0x189 0x0 0x0 0x0 0xffffffff 0x7ffc 0x7f01", "futex" },
		{ SYS_futex, "0x7f00 0x80 0x7 0x0 0x0 0x0 0x7ffc 0x7f01", "futex" },
		{ SYS_epoll_pwait, "0x6 0x7ffd 0x40 0xffffffff 0x0 0x8 0x7ffc 0x7f01",
		  "epoll_pwait" },
		{ 999, "0x0 0x0 0x0 0x0 0x0 0x0 0x7ffc 0x7f01", "other" },
		{ -1, "0x7ffc 0x7f01", "page fault or signal" },
	};
	char line[128];

	(void)state;
	assert_int_equal(waits_parse("running\n"), -1);
	assert_string_equal(waits_kind_name((unsigned)waits_parse("nonsense\n")), "other");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(line, sizeof(line), "%ld %s\n", cases[i].number, cases[i].arguments);
		assert_string_equal(waits_kind_name((unsigned)waits_parse(line)), cases[i].kind);
	}
}

/* lock-wait time. A thread waits for a mutex that this one holds meanwhile. */
static void test_waiting_for_a_mutex_is_seen(void **state)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	struct waits w;
	pthread_t thread;
	double mutex_s = 0, cpu_s = 0;

	(void)state;
	if (getenv("TEST_RUNNER")) { /* NOLINT(concurrency-mt-unsafe): only read */
		print_message("SKIP: /proc shows the system calls of the emulator\n");
		return;
	}
	pthread_mutex_lock(&mutex);
	assert_int_equal(pthread_create(&thread, NULL, hold_out_for_mutex, &mutex), 0);
	waits_init(&w, getpid());
	for (int looks = 0; mutex_s <= 0 && looks < 10000; looks++) {
		waits_take(&w);
		for (size_t i = 0; i < w.count; i++)
			mutex_s += waits_blocked_s(&w.threads[i], 0);
		usleep(1000);
	}
	if (w.is_refused) {
		print_message("SKIP: /proc/self/task/*/syscall may not be read here\n");
	} else {
		assert_string_equal(waits_kind_name(0), "mutex");
		assert_true(mutex_s > 0);
	}
	for (size_t i = 0; i < w.count; i++)
		cpu_s += waits_of(&w.threads[i]).cpu_s;
	assert_true(cpu_s >= 0);
	pthread_mutex_unlock(&mutex);
	pthread_join(thread, NULL);
	waits_deinit(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_system_calls_of_a_new_thread_are_counted),
		cmocka_unit_test(test_page_faults_are_split_into_user_and_kernel),
		cmocka_unit_test(test_windows_are_scaled_up_to_the_whole),
		cmocka_unit_test(test_missing_events_have_their_reason),
		cmocka_unit_test(test_event_lists_are_checked),
		cmocka_unit_test(test_target_knows_threads_and_listeners),
		cmocka_unit_test(test_smaps_tells_stacks_heap_and_files_apart),
		cmocka_unit_test(test_memory_of_a_living_process),
		cmocka_unit_test(test_blocked_calls_are_told_apart),
		cmocka_unit_test(test_waiting_for_a_mutex_is_seen),
	};

	return cmocka_run_group_tests(tests, probe, NULL);
}
