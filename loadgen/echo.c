/* echo.c - a minimal epoll server. */
#include "loadgen/echo.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/cpu.h"
#include "daemon/base/err.h"
#include "daemon/base/sock.h"
#include "daemon/base/strbuf.h"

enum {
	ECHO_EVENTS = 64,
	ECHO_READ_BYTES = 64 * 1024,
	ECHO_WRITE_BYTES = 256 * 1024,
	ECHO_LINE_BYTES_MAX = 64 << 20,
	ECHO_BACKLOG = 4096,
	ECHO_ID_BYTES_MAX = 20, /* a 64-bit number */
};

static const char reply_tail[] = { '}', '\n' };
static const char reply_head[] = "{\"jsonrpc\":\"2.0\",\"result\":{\"pong\":true},\"id\":";

enum { REPLY_HEAD = sizeof(reply_head) - 1, REPLY_MAX = REPLY_HEAD + ECHO_ID_BYTES_MAX + 2 };

struct echo_conn {
	struct echo_conn *next, **link; /* list of all; link is what points to this one */
	int fd;
	bool waits_for_room; /* EPOLLOUT is set, EPOLLIN is not */
	struct strbuf in;    /* a request's beginning */
	struct strbuf out;   /* replies that did not fit the socket */
	size_t out_done;     /* of out, sent */
};

struct echo {
	int epoll_fd;
	int listen_fd;
	int signal_fd;
	char rx[ECHO_READ_BYTES];
	char tx[ECHO_WRITE_BYTES];
	size_t tx_len;
	struct echo_conn *conns; /* owned */
};

static void free_conn(struct echo_conn *c)
{
	close(c->fd);
	strbuf_deinit(&c->in);
	strbuf_deinit(&c->out);
	free(c);
}

static void close_conn(struct echo_conn *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	free_conn(c);
}

static void watch(struct echo *e, struct echo_conn *c, bool waits_for_room)
{
	struct epoll_event ev = { .events = waits_for_room ? EPOLLOUT : EPOLLIN, .data.ptr = c };

	c->waits_for_room = waits_for_room;
	epoll_ctl(e->epoll_fd, EPOLL_CTL_MOD, c->fd, &ev);
}

/* Sends what is in tx and keeps the rest for later. Negative: the client has disconnected. */
static int flush_replies(struct echo *e, struct echo_conn *c)
{
	ssize_t n = 0;

	if (!c->waits_for_room && e->tx_len) {
		n = send(c->fd, e->tx, e->tx_len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n < 0)
			n = 0;
	}
	if ((size_t)n < e->tx_len) {
		strbuf_add(&c->out, e->tx + n, e->tx_len - (size_t)n);
		if (c->out.failed)
			return -ENOMEM;
		if (!c->waits_for_room)
			watch(e, c, true);
	}
	e->tx_len = 0;
	return 0;
}

/* The digits before a line's last brace; "null" when there are none. */
static struct span find_id(const char *line, size_t len)
{
	const char *stop, *s;

	while (len && (line[len - 1] == '\r' || line[len - 1] == ' '))
		len--;
	if (!len || line[len - 1] != '}')
		return SPAN_LIT("null");
	stop = line + len - 1;
	while (stop > line && stop[-1] == ' ')
		stop--;
	s = stop;
	while (s > line && stop - s < ECHO_ID_BYTES_MAX && s[-1] >= '0' && s[-1] <= '9')
		s--;
	return s < stop ? span_of(s, (size_t)(stop - s)) : SPAN_LIT("null");
}

static void answer(struct echo *e, const char *line, size_t len)
{
	char *out = e->tx + e->tx_len;
	struct span id = find_id(line, len);

	memcpy(out, reply_head, REPLY_HEAD);
	memcpy(out + REPLY_HEAD, id.ptr, id.len);
	memcpy(out + REPLY_HEAD + id.len, reply_tail, sizeof(reply_tail));
	e->tx_len += REPLY_HEAD + id.len + sizeof(reply_tail);
}

/* Answers every complete line of text; *used is set to their bytes. */
static int answer_lines(struct echo *e, struct echo_conn *c, struct span text, size_t *used)
{
	const char *at = text.ptr;
	const char *end = text.ptr + text.len;
	const char *stop;
	int rc = 0;

	while (!rc && (stop = memchr(at, '\n', (size_t)(end - at)))) {
		if (stop > at)
			answer(e, at, (size_t)(stop - at));
		at = stop + 1;
		if (e->tx_len > ECHO_WRITE_BYTES - REPLY_MAX)
			rc = flush_replies(e, c);
	}
	*used = (size_t)(at - text.ptr);
	return rc ? rc : flush_replies(e, c);
}

/* The slow path: earlier reads left the beginning of a request. */
static int take_more(struct echo *e, struct echo_conn *c, size_t n)
{
	size_t used;
	int rc;

	strbuf_add(&c->in, e->rx, n);
	if (c->in.failed || c->in.len > ECHO_LINE_BYTES_MAX)
		return -EMSGSIZE;
	/* The earlier bytes hold no line end, so only the new ones are searched. */
	if (!memchr(e->rx, '\n', n))
		return 0;
	rc = answer_lines(e, c, strbuf_span(&c->in), &used);
	memmove(c->in.ptr, c->in.ptr + used, c->in.len - used);
	c->in.len -= used;
	return rc;
}

static int take_requests(struct echo *e, struct echo_conn *c)
{
	ssize_t n = recv(c->fd, e->rx, sizeof(e->rx), 0);
	size_t used;
	int rc;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -ECONNRESET;
	if (c->in.len)
		return take_more(e, c, (size_t)n);
	rc = answer_lines(e, c, span_of(e->rx, (size_t)n), &used);
	if (!rc && used < (size_t)n) {
		strbuf_add(&c->in, e->rx + used, (size_t)n - used);
		rc = c->in.failed ? -ENOMEM : 0;
	}
	return rc;
}

static int send_rest(struct echo *e, struct echo_conn *c)
{
	ssize_t n = send(c->fd, c->out.ptr + c->out_done, c->out.len - c->out_done, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	c->out_done += (size_t)n;
	if (c->out_done == c->out.len) {
		strbuf_clear(&c->out);
		c->out_done = 0;
		watch(e, c, false);
	}
	return 0;
}

static void accept_all(struct echo *e)
{
	for (;;) {
		int fd = accept4(e->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct epoll_event ev = { .events = EPOLLIN };
		struct echo_conn *c;

		if (fd < 0)
			return;
		c = calloc(1, sizeof(*c));
		if (!c) {
			close(fd);
			return;
		}
		c->fd = fd;
		c->next = e->conns;
		c->link = &e->conns;
		if (c->next)
			c->next->link = &c->next;
		e->conns = c;
		sock_set_nodelay(fd);
		ev.data.ptr = c;
		if (epoll_ctl(e->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
			close_conn(c);
	}
}

/* Returns false when a signal ends the server. */
static bool serve_event(struct echo *e, const struct epoll_event *ev)
{
	struct echo_conn *c = ev->data.ptr;
	int rc;

	if (ev->data.ptr == &e->signal_fd)
		return false;
	if (ev->data.ptr == &e->listen_fd) {
		accept_all(e);
		return true;
	}
	rc = c->waits_for_room ? send_rest(e, c) : take_requests(e, c);
	if (rc < 0)
		close_conn(c);
	return true;
}

static void announce(const struct sock_addr *addr, int fd)
{
	struct sock_addr bound = *addr;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} sa = { .v6 = { 0 } };
	socklen_t len = sizeof(sa);
	char text[128];

	/* With port 0 the kernel has chosen one: print it. */
	if (!addr->is_unix && getsockname(fd, &sa.any, &len) == 0)
		bound.port = ntohs(sa.any.sa_family == AF_INET6 ? sa.v6.sin6_port : sa.v4.sin_port);
	sock_format(&bound, text, sizeof(text));
	fprintf(stderr, "goxel-load: echo server listens on %s\n", text);
}

/* Events of fd carry token. */
static int watch_fd(struct echo *e, int fd, void *token, struct err *err)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = token };

	if (epoll_ctl(e->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return err_set(err, -errno, "watch a descriptor");
	return 0;
}

static int open_echo(struct echo *e, const struct sock_addr *addr, struct err *err)
{
	sigset_t set;
	int rc;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	e->listen_fd = sock_listen(addr, ECHO_BACKLOG, 0600, err);
	if (e->listen_fd < 0)
		return e->listen_fd;
	e->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	e->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (e->signal_fd < 0 || e->epoll_fd < 0)
		return err_set(err, -errno, "open epoll and signal descriptors");
	rc = watch_fd(e, e->listen_fd, &e->listen_fd, err);
	return rc ? rc : watch_fd(e, e->signal_fd, &e->signal_fd, err);
}

static void serve(struct echo *e)
{
	for (;;) {
		struct epoll_event events[ECHO_EVENTS];
		int n = epoll_wait(e->epoll_fd, events, ECHO_EVENTS, -1);

		for (int i = 0; i < n; i++)
			if (!serve_event(e, &events[i]))
				return;
	}
}

int echo_serve(const struct sock_addr *addr, int cpu, struct err *err)
{
	struct echo *e = calloc(1, sizeof(*e));
	struct echo_conn *c;
	int rc;

	if (!e)
		return err_set(err, -ENOMEM, "out of memory");
	e->epoll_fd = e->listen_fd = e->signal_fd = -1;
	rc = cpu >= 0 ? cpu_pin(cpu, err) : 0;
	if (!rc)
		rc = open_echo(e, addr, err);
	if (!rc) {
		announce(addr, e->listen_fd);
		serve(e);
	}
	if (e->listen_fd >= 0 && addr->is_unix)
		unlink(addr->path);
	while ((c = e->conns)) {
		e->conns = c->next;
		free_conn(c);
	}
	for (int i = 0; i < 3; i++) {
		int fd = (int[]){ e->epoll_fd, e->listen_fd, e->signal_fd }[i];

		if (fd >= 0)
			close(fd);
	}
	free(e);
	return rc;
}
