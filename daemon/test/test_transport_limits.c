/*
 * The contract of the transport axis where clients do not behave and resources run out: time
 * limits, room for new connections, descriptors, memory, and the end. Over every backend that
 * serves sockets; the server behind them is the one of transport_util.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/budget.h"
#include "daemon/base/clock.h"
#include "daemon/base/log.h"
#include "daemon/test/transport_util.h"
#include "daemon/transport/sockets.h"
#include "daemon/transport/transport.h"

/* Waits for a moment, or until the peer says something. */
static bool is_readable(int fd, int wait_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, wait_ms) > 0;
}

static void ping(int fd)
{
	peer_say(fd, "ping\n");
	peer_expect(fd, "ping\n");
}

/* ---- time limits ---- */

static void idle_client_is_closed(const char *backend)
{
	const struct transport_limits limits = { .idle_ns = 50 * NSEC_PER_MSEC };
	struct echo *f = echo_start_limited(backend, NSEC_PER_SEC, &limits);
	int fd;
	int other;

	/* A copy in a forked child does not keep it from being closed. */
	atomic_store(&f->do_copy_fds, true);
	fd = echo_dial(f);
	other = echo_dial(f);
	ping(fd);
	while (!is_readable(fd, 5))
		ping(other); /* who asks is not idle, for however long */
	peer_expect(fd, "idle after ''\n");
	peer_expect_end(fd);
	assert_int_equal(atomic_load(&f->given_up[TRANSPORT_IDLE]), 1);
	close(fd);
	ping(other);
	close(other);
	echo_finish(f);
}

static void held_connection_is_not_idle(const char *backend)
{
	const struct transport_limits limits = { .idle_ns = 50 * NSEC_PER_MSEC };
	struct echo *f = echo_start_limited(backend, NSEC_PER_SEC, &limits);
	int held = echo_dial(f);
	int idle;

	echo_pause(f, true);
	peer_say(held, "@held\n");
	for (int i = 0; i < 2; i++) {
		idle = echo_dial(f);
		peer_expect(idle, "idle after ''\n");
		close(idle);
	}
	echo_pause(f, false);
	peer_expect(held, "@held\n");
	ping(held);
	close(held);
	echo_finish(f);
}

/* However its bytes come: the time runs from the first to the last of a request. */
static void slow_request_is_closed(const char *backend)
{
	/* Long enough for the requests of `other` on a busy machine: they must not be slow. */
	const struct transport_limits limits = { .request_ns = 500 * NSEC_PER_MSEC };
	struct echo *f = echo_start_limited(backend, NSEC_PER_SEC, &limits);
	int half = echo_dial(f);
	int drips = echo_dial(f);
	int other = echo_dial(f);
	char got[128] = "";

	peer_say(half, "half");
	peer_say(other, "be");
	while (!is_readable(drips, 5)) {
		(void)send(drips, "x", 1, MSG_NOSIGNAL);
		/* One request ends and the next begins, so that there always is an unfinished one.
		 */
		peer_say(other, "gin\nbe");
		peer_expect(other, "begin\n");
	}
	assert_true(peer_hear(drips, got, 20) == 20);
	assert_memory_equal(got, "slow request after '", 20);
	peer_expect(half, "slow request after 'half'\n");
	peer_expect_end(half);
	close(half);
	close(drips);
	/* Once it is closed no byte of it is taken for another connection. */
	wait_for_count(&f->closed, 2);
	peer_say(other, "gin\n");
	peer_expect(other, "begin\n");
	close(other);
	echo_finish(f);
}

static void slow_reader_is_closed(const char *backend)
{
	const struct transport_limits limits = { .reply_ns = 50 * NSEC_PER_MSEC };
	struct echo *f = echo_start_limited(backend, NSEC_PER_SEC, &limits);
	int inline_fd = echo_dial(f);
	int pipelined = echo_dial(f);
	int other = echo_dial(f);

	peer_say(inline_fd, "big 20000000\n");
	peer_say(pipelined, "big 3000000\nbig 3000000\n@x\n");
	wait_for_count(&f->given_up[TRANSPORT_SLOW_READER], 2);
	wait_for_count(&f->closed, 2);
	ping(other);
	close(inline_fd);
	close(pipelined);
	close(other);
	echo_finish(f);
}

/* ---- room ---- */

static const struct transport_limits room = { .room_ns = 20 * NSEC_PER_MSEC };

/* Dials until it is served; what waits for a client meanwhile becomes known to wait. */
static int dial_until_served(struct echo *f)
{
	uint64_t deadline_ns = clock_ns() + DEADLINE_NS;

	while (clock_ns() < deadline_ns) {
		int fd = sock_connect(&f->addr, DEADLINE_NS, NULL);
		char got[5] = "";

		if (fd < 0) { /* the transport has the only free descriptor, for a client before */
			(void)poll(NULL, 0, 1);
			continue;
		}
		(void)send(fd, "ping\n", 5, MSG_NOSIGNAL);
		if (peer_hear(fd, got, 5) == 5 && memcmp(got, "ping\n", 5) == 0)
			return fd;
		close(fd);
	}
	fail_msg("%s: nobody made room", f->backend);
	return -1;
}

/* As many as there may be, each with half a request or silent: nobody is locked out. */
static void half_requests_lock_nobody_out(const char *backend)
{
	struct echo *f = echo_start_limited(backend, NSEC_PER_SEC, &room);
	int fds[CONNS];

	for (int i = 0; i < CONNS; i++) {
		fds[i] = echo_dial(f);
		if (i % 2)
			peer_say(fds[i], "half");
	}
	wait_for_count(&f->opened, CONNS);
	for (int i = 0; i < 10; i++)
		close(dial_until_served(f));
	assert_true(atomic_load(&f->given_up[TRANSPORT_NO_ROOM]) >= 1);
	for (int i = 0; i < CONNS; i++)
		close(fds[i]);
	echo_finish(f);
}

static void longest_waiting_makes_room(const char *backend)
{
	struct echo *f = echo_start_limited(backend, NSEC_PER_SEC, &room);
	int fds[4];
	int late = -1;

	atomic_store(&f->refuse_from, 4);
	for (int i = 0; i < 4; i++)
		fds[i] = echo_dial(f);
	peer_say(fds[1], "half");
	while (late < 0) {
		char got[5] = "";

		ping(fds[0]);
		ping(fds[2]);
		ping(fds[3]);
		late = echo_dial(f);
		(void)send(late, "late\n", 5, MSG_NOSIGNAL);
		if (peer_hear(late, got, 5) == 5 && memcmp(got, "late\n", 5) == 0)
			break;
		close(late);
		late = -1;
	}
	peer_expect(fds[1], "no room after 'half'\n");
	peer_expect_end(fds[1]);
	ping(fds[0]);
	ping(fds[2]);
	ping(fds[3]);
	assert_int_equal(atomic_load(&f->given_up[TRANSPORT_NO_ROOM]), 1);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	close(late);
	echo_finish(f);
}

/* A request that is worked on and replies that are not sent yet keep their connection. */
static void busy_one_makes_no_room(const char *backend)
{
	const struct transport_limits limits = {
		.idle_ns = 100 * NSEC_PER_MSEC,
		.room_ns = 20 * NSEC_PER_MSEC,
	};
	struct echo *f = echo_start_limited(backend, 50 * NSEC_PER_MSEC, &limits);
	int held = echo_dial(f);
	int unread = echo_dial(f);
	int clock = echo_dial(f);
	int late;

	atomic_store(&f->refuse_from, 3);
	echo_pause(f, true);
	peer_say(held, "@held\n");
	peer_say(unread, "big 20000000\n");
	/* Longer than room_ns. */
	peer_expect(clock, "idle after ''\n");
	peer_expect_end(clock);
	wait_for_count(&f->closed, 1);
	close(clock);
	clock = echo_dial(f);
	ping(clock);
	late = echo_dial(f);
	peer_expect(late, "too many\n");
	peer_expect_end(late);
	close(late);
	echo_pause(f, false);
	peer_expect(held, "@held\n");
	close(held);
	close(unread);
	close(clock);
	echo_finish(f);
}

/* ---- descriptors ---- */

enum { FILES_MAX = 100 };

/* Takes the descriptors that the process may have. */
struct filler {
	int fds[FILES_MAX];
	size_t count;
	unsigned long limit_before;
};

/* Before the transport is opened: an accept of io_uring keeps to the limit of when it was asked. */
static void limit_files(struct filler *fill)
{
	*fill = (struct filler){ .limit_before = allow_files(FILES_MAX) };
}

static void fill_up(struct filler *fill)
{
	int fd;

	while (fill->count < FILES_MAX && (fd = dup(0)) >= 0)
		fill->fds[fill->count++] = fd;
}

static void free_one(struct filler *fill)
{
	assert_true(fill->count > 0);
	close(fill->fds[--fill->count]);
}

static void drain_filler(struct filler *fill)
{
	while (fill->count)
		free_one(fill);
	allow_files(fill->limit_before);
}

/* Processor time of the process within a third of a second: all of it is the transport's. */
static uint64_t cpu_ns_while_waiting(void)
{
	uint64_t before_ns = clock_process_cpu_ns();

	(void)poll(NULL, 0, 300);
	return clock_process_cpu_ns() - before_ns;
}

#define CPU_NS_MAX (60 * NSEC_PER_MSEC)

static void out_of_descriptors_refuses(const char *backend)
{
	struct echo *f;
	int other;
	struct filler all;

	limit_files(&all);
	f = echo_start(backend, NSEC_PER_SEC);
	other = echo_dial(f);
	ping(other);
	fill_up(&all);
	for (int i = 0; i < 5; i++) {
		int fd;

		free_one(&all);
		fd = echo_dial(f);
		peer_expect(fd, "no descriptor\n");
		peer_expect_end(fd);
		close(fd);
		fill_up(&all);
		ping(other);
	}
	assert_true(cpu_ns_while_waiting() < CPU_NS_MAX);
	drain_filler(&all);
	close(dial_until_served(f));
	close(other);
	echo_finish(f);
}

static void out_of_descriptors_makes_room(const char *backend)
{
	struct echo *f;
	int idle[3];
	struct filler all;
	int fd;

	limit_files(&all);
	f = echo_start_limited(backend, NSEC_PER_SEC, &room);
	for (int i = 0; i < 3; i++) {
		idle[i] = echo_dial(f);
		ping(idle[i]);
	}
	fill_up(&all);
	free_one(&all);
	fd = dial_until_served(f);
	assert_int_equal(atomic_load(&f->given_up[TRANSPORT_NO_ROOM]), 1);
	drain_filler(&all);
	for (int i = 0; i < 3; i++)
		close(idle[i]);
	close(fd);
	echo_finish(f);
}

/* Another thread took the spare one. Nobody spins, and who waits hears as soon as one is free. */
static void lost_spare_comes_back(const char *backend)
{
	const struct transport_limits limits = { .idle_ns = 600 * NSEC_PER_SEC };
	struct echo *f;
	struct sockets *s;
	int other;
	struct filler all;
	int fd;

	limit_files(&all);
	f = echo_start_limited(backend, NSEC_PER_SEC, &limits);
	s = (struct sockets *)f->transport;
	other = echo_dial(f);
	ping(other);
	fill_up(&all);
	close(atomic_exchange(&s->spare_fd, -1));
	fd = echo_dial(f); /* with the number of the spare one */
	assert_true(cpu_ns_while_waiting() < CPU_NS_MAX);
	ping(other);
	free_one(&all);
	peer_expect(fd, "no descriptor\n");
	peer_expect_end(fd);
	close(fd);
	drain_filler(&all);
	close(dial_until_served(f));
	close(other);
	echo_finish(f);
}

/* As an operator may do with prlimit. Who is connected is served on. */
static void limit_below_what_is_open(const char *backend)
{
	struct echo *f = echo_start(backend, NSEC_PER_SEC);
	unsigned long before;
	int fds[40];

	for (int i = 0; i < 40; i++) {
		fds[i] = echo_dial(f);
		ping(fds[i]);
	}
	before = allow_files(20);
	for (int i = 0; i < 40; i++)
		ping(fds[i]);
	allow_files(before);
	for (int i = 0; i < 40; i++)
		close(fds[i]);
	close(dial_until_served(f));
	echo_finish(f);
}

/* ---- memory ---- */

enum { LIMIT_BYTES = 1 << 20, LONG_BYTES = 3 << 20 };

static void say_long(int fd, size_t bytes)
{
	char *text = malloc(bytes);

	assert_non_null(text);
	memset(text, 'l', bytes);
	for (size_t sent = 0; sent < bytes;) {
		ssize_t n = send(fd, text + sent, bytes - sent, MSG_NOSIGNAL);

		if (n < 0)
			break; /* hung up on */
		sent += (size_t)n;
	}
	free(text);
}

static void budget_refuses_long_requests(const char *backend)
{
	struct echo *f = echo_start(backend, NSEC_PER_SEC);
	int fd = echo_dial(f);
	int other = echo_dial(f);

	budget_set_limit(LIMIT_BYTES);
	atomic_store(&f->does_skip, true);
	for (int i = 0; i < 2; i++) {
		say_long(fd, LONG_BYTES);
		peer_say(fd, "\nnext\n");
		peer_expect(fd, "no memory\nnext\n");
		ping(other);
	}
	assert_int_equal(atomic_load(&f->unkept), 2);
	atomic_store(&f->does_skip, false);
	say_long(fd, LONG_BYTES);
	peer_expect(fd, "no memory\n");
	close(fd);
	wait_for_count(&f->closed, 1);
	ping(other);
	assert_int_equal(budget_used_of(BUDGET_REQUESTS), 0);
	budget_set_limit(0);
	close(other);
	echo_finish(f);
}

/* A connection counts as closed shortly before its memory is given back. */
static void wait_for_nothing_kept(enum budget_kind kind)
{
	while (budget_used_of(kind) > 0)
		(void)poll(NULL, 0, 1);
}

static void budget_counts_what_is_kept(const char *backend)
{
	struct echo *f = echo_start(backend, NSEC_PER_SEC);
	int fd = echo_dial(f);

	say_long(fd, LONG_BYTES);
	while (budget_used_of(BUDGET_REQUESTS) < LONG_BYTES)
		(void)poll(NULL, 0, 1);
	close(fd);
	wait_for_count(&f->closed, 1);
	wait_for_nothing_kept(BUDGET_REQUESTS);
	echo_finish(f);
}

static void budget_cuts_off_unread_replies(const char *backend)
{
	struct echo *f = echo_start(backend, NSEC_PER_SEC);
	int fd = echo_dial(f);
	int other = echo_dial(f);

	budget_set_limit(LIMIT_BYTES);
	peer_say(fd, "big 9000000\n");
	wait_for_count(&f->closed, 1);
	wait_for_nothing_kept(BUDGET_REPLIES);
	budget_set_limit(0);
	ping(other);
	close(fd);
	fd = echo_dial(f);
	peer_say(fd, "big 9000000\n");
	while (budget_used_of(BUDGET_REPLIES) < 8000000)
		(void)poll(NULL, 0, 1);
	close(fd);
	wait_for_count(&f->closed, 2);
	wait_for_nothing_kept(BUDGET_REPLIES);
	close(other);
	echo_finish(f);
}

/* ---- the end ---- */

/* Whatever connections do: `run` returns, and calls nothing more when held ones come back. */
static void run_returns_in_time(const char *backend)
{
	struct echo *f = echo_start(backend, 50 * NSEC_PER_MSEC);
	int held = echo_dial(f);
	int pipelined = echo_dial(f);
	int unread = echo_dial(f);
	int half = echo_dial(f);
	int idle = echo_dial(f);
	uint64_t start_ns;

	ping(idle);
	echo_pause(f, true);
	peer_say(held, "@held\n");
	peer_say(pipelined, "@1\n@2\n@3\nfour\n");
	peer_say(unread, "big 20000000\n");
	peer_say(half, "half");
	wait_for_jobs(f, 2);
	peer_await_read(half);
	ping(idle);
	start_ns = clock_ns();
	transport_stop(f->transport);
	pthread_join(f->runner, NULL);
	f->is_joined = true;
	assert_true(clock_ns() - start_ns < DEADLINE_NS);
	peer_expect(half, "stopping after 'half'\n");
	echo_join(f);
	transport_close(f->transport);
	f->transport = NULL;
	assert_int_equal(f->jobs_last, 2);
	peer_expect_end(idle);
	close(held);
	close(pipelined);
	close(unread);
	close(half);
	close(idle);
	echo_finish(f);
}

EACH_BACKEND(idle_client_is_closed)
EACH_BACKEND(held_connection_is_not_idle)
EACH_BACKEND(slow_request_is_closed)
EACH_BACKEND(slow_reader_is_closed)
EACH_BACKEND(half_requests_lock_nobody_out)
EACH_BACKEND(longest_waiting_makes_room)
EACH_BACKEND(busy_one_makes_no_room)
EACH_BACKEND(out_of_descriptors_refuses)
EACH_BACKEND(out_of_descriptors_makes_room)
EACH_BACKEND(lost_spare_comes_back)
EACH_BACKEND(limit_below_what_is_open)
EACH_BACKEND(budget_refuses_long_requests)
EACH_BACKEND(budget_counts_what_is_kept)
EACH_BACKEND(budget_cuts_off_unread_replies)
EACH_BACKEND(run_returns_in_time)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle_client_is_closed),
		cmocka_unit_test(test_held_connection_is_not_idle),
		cmocka_unit_test(test_slow_request_is_closed),
		cmocka_unit_test(test_slow_reader_is_closed),
		cmocka_unit_test(test_half_requests_lock_nobody_out),
		cmocka_unit_test(test_longest_waiting_makes_room),
		cmocka_unit_test(test_busy_one_makes_no_room),
		cmocka_unit_test(test_out_of_descriptors_refuses),
		cmocka_unit_test(test_out_of_descriptors_makes_room),
		cmocka_unit_test(test_lost_spare_comes_back),
		cmocka_unit_test(test_limit_below_what_is_open),
		cmocka_unit_test(test_budget_refuses_long_requests),
		cmocka_unit_test(test_budget_counts_what_is_kept),
		cmocka_unit_test(test_budget_cuts_off_unread_replies),
		cmocka_unit_test(test_run_returns_in_time),
	};

	log_set_level(LOG_ERROR); /* descriptors run out on purpose */
	allow_files(4096);
	alarm(300); /* a thread that never comes back ends the test */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
