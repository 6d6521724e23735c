/* Stages, start-up trace and metrics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/hist.h"
#include "daemon/base/json_out.h"
#include "daemon/telemetry/metrics.h"
#include "daemon/telemetry/stages.h"
#include "daemon/telemetry/startup.h"

enum { THREADS_COUNT = 4, REQUESTS_COUNT = 20000 };

struct stage_figures {
	uint64_t total, max_ns;
};

static struct stage_figures stage_figures(enum stage stage)
{
	struct hist *h = hist_new();
	struct stage_figures figures;

	assert_non_null(h);
	stages_read(stage, h);
	figures = (struct stage_figures){ h->total, h->max_ns };
	hist_free(h);
	return figures;
}

static uint64_t stage_total(enum stage stage)
{
	return stage_figures(stage).total;
}

static uint64_t stage_max_ns(enum stage stage)
{
	return stage_figures(stage).max_ns;
}

static void pass_all(struct stage_clock *clk)
{
	stage_mark(clk, STAGE_READ);
	stage_mark(clk, STAGE_PARSE);
	stage_mark(clk, STAGE_ENQUEUE);
	stage_mark(clk, STAGE_DEQUEUE);
	stage_mark(clk, STAGE_EXECUTE);
	stage_mark(clk, STAGE_SERIALIZE);
	stage_mark(clk, STAGE_WRITE);
}

static void test_stages_off_record_nothing(void **state)
{
	struct stage_clock clk;

	(void)state;
	stages_reset();
	stages_set_every(0);
	for (int i = 0; i < 1000; i++) {
		stage_begin(&clk, 0);
		assert_false(clk.on);
		pass_all(&clk);
		stages_record(&clk);
	}
	assert_int_equal(stage_total(STAGE_TOTAL), 0);
}

static void test_stage_lasts_from_the_mark_before(void **state)
{
	struct stage_clock clk = { .start_ns = 1000, .on = true };

	(void)state;
	stages_reset();
	/* The fast path: no queue. */
	clk.ns[STAGE_READ] = 1100;
	clk.ns[STAGE_PARSE] = 1300;
	clk.ns[STAGE_EXECUTE] = 1600;
	clk.ns[STAGE_SERIALIZE] = 2000;
	clk.ns[STAGE_WRITE] = 2500;
	stages_record(&clk);
	assert_int_equal(stage_max_ns(STAGE_EXECUTE), 300);
	assert_int_equal(stage_max_ns(STAGE_TOTAL), 1500);
	assert_int_equal(stage_total(STAGE_ENQUEUE), 0);
	assert_int_equal(stage_total(STAGE_DEQUEUE), 0);
}

/* A worker that takes whole texts from the queue parses after it: R-105. */
static void test_stages_follow_time_not_their_order(void **state)
{
	struct stage_clock clk = { .start_ns = 1000, .on = true };

	(void)state;
	stages_reset();
	clk.ns[STAGE_READ] = 1100;
	clk.ns[STAGE_ENQUEUE] = 1120;
	clk.ns[STAGE_DEQUEUE] = 1520;
	clk.ns[STAGE_PARSE] = 1600;
	clk.ns[STAGE_EXECUTE] = 1900;
	clk.ns[STAGE_SERIALIZE] = 1990;
	clk.ns[STAGE_WRITE] = 2000;
	stages_record(&clk);
	assert_int_equal(stage_max_ns(STAGE_READ), 100);
	assert_int_equal(stage_max_ns(STAGE_ENQUEUE), 20);
	assert_int_equal(stage_max_ns(STAGE_DEQUEUE), 400);
	assert_int_equal(stage_max_ns(STAGE_PARSE), 80);
	assert_int_equal(stage_max_ns(STAGE_EXECUTE), 300);
	assert_int_equal(stage_max_ns(STAGE_TOTAL), 1000);
}

static void *run_requests(void *arg)
{
	struct stage_clock clk;

	(void)arg;
	for (int i = 0; i < REQUESTS_COUNT; i++) {
		stage_begin(&clk, 0);
		pass_all(&clk);
		stages_record(&clk);
		metrics_add(METRIC_REQUESTS, 1);
		metrics_add(METRIC_READ_BYTES, 10);
	}
	metrics_add_error(-32601);
	metrics_add_error(-32000);
	metrics_add_error(-1004);
	return NULL;
}

static void run_threads(void)
{
	pthread_t threads[THREADS_COUNT];

	for (int i = 0; i < THREADS_COUNT; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_requests, NULL), 0);
	/* Reading while they write: the sanitizer builds look at this. */
	for (int i = 0; i < 10; i++) {
		struct metrics m;

		stage_total(STAGE_PARSE);
		metrics_read(&m);
	}
	for (int i = 0; i < THREADS_COUNT; i++)
		pthread_join(threads[i], NULL);
}

static void test_stages_sample_one_in_n_of_all_threads(void **state)
{
	uint64_t total;

	(void)state;
	stages_reset();
	stages_set_every(16);
	run_threads();
	total = stage_total(STAGE_TOTAL);
	stages_set_every(0);
	/* 80,000 / 16 = 5000; the gaps have a relative deviation below 0.6. */
	assert_in_range(total, 4700, 5300);
	assert_int_equal(stage_total(STAGE_WRITE), total);
}

static void test_every_request_is_sampled_at_one_in_one(void **state)
{
	struct stage_clock clk;

	(void)state;
	stages_reset();
	stages_set_every(1);
	for (int i = 0; i < 100; i++) {
		stage_begin(&clk, 0);
		pass_all(&clk);
		stages_record(&clk);
	}
	stages_set_every(0);
	assert_int_equal(stage_total(STAGE_READ), 100);
}

/* the same points are USDT probes. */
static void test_program_carries_the_seven_probes(void **state)
{
	struct stat st;
	int fd = open("/proc/self/exe", O_RDONLY);
	const char *exe;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	exe = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(exe, MAP_FAILED);
	for (unsigned i = 0; i < STAGE_COUNT; i++) {
		char name[64];
		int len = snprintf(name, sizeof(name), "goxel%crequest__%s", 0,
				   stage_name((enum stage)i));

		assert_non_null(memmem(exe, (size_t)st.st_size, name, (size_t)len + 1));
	}
	munmap((void *)exe, (size_t)st.st_size);
	close(fd);
}

static void test_metrics_outlive_their_threads(void **state)
{
	struct metrics before, after;

	(void)state;
	metrics_read(&before);
	run_threads();
	run_threads();
	metrics_read(&after);
	assert_int_equal(after.counts[METRIC_REQUESTS] - before.counts[METRIC_REQUESTS],
			 2 * THREADS_COUNT * REQUESTS_COUNT);
	assert_int_equal(after.counts[METRIC_READ_BYTES] - before.counts[METRIC_READ_BYTES],
			 20 * THREADS_COUNT * REQUESTS_COUNT);
	assert_int_equal(after.errors_count - before.errors_count, 6 * THREADS_COUNT);
	assert_int_equal(after.counts[METRIC_ERROR_METHOD] - before.counts[METRIC_ERROR_METHOD],
			 2 * THREADS_COUNT);
	assert_int_equal(after.counts[METRIC_ERROR_SERVER] - before.counts[METRIC_ERROR_SERVER],
			 2 * THREADS_COUNT);
}

static void test_levels_are_differences(void **state)
{
	struct metrics m;

	(void)state;
	metrics_add(METRIC_CONNECTIONS_OPENED, 3);
	metrics_add(METRIC_CONNECTIONS_CLOSED, 1);
	metrics_read(&m);
	assert_int_equal(m.connections_count, 2);
	metrics_add(METRIC_CONNECTIONS_CLOSED, 5);
	metrics_read(&m);
	assert_int_equal(m.connections_count, 0);
}

/* */
static void test_startup_phases_are_in_order_and_since_exec(void **state)
{
	struct startup_trace t;
	struct strbuf sb = { 0 };
	struct json_out j = { .sb = &sb };
	int context, sockets;

	(void)state;
	startup_init();
	startup_init();
	context = startup_begin("context");
	sockets = startup_begin("sockets");
	startup_end(context);
	startup_read(&t);
	assert_int_equal(t.count, 3);
	assert_string_equal(t.phases[0].name, "exec");
	assert_false(t.is_exact);
	assert_true(t.main_ns == t.main_cpu_ns || t.main_ns == t.main_ns_max);
	assert_true(t.main_ns <= t.main_ns_max);
	assert_true(t.phases[1].start_ns >= t.main_ns);
	assert_true(t.phases[2].start_ns >= t.phases[1].start_ns);
	assert_false(t.phases[1].is_open);
	assert_true(t.phases[2].is_open);
	assert_int_equal(t.ready_ns, 0);
	startup_end(sockets);
	startup_ready();
	startup_read(&t);
	assert_true(t.ready_ns >= t.phases[2].start_ns + t.phases[2].duration_ns);
	startup_write(&j, NULL);
	assert_non_null(strstr(sb.ptr, "{\"name\":\"context\",\"start_ns\":"));
	strbuf_deinit(&sb);
}

static void test_startup_counts_phases_it_has_no_room_for(void **state)
{
	struct startup_trace t;

	(void)state;
	for (int i = 0; i < STARTUP_PHASES_MAX + 3; i++)
		startup_end(startup_begin("phase"));
	startup_read(&t);
	assert_int_equal(t.count, STARTUP_PHASES_MAX);
	assert_true(t.lost_count >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stages_off_record_nothing),
		cmocka_unit_test(test_stage_lasts_from_the_mark_before),
		cmocka_unit_test(test_stages_follow_time_not_their_order),
		cmocka_unit_test(test_stages_sample_one_in_n_of_all_threads),
		cmocka_unit_test(test_every_request_is_sampled_at_one_in_one),
		cmocka_unit_test(test_program_carries_the_seven_probes),
		cmocka_unit_test(test_metrics_outlive_their_threads),
		cmocka_unit_test(test_levels_are_differences),
		cmocka_unit_test(test_startup_phases_are_in_order_and_since_exec),
		cmocka_unit_test(test_startup_counts_phases_it_has_no_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
