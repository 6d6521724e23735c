/*
 * The contract of the transport axis (R-103), over every backend that serves sockets; the server
 * behind them is the one of transport_util.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/test/transport_util.h"
#include "daemon/transport/transport.h"

static void split_and_merged(const char *backend)
{
	struct echo *f = echo_start(backend, NSEC_PER_SEC);
	int fd = echo_dial(f);
	int other = echo_dial(f);

	peer_say(fd, "one\n");
	peer_expect(fd, "one\n");
	peer_say(fd, "tw");
	/* The other's echo proves that the first half has been read before the second is sent. */
	peer_say(other, "x\n");
	peer_expect(other, "x\n");
	peer_say(fd, "o\nthree\nfour\nfi");
	peer_expect(fd, "two\nthree\nfour\n");
	peer_say(fd, "ve\n");
	peer_expect(fd, "five\n");
	close(fd);
	close(other);
	echo_finish(f);
}

/* A message longer than any read, so that it is gathered in the connection's own buffer. */
static void long_line(const char *backend)
{
	struct echo *f = echo_start(backend, NSEC_PER_SEC);
	int fd = echo_dial(f);
	size_t len = 3 << 20;
	char *text = malloc(len);
	char *got = malloc(len);
	size_t sent = 0;
	size_t heard = 0;

	assert_non_null(text);
	assert_non_null(got);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + i % 23);
	text[len - 1] = '\n';
	sock_set_nonblocking(fd, true);
	while (heard < len) {
		struct pollfd pfd = { fd, sent < len ? POLLIN | POLLOUT : POLLIN, 0 };
		ssize_t n;

		assert_true(poll(&pfd, 1, 20000) > 0);
		n = sent < len ? send(fd, text + sent, len - sent, MSG_NOSIGNAL) : 0;
		sent += n > 0 ? (size_t)n : 0;
		n = recv(fd, got + heard, len - heard, 0);
		heard += n > 0 ? (size_t)n : 0;
	}
	assert_memory_equal(text, got, len);
	free(text);
	free(got);
	close(fd);
	echo_finish(f);
}

static void many_connections(const char *backend)
{
	struct echo *f = echo_start(backend, NSEC_PER_SEC);
	int fds[CONNS];
	int late;

	for (int i = 0; i < CONNS; i++)
		fds[i] = echo_dial(f);
	for (int i = 0; i < CONNS; i++) {
		char text[32];

		snprintf(text, sizeof(text), "%sclient %d\n", i % 3 ? "" : "@", i);
		peer_say(fds[i], text);
	}
	for (int i = CONNS - 1; i >= 0; i--) {
		char text[32];

		snprintf(text, sizeof(text), "%sclient %d\n", i % 3 ? "" : "@", i);
		peer_expect(fds[i], text);
	}
	/* R-109: one too many is told, and one may come when another has gone. */
	late = echo_dial(f);
	peer_expect(late, "too many\n");
	peer_expect_end(late);
	close(late);
	close(fds[0]);
	wait_for_count(&f->closed, 1);
	late = echo_dial(f);
	peer_say(late, "now\n");
	peer_expect(late, "now\n");
	close(late);
	for (int i = 1; i < CONNS; i++)
		close(fds[i]);
	echo_finish(f);
}

/* A client that never reads stops its own connection only; what it is owed comes when it reads. */
static void never_reads(const char *backend)
{
	enum { BIG = 300000, TIMES = 40 };
	struct echo *f = echo_start(backend, NSEC_PER_SEC);
	int fd = echo_dial(f);
	int other = echo_dial(f);
	size_t total = (size_t)TIMES * (BIG + 1) + 5;
	char *got = malloc(total);

	assert_non_null(got);
	for (int i = 0; i < TIMES; i++)
		peer_say(fd, "big 300000\n");
	peer_say(fd, "last\n");
	for (int i = 0; i < 50; i++) {
		peer_say(other, "alive\n");
		peer_expect(other, "alive\n");
	}
	assert_int_equal(peer_hear(fd, got, total), total);
	for (int i = 0; i < TIMES; i++)
		assert_int_equal(got[(size_t)(i + 1) * (BIG + 1) - 1], '\n');
	assert_memory_equal(got + total - 5, "last\n", 5);
	free(got);
	close(fd);
	close(other);
	echo_finish(f);
}

/* The same client goes away instead. */
static void goes_away_unread(const char *backend)
{
	struct echo *f = echo_start(backend, NSEC_PER_SEC);
	int fd = echo_dial(f);
	int other = echo_dial(f);

	for (int i = 0; i < 20; i++)
		peer_say(fd, "big 300000\n");
	peer_say(other, "x\n");
	peer_expect(other, "x\n");
	close(fd);
	wait_for_count(&f->closed, 1);
	peer_say(other, "y\n");
	peer_expect(other, "y\n");
	close(other);
	echo_finish(f);
}

static void held_keeps_order(const char *backend)
{
	struct echo *f = echo_start(backend, NSEC_PER_SEC);
	int fd = echo_dial(f);
	char text[64];

	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "@%d\n%d\n", i, i);
		peer_say(fd, text);
	}
	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "@%d\n%d\n", i, i);
		peer_expect(fd, text);
	}
	/* One at a time: the connection comes back without anything left to do. */
	for (int i = 0; i < 200; i++) {
		peer_say(fd, "@\n");
		peer_expect(fd, "@\n");
	}
	close(fd);
	echo_finish(f);
}

/* Bytes and the end come while another thread has the connection. */
static void comes_while_held(const char *backend)
{
	struct echo *f = echo_start(backend, NSEC_PER_SEC);
	int fd = echo_dial(f);
	int other = echo_dial(f);

	echo_pause(f, true);
	peer_say(fd, "@held\n");
	peer_say(other, "x\n");
	peer_expect(other, "x\n");
	peer_say(fd, "later\n");
	shutdown(fd, SHUT_WR);
	peer_say(other, "y\n");
	peer_expect(other, "y\n");
	echo_pause(f, false);
	peer_expect(fd, "@held\nlater\n");
	peer_expect_end(fd);
	close(fd);
	close(other);
	echo_finish(f);
}

/* What came while it was held, and again held at once for what was left from before. */
static void held_again_with_bytes_waiting(const char *backend)
{
	struct echo *f = echo_start(backend, NSEC_PER_SEC);
	int fd = echo_dial(f);
	int other = echo_dial(f);

	for (int i = 0; i < 50; i++) {
		echo_pause(f, true);
		peer_say(fd, "@1\n@2\n");
		peer_say(other, "x\n");
		peer_expect(other, "x\n"); /* now it is held */
		peer_say(fd, "more\n");
		peer_say(other, "y\n");
		peer_expect(other, "y\n"); /* now the transport has seen that more came */
		echo_pause(f, false);
		peer_expect(fd, "@1\n@2\nmore\n");
	}
	close(fd);
	close(other);
	echo_finish(f);
}

static void hangs_up(const char *backend)
{
	struct echo *f = echo_start(backend, NSEC_PER_SEC);
	int fd = echo_dial(f);

	peer_say(fd, "a\nbye\nnever\n");
	peer_expect(fd, "a\nbye\n");
	peer_expect_end(fd);
	close(fd);
	wait_for_count(&f->closed, 1);
	fd = echo_dial(f);
	peer_say(fd, "big 2000000\nbye\n");
	for (size_t left = 2000001 + 4; left;) {
		char sink[65536];
		size_t n = peer_hear(fd, sink, left < sizeof(sink) ? left : sizeof(sink));

		assert_true(n > 0);
		left -= n;
	}
	peer_expect_end(fd);
	close(fd);
	echo_finish(f);
}

static void half_a_message(const char *backend)
{
	struct echo *f = echo_start(backend, NSEC_PER_SEC);
	int fd = echo_dial(f);

	peer_say(fd, "whole\nhalf");
	shutdown(fd, SHUT_WR);
	peer_expect(fd, "whole\nunfinished\n");
	peer_expect_end(fd);
	close(fd);
	wait_for_count(&f->closed, 1);
	assert_int_equal(atomic_load(&f->rest_bytes), 4);
	echo_finish(f);
}

/* What a worker has in hand when the stop comes is still answered. */
static void stop_drains(const char *backend)
{
	struct echo *f = echo_start(backend, 10 * NSEC_PER_SEC);
	int fd = echo_dial(f);
	int other = echo_dial(f);

	echo_pause(f, true);
	peer_say(fd, "@held\n");
	peer_say(other, "x\n");
	peer_expect(other, "x\n");
	transport_stop(f->transport);
	echo_pause(f, false);
	peer_expect(fd, "@held\n");
	echo_join(f);
	transport_close(f->transport);
	f->transport = NULL;
	peer_expect_end(fd);
	peer_expect_end(other);
	close(fd);
	close(other);
	echo_finish(f);
}

/* And a client that does not read cannot keep it from ending. */
static void stop_gives_up(const char *backend)
{
	struct echo *f = echo_start(backend, 50 * NSEC_PER_MSEC);
	uint64_t start_ns = clock_ns();
	int fd = echo_dial(f);
	char one;

	peer_say(fd, "big 20000000\n");
	assert_int_equal(peer_hear(fd, &one, 1), 1);
	echo_finish(f);
	assert_true(clock_ns() - start_ns < DEADLINE_NS);
	close(fd);
}

static void wakes_the_running_thread(const char *backend)
{
	struct echo *f = echo_start(backend, NSEC_PER_SEC);

	for (int i = 1; i <= 3; i++) {
		transport_wake(f->transport);
		wait_for_count(&f->woken, i);
	}
	echo_finish(f);
}

/*
 * A forked child holds copies of all descriptors for a moment. A connection that is closed in that
 * moment must be as closed as any other: its peer sees the end, and nothing comes for it any more.
 */
static void closes_while_copied(const char *backend)
{
	struct echo *f = echo_start(backend, NSEC_PER_SEC);
	int other = echo_dial(f);

	atomic_store(&f->do_copy_fds, true);
	for (int i = 0; i < 30; i++) {
		int fd = echo_dial(f);

		peer_say(fd, "@1\n2\n");
		peer_expect(fd, "@1\n2\n");
		if (i % 3 == 1)
			peer_say(fd, "bye\n");
		if (i % 3 == 2)
			shutdown(fd, SHUT_WR);
		if (i % 3) {
			peer_expect(fd, i % 3 == 1 ? "bye\n" : "");
			peer_expect_end(fd);
		}
		close(fd);
		wait_for_count(&f->closed, i + 1);
		for (int j = 0; j < 5; j++) {
			peer_say(other, "x\n");
			peer_expect(other, "x\n");
		}
		assert_int_equal(atomic_load(&f->closed), i + 1);
	}
	close(other);
	echo_finish(f);
}

/*
 * The server's memory may go after transport_close: no thread of the transport may still run then,
 * not even its thread-local destructors.
 */
static void no_thread_outlives_it(const char *backend)
{
	struct echo *f = echo_start(backend, NSEC_PER_SEC);
	int fds[8];

	atomic_store(&f->thread_end_ms, 20);
	for (int i = 0; i < 8; i++) {
		fds[i] = echo_dial(f);
		peer_say(fds[i], "big 100000\n@x\n");
	}
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	wait_for_count(&f->closed, 4);
	echo_finish(f);
	for (int i = 4; i < 8; i++)
		close(fds[i]);
}

static void memory_runs_out(const char *backend)
{
	struct echo *f = echo_start(backend, NSEC_PER_SEC);

	for (int gets = 0; gets < 6; gets++) {
		int fd = echo_dial(f);
		char got[64];

		atomic_store(&f->gets_left, gets);
		/* Half a line must be kept, a big reply too: somewhere the memory ends. */
		(void)send(fd, "half", 4, MSG_NOSIGNAL);
		(void)send(fd, " line\n@x\nbig 9000000\n", 21, MSG_NOSIGNAL);
		(void)peer_hear(fd, got, sizeof(got));
		close(fd);
		wait_for_count(&f->closed, gets + 1);
	}
	atomic_store(&f->gets_left, 1000000);
	echo_finish(f);
}

EACH_BACKEND(split_and_merged)
EACH_BACKEND(long_line)
EACH_BACKEND(many_connections)
EACH_BACKEND(never_reads)
EACH_BACKEND(goes_away_unread)
EACH_BACKEND(held_keeps_order)
EACH_BACKEND(comes_while_held)
EACH_BACKEND(held_again_with_bytes_waiting)
EACH_BACKEND(hangs_up)
EACH_BACKEND(half_a_message)
EACH_BACKEND(stop_drains)
EACH_BACKEND(stop_gives_up)
EACH_BACKEND(wakes_the_running_thread)
EACH_BACKEND(closes_while_copied)
EACH_BACKEND(no_thread_outlives_it)
EACH_BACKEND(memory_runs_out)

static void test_errors_say_why(void **state)
{
	struct transport_cfg cfg = { .conns_max = 1 };
	struct err err = ERR_INIT;
	struct transport *t;

	(void)state;
	assert_int_equal(transport_open("nope", &cfg, &t, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "nope"));
	assert_non_null(transport_find("auto"));
	assert_null(transport_find("nope"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split_and_merged),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_many_connections),
		cmocka_unit_test(test_never_reads),
		cmocka_unit_test(test_goes_away_unread),
		cmocka_unit_test(test_held_keeps_order),
		cmocka_unit_test(test_comes_while_held),
		cmocka_unit_test(test_held_again_with_bytes_waiting),
		cmocka_unit_test(test_hangs_up),
		cmocka_unit_test(test_half_a_message),
		cmocka_unit_test(test_stop_drains),
		cmocka_unit_test(test_wakes_the_running_thread),
		cmocka_unit_test(test_stop_gives_up),
		cmocka_unit_test(test_closes_while_copied),
		cmocka_unit_test(test_no_thread_outlives_it),
		cmocka_unit_test(test_memory_runs_out),
		cmocka_unit_test(test_errors_say_why),
	};

	allow_files(4096);
	alarm(300); /* a thread that never comes back ends the test */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
