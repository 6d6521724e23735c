/*
 * Whole runs against small servers that misbehave on purpose: the stall that a closed loop would
 * hide, replies out of order, in pieces and never, hang-ups, and a server that dies.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "daemon/base/sock.h"
#include "loadgen/options.h"
#include "loadgen/report/outcome.h"
#include "loadgen/report/results.h"
#include "loadgen/run.h"
#include "loadgen/test/fake_server.h"

struct load {
	struct options options;
	struct workload *workload;
	struct plan plan;
	struct run_result run;
	struct outcome outcome;
};

static void load_run(struct load *l, struct server *s, const char *args)
{
	char text[256];
	char *argv[24];
	char *rest;
	int argc = 0;
	struct err err = ERR_INIT;

	memset(l, 0, sizeof(*l));
	snprintf(text, sizeof(text), "goxel-load --workload ping --progress off --unix %s %s",
		 s->addr.path, args);
	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	assert_int_equal(options_parse(&l->options, argc, argv, &err), 0);
	assert_int_equal(workload_open(l->options.workload, &l->workload, &err), 0);
	assert_int_equal(plan_init(&l->plan, &l->options, l->workload, &err), 0);
	assert_int_equal(run_load(&l->plan, NULL, &l->run, &err), 0);
	assert_int_equal(outcome_init(&l->outcome, &l->plan, &l->run, &err), 0);
}

static void load_end(struct load *l)
{
	outcome_deinit(&l->outcome);
	run_result_deinit(&l->run);
	plan_deinit(&l->plan);
	workload_close(l->workload);
}

static uint64_t errors_of(const struct load *l, enum error_kind kind)
{
	return l->run.collect.total.errors[kind];
}

/*
 * 2 s at 200/s with one stall of 500 ms: a quarter of the arrivals waits, evenly spread over
 * 0..500 ms. So the quantiles are known: p90 lies at 0.4 into the stall's share from its end, 300
 * ms; p99 at 480 ms; the maximum at 500 ms. One connection, one place: the generator can only send
 * one request into the stall and yet must count them all. On a busy machine all take longer, so
 * that only lower bounds are sure.
 */
static void test_stall_is_seen_from_the_intended_start(void **state)
{
	struct server s;
	struct load l;
	uint64_t p99_ns;

	(void)state;
	server_start(&s, serve_ping);
	s.stall_ns = 500 * NSEC_PER_MSEC;
	s.stall_after_ns = 500 * NSEC_PER_MSEC;
	load_run(&l, &s, "-c 1 --rate 200 --duration 2s --warmup 0s");
	assert_int_equal(l.outcome.ops_count, 400);
	assert_int_equal(l.outcome.errors_count, 0);
	assert_int_equal(l.outcome.response->total, 400);
	p99_ns = hist_quantile_ns(l.outcome.response, 0.99);
	assert_true(p99_ns >= 440 * NSEC_PER_MSEC);
	assert_true(hist_quantile_ns(l.outcome.response, 0.90) >= 230 * NSEC_PER_MSEC);
	assert_true(hist_quantile_ns(l.outcome.response, 0.50) < p99_ns / 2);
	/* Service time is blind to it: one request of 400 took long. */
	assert_true(hist_quantile_ns(l.outcome.service, 0.99) < p99_ns / 2);
	/* The wait was the server's, so it is not the generator's lag. */
	assert_true(l.outcome.check.blocked_count >= 80);
	assert_true(l.outcome.check.lag_p99_ns < p99_ns / 2);
	load_end(&l);
	server_stop(&s);
}

static void test_closed_loop_counts_agree(void **state)
{
	struct server s;
	struct load l;
	uint64_t rows = 0;

	(void)state;
	server_start(&s, serve_ping);
	load_run(&l, &s, "-c 1 --depth 4 --duration 1200ms --warmup 100ms --check full");
	assert_int_equal(l.run.state, RUN_COMPLETE);
	assert_true(l.outcome.check.is_valid);
	assert_true(l.outcome.ops_count > 1000);
	assert_int_equal(l.outcome.errors_count, 0);
	assert_int_equal(l.outcome.response->total, l.outcome.ops_count);
	for (size_t i = 0; i < l.run.collect.rows_count; i++)
		rows += l.run.collect.rows[i].ops_count;
	assert_int_equal(rows, l.outcome.ops_count);
	/* One row of warm-up, then a whole second and the rest. */
	assert_int_equal(l.run.collect.rows_count, 3);
	assert_false(l.run.collect.rows[0].is_recorded);
	assert_int_equal(l.run.collect.rows[1].length_ns, NSEC_PER_SEC);
	load_end(&l);
	server_stop(&s);
}

static void test_replies_in_any_order(void **state)
{
	struct server s;
	struct load l;

	(void)state;
	server_start(&s, serve_backwards);
	load_run(&l, &s,
		 "-c 1 --depth 8 --duration 300ms --warmup 0s --timeout 500ms "
		 "--errors-allowed 1");
	assert_int_equal(l.run.state, RUN_COMPLETE);
	assert_true(l.outcome.ops_count > 100);
	/* At the end fewer than eight may wait for a full hand. */
	assert_true(l.outcome.errors_count < 8);
	assert_int_equal(errors_of(&l, ERROR_UNKNOWN_ID), 0);
	assert_int_equal(errors_of(&l, ERROR_MISMATCH), 0);
	load_end(&l);
	server_stop(&s);
}

static void test_silence_times_out(void **state)
{
	struct server s;
	struct load l;

	(void)state;
	server_start(&s, serve_silence);
	load_run(&l, &s, "-c 1 --depth 2 --duration 400ms --warmup 0s --timeout 100ms");
	assert_true(l.outcome.ops_count >= 4);
	assert_int_equal(l.outcome.errors_count, l.outcome.ops_count);
	assert_int_equal(errors_of(&l, ERROR_TIMEOUT), l.outcome.ops_count);
	assert_false(l.outcome.check.is_valid);
	load_end(&l);
	server_stop(&s);
}

static void test_nonsense_is_counted(void **state)
{
	struct server s;
	struct load l;

	(void)state;
	server_start(&s, serve_nonsense);
	load_run(&l, &s, "-c 1 --duration 200ms --warmup 0s --timeout 500ms");
	assert_true(l.outcome.ops_count > 10);
	assert_int_equal(l.outcome.errors_count, l.outcome.ops_count);
	assert_true(errors_of(&l, ERROR_UNPARSABLE) + 1 >= l.outcome.ops_count);
	assert_int_equal(l.outcome.response->total, 0);
	load_end(&l);
	server_stop(&s);
}

static void test_large_replies_grow_the_buffer(void **state)
{
	struct server s;
	struct load l;

	(void)state;
	server_start(&s, serve_large);
	load_run(&l, &s, "-c 1 --duration 300ms --warmup 0s --timeout 60s");
	assert_true(l.outcome.ops_count >= 1);
	assert_int_equal(l.outcome.errors_count, 0);
	assert_true(l.run.collect.total.received_bytes >= 3u << 20);
	load_end(&l);
	server_stop(&s);
}

static void test_endless_reply_is_cut_off(void **state)
{
	struct server s;
	struct load l;

	(void)state;
	server_start(&s, serve_endless);
	load_run(&l, &s, "-c 1 --duration 100ms --warmup 0s --timeout 20s");
	assert_true(errors_of(&l, ERROR_TOO_LARGE) >= 1);
	assert_int_equal(errors_of(&l, ERROR_TIMEOUT), 0);
	load_end(&l);
	server_stop(&s);
}

static void test_hang_ups_are_counted_and_mended(void **state)
{
	struct server s;
	struct load l;

	(void)state;
	server_start(&s, serve_three);
	load_run(&l, &s, "-c 1 --duration 500ms --warmup 0s --timeout 1s");
	assert_int_equal(l.run.state, RUN_COMPLETE);
	/* More than one connection answers. */
	assert_true(l.outcome.ops_count - l.outcome.errors_count >= 4);
	assert_true(errors_of(&l, ERROR_CLOSED) >= 1);
	assert_true(l.run.collect.total.errors[ERROR_CONNECT] == 0);
	load_end(&l);
	server_stop(&s);
	assert_true(s.served_count >= 2);
}

static void test_dead_server_ends_the_run(void **state)
{
	struct server s;
	struct load l;
	uint64_t start_ns = clock_ns();

	(void)state;
	server_start(&s, serve_and_die);
	load_run(&l, &s, "-c 1 --duration 60s --warmup 0s --timeout 500ms");
	assert_true(clock_ns() - start_ns < 20 * NSEC_PER_SEC);
	assert_int_equal(l.run.state, RUN_FAILED);
	assert_non_null(strstr(l.run.message, "the server is gone"));
	/* What was measured before is there. */
	assert_true(l.outcome.ops_count > 10);
	assert_true(l.outcome.response->total > 10);
	load_end(&l);
	server_stop(&s);
}

/* Writes a workload file into the server's directory; args is what follows --workload FILE. */
static void load_run_file(struct load *l, struct server *s, const char *text, const char *args)
{
	char path[96], all[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/w.wl", s->dir);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	snprintf(all, sizeof(all), "--workload %s %s", path, args);
	load_run(l, s, all);
	unlink(path);
}

/* Two places that pause 20 ms each after every reply: at most 100 requests a second. */
static void test_think_time_paces_a_closed_loop(void **state)
{
	struct server s;
	struct load l;

	(void)state;
	server_start(&s, serve_ping);
	load_run_file(&l, &s, "[op a]\nmethod = ping\nthink = 20ms\n",
		      "-c 1 --depth 2 --duration 500ms --warmup 0s");
	assert_in_range(l.outcome.ops_count, 10, 52);
	assert_int_equal(l.outcome.errors_count, 0);
	/* The pause is no part of it. */
	assert_true(hist_quantile_ns(l.outcome.response, 0.5) < 20 * NSEC_PER_MSEC);
	load_end(&l);
	server_stop(&s);
}

/* Only the arrivals of recorded phases count, each phase at its own rate. */
static void test_phases_have_their_own_rates(void **state)
{
	struct server s;
	struct load l;

	(void)state;
	server_start(&s, serve_ping);
	load_run_file(&l, &s,
		      "[op a]\nmethod = ping\n[phase warm]\nduration = 200ms\nrecord = off\n"
		      "[phase slow]\nduration = 300ms\nrate = 100\n"
		      "[phase fast]\nduration = 200ms\n"
		      "[phase cool]\nduration = 100ms\nrecord = off\n",
		      "-c 1 --depth 8 --rate 1000");
	assert_int_equal(l.outcome.ops_count, 30 + 200);
	assert_int_equal(l.run.collect.rows_count, 4);
	assert_int_equal(l.run.collect.total.unrecorded_count, 200 + 100);
	assert_string_equal(l.run.collect.rows[2].phase, "fast");
	load_end(&l);
	server_stop(&s);
}

static void test_mix_follows_its_weights(void **state)
{
	struct server s;
	struct load l;
	double share;

	(void)state;
	server_start(&s, serve_ping);
	load_run_file(&l, &s,
		      "[op often]\nmethod = ping\nweight = 3\nkind = write\n"
		      "[op seldom]\nmethod = ping\nweight = 1\nkind = read\n",
		      "-c 1 --depth 16 --duration 500ms --warmup 0s");
	assert_true(l.outcome.ops_count > 2000);
	assert_int_equal(l.outcome.writes_count + l.outcome.reads_count, l.outcome.ops_count);
	/* 2000 draws: five standard errors are 4.8 %. */
	share = (double)l.outcome.writes_count / (double)l.outcome.ops_count;
	assert_true(share > 0.70 && share < 0.80);
	load_end(&l);
	server_stop(&s);
}

static void test_error_replies_are_counted_by_code(void **state)
{
	struct server s;
	struct load l;
	const struct recorder *total;

	(void)state;
	server_start(&s, serve_errors);
	load_run(&l, &s, "-c 1 --duration 200ms --warmup 0s");
	total = &l.run.collect.total;
	assert_true(l.outcome.ops_count > 10);
	assert_int_equal(errors_of(&l, ERROR_RPC), l.outcome.ops_count);
	assert_int_equal(total->codes_count, 1);
	assert_int_equal(total->codes[0].code, -32601);
	assert_int_equal(total->codes[0].count, l.outcome.ops_count);
	/* Failures are no fast answers. */
	assert_int_equal(l.outcome.response->total, 0);
	load_end(&l);
	server_stop(&s);
}

/* A server that answers twice is wrong, though each of its operations was answered. */
static void test_replies_to_nothing_are_errors(void **state)
{
	struct server s;
	struct load l;

	(void)state;
	server_start(&s, serve_twice);
	load_run(&l, &s, "-c 1 --duration 200ms --warmup 0s");
	assert_true(l.outcome.ops_count > 10);
	assert_int_equal(l.outcome.failed_count, 0);
	assert_int_equal(l.outcome.response->total, l.outcome.ops_count);
	assert_true(errors_of(&l, ERROR_UNKNOWN_ID) + 2 >= l.outcome.ops_count);
	assert_int_equal(l.outcome.errors_count, errors_of(&l, ERROR_UNKNOWN_ID));
	load_end(&l);
	server_stop(&s);
}

/* Requests of 260 KB, more than the socket holds: the rest waits for room and nothing is lost. */
static void test_slow_reader_gets_everything(void **state)
{
	static const char text[] = "[var x]\nrandom = 0..9\n[op a]\nmethod = m\n"
				   "params = [${items}]\nitem = [${x},\"0123456789\"]\n"
				   "items = 15000\n";
	struct server s;
	struct load l;

	(void)state;
	server_start(&s, serve_slow_reader);
	load_run_file(&l, &s, text, "-c 1 --depth 8 --duration 600ms --warmup 0s");
	assert_int_equal(l.outcome.errors_count, 0);
	assert_true(l.outcome.ops_count >= 8);
	assert_int_equal(l.run.collect.total.ops[0].items_count, l.outcome.ops_count * 15000);
	load_end(&l);
	server_stop(&s);
	server_start(&s, serve_slow_reader);
	load_run_file(&l, &s, text, "-c 1 --depth 8 --duration 600ms --warmup 0s --rate 20");
	assert_int_equal(l.outcome.errors_count, 0);
	assert_int_equal(l.outcome.ops_count, 12);
	load_end(&l);
	server_stop(&s);
}

static void test_interrupt_keeps_what_there_is(void **state)
{
	struct server s;
	struct load l;

	(void)state;
	server_start(&s, serve_and_interrupt);
	load_run(&l, &s, "-c 1 --duration 60s --warmup 0s");
	assert_int_equal(l.run.state, RUN_INTERRUPTED);
	assert_true(l.outcome.ops_count > 10);
	assert_int_equal(l.outcome.errors_count, 0);
	assert_true(l.outcome.elapsed_s < 30);
	assert_true(l.run.collect.rows[0].length_ns <= l.run.end_ns);
	load_end(&l);
	server_stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stall_is_seen_from_the_intended_start),
		cmocka_unit_test(test_closed_loop_counts_agree),
		cmocka_unit_test(test_replies_in_any_order),
		cmocka_unit_test(test_silence_times_out),
		cmocka_unit_test(test_nonsense_is_counted),
		cmocka_unit_test(test_large_replies_grow_the_buffer),
		cmocka_unit_test(test_endless_reply_is_cut_off),
		cmocka_unit_test(test_hang_ups_are_counted_and_mended),
		cmocka_unit_test(test_dead_server_ends_the_run),
		cmocka_unit_test(test_think_time_paces_a_closed_loop),
		cmocka_unit_test(test_phases_have_their_own_rates),
		cmocka_unit_test(test_mix_follows_its_weights),
		cmocka_unit_test(test_error_replies_are_counted_by_code),
		cmocka_unit_test(test_replies_to_nothing_are_errors),
		cmocka_unit_test(test_slow_reader_gets_everything),
		cmocka_unit_test(test_interrupt_keeps_what_there_is),
	};
	sigset_t set;

	/* As main does: the run waits for these itself. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	/* Nothing here may hang a test run. */
	alarm(120);
	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}
