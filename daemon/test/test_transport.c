/*
 * The contract of the transport axis (R-103), over every backend that serves sockets: the server
 * behind them echoes lines. "big N" is answered with N bytes and a newline, "bye" with "bye" and a
 * hang-up, and a line that starts with "@" by another thread.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/sock.h"
#include "daemon/transport/transport.h"

#define DEADLINE_NS (20 * NSEC_PER_SEC)

enum { JOBS_MAX = 1024, CONNS = 256 };

struct job {
	struct conn *conn;
	char line[256];
	size_t len;
};

struct fixture {
	struct transport *transport;
	const char *backend;
	char dir[64];
	struct sock_addr addr;
	pthread_t runner;
	int run_rc;

	pthread_t worker;
	pthread_mutex_t lock;
	pthread_cond_t change;
	struct job jobs[JOBS_MAX]; /* under lock, as what follows */
	size_t jobs_first;
	size_t jobs_last;
	bool is_over;
	bool is_paused;

	atomic_int opened;
	atomic_int closed;
	atomic_int refuse_from; /* connections beyond this many are refused */
	atomic_int buffers_out;
	atomic_int gets_left; /* before the memory runs out */
	atomic_size_t rest_bytes;
	atomic_int woken;
};

static void *memory_get(void *ctx, size_t min_bytes, size_t *cap)
{
	struct fixture *f = ctx;

	if (atomic_fetch_sub(&f->gets_left, 1) <= 0)
		return NULL;
	atomic_fetch_add(&f->buffers_out, 1);
	*cap = min_bytes < 512 ? 512 : min_bytes;
	return malloc(*cap);
}

static void memory_put(void *ctx, void *ptr, size_t cap)
{
	struct fixture *f = ctx;

	(void)cap;
	atomic_fetch_sub(&f->buffers_out, 1);
	free(ptr);
}

static int on_opened(void *ctx, struct conn *c, struct span *parting)
{
	struct fixture *f = ctx;

	(void)c;
	if (atomic_load(&f->opened) - atomic_load(&f->closed) >= atomic_load(&f->refuse_from)) {
		*parting = SPAN_LIT("too many\n");
		return -EAGAIN;
	}
	atomic_fetch_add(&f->opened, 1);
	return 0;
}

static void on_closed(void *ctx, struct conn *c)
{
	struct fixture *f = ctx;

	(void)c;
	atomic_fetch_add(&f->closed, 1);
}

static void on_ended(void *ctx, struct conn *c, struct span rest)
{
	struct fixture *f = ctx;

	atomic_fetch_add(&f->rest_bytes, rest.len);
	if (rest.len)
		(void)transport_send(c, SPAN_LIT("unfinished\n"));
}

static void on_woken(void *ctx)
{
	struct fixture *f = ctx;

	atomic_fetch_add(&f->woken, 1);
}

static void send_big(struct conn *c, size_t bytes)
{
	char *text = malloc(bytes + 1);

	assert_non_null(text);
	memset(text, 'b', bytes);
	text[bytes] = '\n';
	(void)transport_send(c, span_of(text, bytes + 1));
	free(text);
}

static void submit(struct fixture *f, struct conn *c, struct span line)
{
	struct job *job;

	pthread_mutex_lock(&f->lock);
	job = &f->jobs[f->jobs_last++ % JOBS_MAX];
	job->conn = c;
	job->len = line.len;
	memcpy(job->line, line.ptr, line.len);
	pthread_cond_broadcast(&f->change);
	pthread_mutex_unlock(&f->lock);
}

static size_t on_data(void *ctx, struct conn *c, struct span bytes)
{
	struct fixture *f = ctx;
	size_t used = 0;

	while (!transport_is_stalled(c)) {
		struct span rest = span_of(bytes.ptr + used, bytes.len - used);
		const char *end = memchr(rest.ptr, '\n', rest.len);
		struct span line;

		if (!end)
			return used;
		line = span_of(rest.ptr, (size_t)(end - rest.ptr) + 1);
		used += line.len;
		if (line.ptr[0] == '@') {
			struct job copy = { .len = line.len };

			memcpy(copy.line, line.ptr, line.len);
			if (transport_hold(c, span_of(bytes.ptr + used, bytes.len - used)) < 0) {
				transport_hangup(c);
				return bytes.len;
			}
			submit(f, c, span_of(copy.line, copy.len));
			return TRANSPORT_HELD;
		}
		if (span_starts(line, SPAN_LIT("big ")))
			send_big(c, strtoul(line.ptr + 4, NULL, 10));
		else
			(void)transport_send(c, line);
		if (span_starts(line, SPAN_LIT("bye")))
			transport_hangup(c);
	}
	return used;
}

static void *work(void *arg)
{
	struct fixture *f = arg;

	pthread_mutex_lock(&f->lock);
	while (!f->is_over || f->jobs_first < f->jobs_last) {
		struct job job;

		if (f->jobs_first == f->jobs_last || f->is_paused) {
			pthread_cond_wait(&f->change, &f->lock);
			continue;
		}
		job = f->jobs[f->jobs_first++ % JOBS_MAX];
		pthread_mutex_unlock(&f->lock);
		(void)transport_send(job.conn, span_of(job.line, job.len));
		transport_resume(job.conn);
		pthread_mutex_lock(&f->lock);
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

static void pause_worker(struct fixture *f, bool is_paused)
{
	pthread_mutex_lock(&f->lock);
	f->is_paused = is_paused;
	pthread_cond_broadcast(&f->change);
	pthread_mutex_unlock(&f->lock);
}

static void *run(void *arg)
{
	struct fixture *f = arg;
	struct err err = ERR_INIT;

	f->run_rc = transport_run(f->transport, &err);
	return NULL;
}

static struct fixture *start(const char *backend, uint64_t drain_ns)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err = ERR_INIT;
	struct transport_cfg cfg = {
		.conns_max = CONNS,
		.drain_ns = drain_ns,
		.events = { f, on_opened, on_data, on_ended, on_closed, on_woken },
		.memory = { f, memory_get, memory_put },
	};
	int fd;

	assert_non_null(f);
	f->backend = backend;
	atomic_store(&f->refuse_from, CONNS);
	atomic_store(&f->gets_left, 1000000);
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->change, NULL);
	snprintf(f->dir, sizeof(f->dir), "/tmp/goxel-transport-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->addr.is_unix = true;
	snprintf(f->addr.path, sizeof(f->addr.path), "%s/s", f->dir);
	fd = sock_listen(&f->addr, 512, 0600, &err);
	assert_true(fd >= 0);
	cfg.listen_fds = &fd;
	cfg.listen_count = 1;
	if (transport_open(backend, &cfg, &f->transport, &err) < 0)
		fail_msg("%s: %s", backend, err.msg);
	assert_int_equal(pthread_create(&f->worker, NULL, work, f), 0);
	assert_int_equal(pthread_create(&f->runner, NULL, run, f), 0);
	return f;
}

static void join_all(struct fixture *f)
{
	pthread_join(f->runner, NULL);
	pthread_mutex_lock(&f->lock);
	f->is_over = true;
	f->is_paused = false;
	pthread_cond_broadcast(&f->change);
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->worker, NULL);
}

/* Stops, and checks that every connection and every buffer came back. */
static void finish(struct fixture *f)
{
	if (f->transport) {
		transport_stop(f->transport);
		join_all(f);
		transport_close(f->transport);
	}
	assert_int_equal(f->run_rc, 0);
	assert_int_equal(atomic_load(&f->opened), atomic_load(&f->closed));
	assert_int_equal(atomic_load(&f->buffers_out), 0);
	unlink(f->addr.path);
	rmdir(f->dir);
	pthread_cond_destroy(&f->change);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

static int dial(struct fixture *f)
{
	struct err err = ERR_INIT;
	int fd = sock_connect(&f->addr, DEADLINE_NS, &err);

	if (fd < 0)
		fail_msg("%s: %s", f->backend, err.msg);
	return fd;
}

static void say(int fd, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
}

/* Reads until that many bytes are there, the peer closes, or the deadline passes. */
static size_t hear(int fd, char *out, size_t bytes)
{
	uint64_t deadline_ns = clock_ns() + DEADLINE_NS;
	size_t len = 0;

	while (len < bytes && clock_ns() < deadline_ns) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (poll(&pfd, 1, 1000) <= 0)
			continue;
		n = recv(fd, out + len, bytes - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return len;
}

static void expect(int fd, const char *text)
{
	char got[1024];
	size_t len = strlen(text);

	assert_true(len < sizeof(got));
	got[hear(fd, got, len)] = '\0';
	assert_string_equal(got, text);
}

static void expect_end(int fd)
{
	char one;

	assert_int_equal(hear(fd, &one, 1), 0);
}

static void wait_for(const atomic_int *counter, int value)
{
	uint64_t deadline_ns = clock_ns() + DEADLINE_NS;

	while (atomic_load(counter) < value && clock_ns() < deadline_ns)
		sched_yield();
	assert_true(atomic_load(counter) >= value);
}

static void split_and_merged(const char *backend)
{
	struct fixture *f = start(backend, NSEC_PER_SEC);
	int fd = dial(f);
	int other = dial(f);

	say(fd, "one\n");
	expect(fd, "one\n");
	say(fd, "tw");
	/* The other's echo proves that the first half has been read before the second is sent. */
	say(other, "x\n");
	expect(other, "x\n");
	say(fd, "o\nthree\nfour\nfi");
	expect(fd, "two\nthree\nfour\n");
	say(fd, "ve\n");
	expect(fd, "five\n");
	close(fd);
	close(other);
	finish(f);
}

/* A message longer than any read, so that it is gathered in the connection's own buffer. */
static void long_line(const char *backend)
{
	struct fixture *f = start(backend, NSEC_PER_SEC);
	int fd = dial(f);
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
	finish(f);
}

static void many_connections(const char *backend)
{
	struct fixture *f = start(backend, NSEC_PER_SEC);
	int fds[CONNS];
	int late;

	for (int i = 0; i < CONNS; i++)
		fds[i] = dial(f);
	for (int i = 0; i < CONNS; i++) {
		char text[32];

		snprintf(text, sizeof(text), "%sclient %d\n", i % 3 ? "" : "@", i);
		say(fds[i], text);
	}
	for (int i = CONNS - 1; i >= 0; i--) {
		char text[32];

		snprintf(text, sizeof(text), "%sclient %d\n", i % 3 ? "" : "@", i);
		expect(fds[i], text);
	}
	/* R-109: one too many is told, and one may come when another has gone. */
	late = dial(f);
	expect(late, "too many\n");
	expect_end(late);
	close(late);
	close(fds[0]);
	wait_for(&f->closed, 1);
	late = dial(f);
	say(late, "now\n");
	expect(late, "now\n");
	close(late);
	for (int i = 1; i < CONNS; i++)
		close(fds[i]);
	finish(f);
}

/* A client that never reads stops its own connection only; what it is owed comes when it reads. */
static void never_reads(const char *backend)
{
	enum { BIG = 300000, TIMES = 40 };
	struct fixture *f = start(backend, NSEC_PER_SEC);
	int fd = dial(f);
	int other = dial(f);
	size_t total = (size_t)TIMES * (BIG + 1) + 5;
	char *got = malloc(total);

	assert_non_null(got);
	for (int i = 0; i < TIMES; i++)
		say(fd, "big 300000\n");
	say(fd, "last\n");
	for (int i = 0; i < 50; i++) {
		say(other, "alive\n");
		expect(other, "alive\n");
	}
	assert_int_equal(hear(fd, got, total), total);
	for (int i = 0; i < TIMES; i++)
		assert_int_equal(got[(size_t)(i + 1) * (BIG + 1) - 1], '\n');
	assert_memory_equal(got + total - 5, "last\n", 5);
	free(got);
	close(fd);
	close(other);
	finish(f);
}

/* The same client goes away instead. */
static void goes_away_unread(const char *backend)
{
	struct fixture *f = start(backend, NSEC_PER_SEC);
	int fd = dial(f);
	int other = dial(f);

	for (int i = 0; i < 20; i++)
		say(fd, "big 300000\n");
	say(other, "x\n");
	expect(other, "x\n");
	close(fd);
	wait_for(&f->closed, 1);
	say(other, "y\n");
	expect(other, "y\n");
	close(other);
	finish(f);
}

static void held_keeps_order(const char *backend)
{
	struct fixture *f = start(backend, NSEC_PER_SEC);
	int fd = dial(f);
	char text[64];

	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "@%d\n%d\n", i, i);
		say(fd, text);
	}
	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "@%d\n%d\n", i, i);
		expect(fd, text);
	}
	/* One at a time: the connection comes back without anything left to do. */
	for (int i = 0; i < 200; i++) {
		say(fd, "@\n");
		expect(fd, "@\n");
	}
	close(fd);
	finish(f);
}

/* Bytes and the end come while another thread has the connection. */
static void comes_while_held(const char *backend)
{
	struct fixture *f = start(backend, NSEC_PER_SEC);
	int fd = dial(f);
	int other = dial(f);

	pause_worker(f, true);
	say(fd, "@held\n");
	say(other, "x\n");
	expect(other, "x\n");
	say(fd, "later\n");
	shutdown(fd, SHUT_WR);
	say(other, "y\n");
	expect(other, "y\n");
	pause_worker(f, false);
	expect(fd, "@held\nlater\n");
	expect_end(fd);
	close(fd);
	close(other);
	finish(f);
}

/* What came while it was held, and again held at once for what was left from before. */
static void held_again_with_bytes_waiting(const char *backend)
{
	struct fixture *f = start(backend, NSEC_PER_SEC);
	int fd = dial(f);
	int other = dial(f);

	for (int i = 0; i < 50; i++) {
		pause_worker(f, true);
		say(fd, "@1\n@2\n");
		say(other, "x\n");
		expect(other, "x\n"); /* now it is held */
		say(fd, "more\n");
		say(other, "y\n");
		expect(other, "y\n"); /* now the transport has seen that more came */
		pause_worker(f, false);
		expect(fd, "@1\n@2\nmore\n");
	}
	close(fd);
	close(other);
	finish(f);
}

static void hangs_up(const char *backend)
{
	struct fixture *f = start(backend, NSEC_PER_SEC);
	int fd = dial(f);

	say(fd, "a\nbye\nnever\n");
	expect(fd, "a\nbye\n");
	expect_end(fd);
	close(fd);
	wait_for(&f->closed, 1);
	fd = dial(f);
	say(fd, "big 2000000\nbye\n");
	for (size_t left = 2000001 + 4; left;) {
		char sink[65536];
		size_t n = hear(fd, sink, left < sizeof(sink) ? left : sizeof(sink));

		assert_true(n > 0);
		left -= n;
	}
	expect_end(fd);
	close(fd);
	finish(f);
}

static void half_a_message(const char *backend)
{
	struct fixture *f = start(backend, NSEC_PER_SEC);
	int fd = dial(f);

	say(fd, "whole\nhalf");
	shutdown(fd, SHUT_WR);
	expect(fd, "whole\nunfinished\n");
	expect_end(fd);
	close(fd);
	wait_for(&f->closed, 1);
	assert_int_equal(atomic_load(&f->rest_bytes), 4);
	finish(f);
}

/* What a worker has in hand when the stop comes is still answered. */
static void stop_drains(const char *backend)
{
	struct fixture *f = start(backend, 10 * NSEC_PER_SEC);
	int fd = dial(f);
	int other = dial(f);

	pause_worker(f, true);
	say(fd, "@held\n");
	say(other, "x\n");
	expect(other, "x\n");
	transport_stop(f->transport);
	pause_worker(f, false);
	expect(fd, "@held\n");
	join_all(f);
	transport_close(f->transport);
	f->transport = NULL;
	expect_end(fd);
	expect_end(other);
	close(fd);
	close(other);
	finish(f);
}

/* And a client that does not read cannot keep it from ending. */
static void stop_gives_up(const char *backend)
{
	struct fixture *f = start(backend, 50 * NSEC_PER_MSEC);
	uint64_t start_ns = clock_ns();
	int fd = dial(f);
	char one;

	say(fd, "big 20000000\n");
	assert_int_equal(hear(fd, &one, 1), 1);
	finish(f);
	assert_true(clock_ns() - start_ns < DEADLINE_NS);
	close(fd);
}

static void wakes_the_running_thread(const char *backend)
{
	struct fixture *f = start(backend, NSEC_PER_SEC);

	for (int i = 1; i <= 3; i++) {
		transport_wake(f->transport);
		wait_for(&f->woken, i);
	}
	finish(f);
}

static void memory_runs_out(const char *backend)
{
	struct fixture *f = start(backend, NSEC_PER_SEC);

	for (int gets = 0; gets < 6; gets++) {
		int fd = dial(f);
		char got[64];

		atomic_store(&f->gets_left, gets);
		/* Half a line must be kept, a big reply too: somewhere the memory ends. */
		(void)send(fd, "half", 4, MSG_NOSIGNAL);
		(void)send(fd, " line\n@x\nbig 9000000\n", 21, MSG_NOSIGNAL);
		(void)hear(fd, got, sizeof(got));
		close(fd);
		wait_for(&f->closed, gets + 1);
	}
	atomic_store(&f->gets_left, 1000000);
	finish(f);
}

static void for_each_backend(void (*test)(const char *))
{
	for (size_t i = 0; transport_backends[i]; i++)
		if (transport_backends[i]->caps & TRANSPORT_SOCKETS)
			test(transport_backends[i]->name);
}

#define EACH(what)                            \
	static void test_##what(void **state) \
	{                                     \
		(void)state;                  \
		for_each_backend(what);       \
	}

EACH(split_and_merged)
EACH(long_line)
EACH(many_connections)
EACH(never_reads)
EACH(goes_away_unread)
EACH(held_keeps_order)
EACH(comes_while_held)
EACH(held_again_with_bytes_waiting)
EACH(hangs_up)
EACH(half_a_message)
EACH(stop_drains)
EACH(stop_gives_up)
EACH(wakes_the_running_thread)
EACH(memory_runs_out)

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
		cmocka_unit_test(test_memory_runs_out),
		cmocka_unit_test(test_errors_say_why),
	};
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	alarm(300); /* a thread that never comes back ends the test */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
