#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "daemon/test/transport_util.h"
#include "daemon/transport/transport.h"

static void on_thread_end(void *arg)
{
	struct echo *f = arg;

	(void)poll(NULL, 0, atomic_load(&f->thread_end_ms));
	atomic_fetch_add(&f->threads_ended, 1);
}

static void *memory_get(void *ctx, size_t min_bytes, size_t *cap)
{
	struct echo *f = ctx;

	if (!pthread_getspecific(f->thread_key)) {
		assert_int_equal(pthread_setspecific(f->thread_key, f), 0);
		atomic_fetch_add(&f->threads_begun, 1);
	}
	if (atomic_fetch_sub(&f->gets_left, 1) <= 0)
		return NULL;
	atomic_fetch_add(&f->buffers_out, 1);
	*cap = min_bytes < 512 ? 512 : min_bytes;
	return malloc(*cap);
}

static void memory_put(void *ctx, void *ptr, size_t cap)
{
	struct echo *f = ctx;

	(void)cap;
	atomic_fetch_sub(&f->buffers_out, 1);
	free(ptr);
}

static int on_opened(void *ctx, struct conn *c)
{
	struct echo *f = ctx;

	if (atomic_load(&f->opened) - atomic_load(&f->closed) >= atomic_load(&f->refuse_from))
		return -EAGAIN;
	atomic_fetch_add(&f->opened, 1);
	if (atomic_load(&f->do_copy_fds) && f->copied_count < CONNS)
		f->copied_fds[f->copied_count++] = dup(c->fd);
	return 0;
}

static void on_refused(void *ctx, int code, struct span *goodbye)
{
	struct echo *f = ctx;

	atomic_fetch_add(&f->refused, 1);
	*goodbye = code == -EMFILE ? SPAN_LIT("no descriptor\n") : SPAN_LIT("too many\n");
}

static bool on_unkept(void *ctx, struct conn *c, struct span rest)
{
	struct echo *f = ctx;

	(void)rest;
	atomic_fetch_add(&f->unkept, 1);
	(void)transport_send(c, SPAN_LIT("no memory\n"));
	c->scan.skipping = atomic_load(&f->does_skip);
	return c->scan.skipping;
}

static void on_given_up(void *ctx, struct conn *c, struct span rest, enum transport_why why)
{
	static const char *const texts[] = {
		[TRANSPORT_IDLE] = "idle",
		[TRANSPORT_SLOW_REQUEST] = "slow request",
		[TRANSPORT_SLOW_READER] = "slow reader",
		[TRANSPORT_NO_ROOM] = "no room",
		[TRANSPORT_STOPPING] = "stopping",
	};
	struct echo *f = ctx;
	char line[128];

	atomic_fetch_add(&f->given_up[why], 1);
	snprintf(line, sizeof(line), "%s after '%.*s'\n", texts[why],
		 (int)(rest.len < 64 ? rest.len : 64), rest.ptr);
	(void)transport_send(c, span_str(line));
}

static void on_closed(void *ctx, struct conn *c)
{
	struct echo *f = ctx;

	(void)c;
	atomic_fetch_add(&f->closed, 1);
}

static void on_ended(void *ctx, struct conn *c, struct span rest)
{
	struct echo *f = ctx;

	atomic_fetch_add(&f->rest_bytes, rest.len);
	if (rest.len)
		(void)transport_send(c, SPAN_LIT("unfinished\n"));
}

static void on_woken(void *ctx)
{
	struct echo *f = ctx;

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

static void submit(struct echo *f, struct conn *c, struct span line)
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

/* The rest of a line that could not be kept. */
static size_t skip_line(struct conn *c, struct span bytes)
{
	const char *end = memchr(bytes.ptr, '\n', bytes.len);

	c->scan.skipping = !end;
	return end ? (size_t)(end - bytes.ptr) + 1 : bytes.len;
}

static size_t on_data(void *ctx, struct conn *c, struct span bytes)
{
	struct echo *f = ctx;
	size_t used = c->scan.skipping ? skip_line(c, bytes) : 0;

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
	struct echo *f = arg;

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

void echo_pause(struct echo *f, bool is_paused)
{
	pthread_mutex_lock(&f->lock);
	f->is_paused = is_paused;
	pthread_cond_broadcast(&f->change);
	pthread_mutex_unlock(&f->lock);
}

void wait_for_jobs(struct echo *f, size_t count)
{
	pthread_mutex_lock(&f->lock);
	while (f->jobs_last < count)
		pthread_cond_wait(&f->change, &f->lock);
	pthread_mutex_unlock(&f->lock);
}

static void *run(void *arg)
{
	struct echo *f = arg;
	struct err err = ERR_INIT;

	f->run_rc = transport_run(f->transport, &err);
	return NULL;
}

struct echo *echo_start(const char *backend, uint64_t drain_ns)
{
	return echo_start_limited(backend, drain_ns, NULL);
}

struct echo *echo_start_limited(const char *backend, uint64_t drain_ns,
				const struct transport_limits *limits)
{
	struct echo *f = calloc(1, sizeof(*f));
	struct err err = ERR_INIT;
	struct transport_cfg cfg = {
		.conns_max = CONNS,
		.drain_ns = drain_ns,
		.limits = limits ? *limits : (struct transport_limits){ 0 },
		.events = {
			.ctx = f,
			.opened = on_opened,
			.refused = on_refused,
			.data = on_data,
			.unkept = on_unkept,
			.ended = on_ended,
			.given_up = on_given_up,
			.closed = on_closed,
			.woken = on_woken,
		},
		.memory = { f, memory_get, memory_put },
	};
	int fd;

	assert_non_null(f);
	f->backend = backend;
	atomic_store(&f->refuse_from, CONNS);
	atomic_store(&f->gets_left, 1000000);
	assert_int_equal(pthread_key_create(&f->thread_key, on_thread_end), 0);
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

void echo_join(struct echo *f)
{
	if (!f->is_joined)
		pthread_join(f->runner, NULL);
	pthread_mutex_lock(&f->lock);
	f->is_over = true;
	f->is_paused = false;
	pthread_cond_broadcast(&f->change);
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->worker, NULL);
}

void echo_finish(struct echo *f)
{
	if (f->transport) {
		transport_stop(f->transport);
		echo_join(f);
		transport_close(f->transport);
	}
	while (f->copied_count)
		close(f->copied_fds[--f->copied_count]);
	assert_int_equal(f->run_rc, 0);
	assert_int_equal(atomic_load(&f->opened), atomic_load(&f->closed));
	assert_int_equal(atomic_load(&f->buffers_out), 0);
	assert_int_equal(atomic_load(&f->threads_begun), atomic_load(&f->threads_ended));
	pthread_key_delete(f->thread_key);
	unlink(f->addr.path);
	rmdir(f->dir);
	pthread_cond_destroy(&f->change);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

int echo_dial(struct echo *f)
{
	struct err err = ERR_INIT;
	int fd = sock_connect(&f->addr, DEADLINE_NS, &err);

	if (fd < 0)
		fail_msg("%s: %s", f->backend, err.msg);
	return fd;
}

void peer_say(int fd, const char *text)
{
	size_t len = strlen(text);

	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
}

void peer_await_read(int fd)
{
	int unread = 1;

	while (unread > 0) {
		assert_int_equal(ioctl(fd, SIOCOUTQ, &unread), 0);
		if (unread > 0)
			(void)poll(NULL, 0, 1);
	}
}

size_t peer_hear(int fd, char *out, size_t bytes)
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

void peer_expect(int fd, const char *text)
{
	char got[1024];
	size_t len = strlen(text);

	assert_true(len < sizeof(got));
	got[peer_hear(fd, got, len)] = '\0';
	assert_string_equal(got, text);
}

void peer_expect_end(int fd)
{
	char one;

	assert_int_equal(peer_hear(fd, &one, 1), 0);
}

/* Containers often forbid it, and emulated kernels have none. */
static bool has_io_uring(void)
{
	/* Where it is there and permitted, no parameters are a bad address. */
	return syscall(SYS_io_uring_setup, 1, NULL) < 0 && errno == EFAULT;
}

void for_each_backend(void (*test)(const char *backend))
{
	for (size_t i = 0; transport_backends[i]; i++) {
		const char *name = transport_backends[i]->head.name;

		if (!(transport_backends[i]->caps & TRANSPORT_SOCKETS))
			continue;
		if (strcmp(name, "uring") == 0 && !has_io_uring())
			print_message("SKIP: there is no io_uring here\n");
		else
			test(name);
	}
}

unsigned long allow_files(unsigned long count)
{
	struct rlimit limit;
	unsigned long before;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	before = limit.rlim_cur;
	limit.rlim_cur = limit.rlim_max < count ? limit.rlim_max : count;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return before;
}

void wait_for_count(const atomic_int *counter, int value)
{
	uint64_t deadline_ns = clock_ns() + DEADLINE_NS;

	while (atomic_load(counter) < value && clock_ns() < deadline_ns)
		sched_yield();
	assert_true(atomic_load(counter) >= value);
}
