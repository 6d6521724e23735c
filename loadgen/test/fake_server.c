#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/base/clock.h"
#include "daemon/base/strbuf.h"
#include "loadgen/test/fake_server.h"

/* Waits until fd is readable. False: the server must stop. */
static bool await(const struct server *s, int fd)
{
	struct pollfd fds[2] = { { .fd = s->stop_fd, .events = POLLIN },
				 { .fd = fd, .events = POLLIN } };

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	return !fds[0].revents;
}

static void *serve_all(void *arg)
{
	struct server *s = arg;

	while (await(s, s->listen_fd)) {
		int fd = accept(s->listen_fd, NULL, NULL);

		/* It was shut down: only the end is left to wait for. */
		if (fd < 0 && errno == EINVAL) {
			await(s, -1);
			break;
		}
		if (fd < 0)
			continue;
		s->serve(s, fd);
		s->served_count++;
		close(fd);
	}
	return NULL;
}

void server_start(struct server *s, void (*serve)(struct server *s, int fd))
{
	char path[96];

	memset(s, 0, sizeof(*s));
	strcpy(s->dir, "/tmp/goxel-load-test-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(path, sizeof(path), "%s/s", s->dir);
	assert_int_equal(sock_parse_unix(path, &s->addr, NULL), 0);
	s->listen_fd = sock_listen(&s->addr, 16, 0600, NULL);
	assert_true(s->listen_fd >= 0);
	s->stop_fd = eventfd(0, EFD_CLOEXEC);
	assert_true(s->stop_fd >= 0);
	s->serve = serve;
	assert_int_equal(pthread_create(&s->thread, NULL, serve_all, s), 0);
}

void server_stop(struct server *s)
{
	assert_int_equal(eventfd_write(s->stop_fd, 1), 0);
	pthread_join(s->thread, NULL);
	close(s->stop_fd);
	close(s->listen_fd);
	unlink(s->addr.path);
	rmdir(s->dir);
}

/* Reads what is there; 0 when the client is gone or the server must stop. */
static size_t read_some(struct server *s, int fd, char *buf, size_t cap)
{
	ssize_t n = -1;

	while (n < 0 && await(s, fd)) {
		n = recv(fd, buf, cap, MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return 0;
	}
	return n > 0 ? (size_t)n : 0;
}

static void reply_to(int fd, const char *line, size_t len)
{
	char out[128];
	int n = snprintf(out, sizeof(out),
			 "{\"jsonrpc\":\"2.0\",\"result\":{\"pong\":true},\"id\":%.8s}\n",
			 line + len - 9);

	if (send(fd, out, (size_t)n, MSG_NOSIGNAL) < 0)
		return;
}

/* Answers each whole line of buf[*len] with answer and keeps the rest. */
static void answer_lines(int fd, char *buf, size_t *len,
			 void (*answer)(int fd, const char *line, size_t len))
{
	char *at = buf;
	char *stop;

	while ((stop = memchr(at, '\n', *len - (size_t)(at - buf)))) {
		answer(fd, at, (size_t)(stop - at));
		at = stop + 1;
	}
	*len -= (size_t)(at - buf);
	memmove(buf, at, *len);
}

void serve_ping(struct server *s, int fd)
{
	static char buf[1 << 16];
	uint64_t stall_at_ns = 0;
	size_t len = 0, n;

	while ((n = read_some(s, fd, buf + len, sizeof(buf) - len))) {
		len += n;
		if (s->stall_after_ns && !stall_at_ns)
			stall_at_ns = clock_ns() + s->stall_after_ns;
		if (stall_at_ns && clock_ns() > stall_at_ns) {
			clock_sleep_until_ns(stall_at_ns + s->stall_ns);
			stall_at_ns = UINT64_MAX;
		}
		answer_lines(fd, buf, &len, reply_to);
	}
}

void serve_backwards(struct server *s, int fd)
{
	static char buf[1 << 16];
	char lines[8][128];
	size_t lens[8];
	size_t len = 0, n, held = 0;

	while ((n = read_some(s, fd, buf + len, sizeof(buf) - len))) {
		char *at = buf;
		char *stop;

		len += n;
		while ((stop = memchr(at, '\n', len - (size_t)(at - buf)))) {
			lens[held] = (size_t)(stop - at);
			memcpy(lines[held], at, lens[held]);
			at = stop + 1;
			if (++held < 8)
				continue;
			while (held--)
				reply_to(fd, lines[held], lens[held]);
			held = 0;
		}
		len -= (size_t)(at - buf);
		memmove(buf, at, len);
	}
}

void serve_silence(struct server *s, int fd)
{
	char buf[4096];

	while (read_some(s, fd, buf, sizeof(buf)))
		;
}

void serve_nonsense(struct server *s, int fd)
{
	char buf[4096];

	while (read_some(s, fd, buf, sizeof(buf)))
		if (send(fd, "\n\nhello\n", 8, MSG_NOSIGNAL) < 0)
			return;
}

/* A reply of 3 MiB, in many pieces. */
static void reply_large(int fd, const char *line, size_t len)
{
	struct strbuf sb = { 0 };
	size_t done = 0;

	strbuf_add_str(&sb, "{\"jsonrpc\":\"2.0\",\"result\":{\"pong\":true,\"fill\":\"");
	for (int i = 0; i < 3 * 1024; i++) {
		char kib[1025];

		memset(kib, 'x', 1024);
		kib[1024] = '\0';
		strbuf_add_str(&sb, kib);
	}
	strbuf_addf(&sb, "\"},\"id\":%.8s}\n", line + len - 9);
	while (done < sb.len) {
		ssize_t n = send(fd, sb.ptr + done, sb.len - done, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	strbuf_deinit(&sb);
}

void serve_large(struct server *s, int fd)
{
	static char buf[1 << 16];
	size_t len = 0, n;

	while ((n = read_some(s, fd, buf + len, sizeof(buf) - len))) {
		len += n;
		answer_lines(fd, buf, &len, reply_large);
	}
}

static void reply_twice(int fd, const char *line, size_t len)
{
	reply_to(fd, line, len);
	reply_to(fd, line, len);
}

void serve_twice(struct server *s, int fd)
{
	static char buf[1 << 16];
	size_t len = 0, n;

	while ((n = read_some(s, fd, buf + len, sizeof(buf) - len))) {
		len += n;
		answer_lines(fd, buf, &len, reply_twice);
	}
}

static void reply_error(int fd, const char *line, size_t len)
{
	char out[128];
	int n = snprintf(out, sizeof(out),
			 "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32601,\"message\":\"no\"},"
			 "\"id\":%.8s}\n",
			 line + len - 9);

	if (send(fd, out, (size_t)n, MSG_NOSIGNAL) < 0)
		return;
}

void serve_errors(struct server *s, int fd)
{
	static char buf[1 << 16];
	size_t len = 0, n;

	while ((n = read_some(s, fd, buf + len, sizeof(buf) - len))) {
		len += n;
		answer_lines(fd, buf, &len, reply_error);
	}
}

/* Waits until the client cannot send more: what has come stays the same for a while. */
static void await_full(struct server *s, int fd)
{
	int before = 0, waiting = 0;

	if (!await(s, fd))
		return;
	for (int same = 0; same < 20; same = waiting == before ? same + 1 : 0) {
		before = waiting;
		clock_sleep_until_ns(clock_ns() + NSEC_PER_MSEC);
		if (ioctl(fd, FIONREAD, &waiting) < 0)
			return;
	}
}

void serve_slow_reader(struct server *s, int fd)
{
	static char buf[8 << 20];
	size_t len = 0, n;

	await_full(s, fd);
	while ((n = read_some(s, fd, buf + len, sizeof(buf) - len))) {
		len += n;
		answer_lines(fd, buf, &len, reply_to);
	}
}

void serve_endless(struct server *s, int fd)
{
	static char fill[1 << 20];
	char buf[4096];

	memset(fill, 'x', sizeof(fill));
	if (!read_some(s, fd, buf, sizeof(buf)))
		return;
	while (send(fd, fill, sizeof(fill), MSG_NOSIGNAL) > 0)
		;
}

void serve_three(struct server *s, int fd)
{
	char buf[4096];

	for (int i = 0; i < 3; i++) {
		size_t n = read_some(s, fd, buf, sizeof(buf));

		if (n)
			reply_to(fd, buf, n - 1);
	}
}

enum { REPLIES_BEFORE = 50 };

/* Answers REPLIES_BEFORE requests. False: client or server ended before. */
static bool serve_some(struct server *s, int fd)
{
	char buf[4096];

	for (int i = 0; i < REPLIES_BEFORE; i++) {
		size_t n = read_some(s, fd, buf, sizeof(buf));

		if (!n)
			return false;
		reply_to(fd, buf, n - 1);
	}
	return true;
}

void serve_and_die(struct server *s, int fd)
{
	if (!serve_some(s, fd))
		return;
	unlink(s->addr.path);
	shutdown(s->listen_fd, SHUT_RDWR);
}

void serve_and_interrupt(struct server *s, int fd)
{
	if (!serve_some(s, fd))
		return;
	kill(getpid(), SIGINT);
	serve_ping(s, fd);
}
