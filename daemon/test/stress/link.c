#include "daemon/test/stress/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/sock.h"

enum { READ_BYTES = 256 << 10, CONNECT_S = 10, TAIL_BYTES = 64 };

int link_open(struct link *l, const struct sock_addr *addr, int stop_fd)
{
	int fd = sock_connect(addr, CONNECT_S * NSEC_PER_SEC, NULL);

	l->stop_fd = stop_fd;
	l->used = 0;
	strbuf_clear(&l->in);
	if (fd < 0)
		return fd;
	l->fd = fd;
	return sock_set_nonblocking(fd, true);
}

void link_close(struct link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

void link_deinit(struct link *l)
{
	link_close(l);
	strbuf_deinit(&l->in);
	l->used = 0;
}

void link_reset(struct link *l)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (l->fd >= 0)
		setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	link_close(l);
}

bool link_is_cut(int rc)
{
	return rc == -EPIPE || rc == -ECONNRESET || rc == -ENOTCONN;
}

/* Until the socket is ready for events. */
static int wait_for(struct link *l, short events, uint64_t deadline_ns)
{
	struct pollfd fds[2] = { { .fd = l->fd, .events = events },
				 { .fd = l->stop_fd, .events = POLLIN } };
	uint64_t now = clock_ns();
	int ms = now < deadline_ns ? (int)((deadline_ns - now) / NSEC_PER_MSEC) + 1 : 0;
	int n = poll(fds, 2, ms);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[1].revents)
		return -ECANCELED;
	return n == 0 ? -ETIMEDOUT : 0;
}

int link_send(struct link *l, const void *bytes, size_t len, uint64_t timeout_ns)
{
	uint64_t deadline_ns = clock_ns() + timeout_ns;
	const char *at = bytes;
	int rc = 0;

	while (len > 0 && rc == 0) {
		ssize_t n = send(l->fd, at, len, MSG_NOSIGNAL);

		if (n >= 0) {
			at += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			rc = wait_for(l, POLLOUT, deadline_ns);
		} else if (errno != EINTR) {
			rc = -errno;
		}
	}
	return rc;
}

/* More bytes at the end of l->in. */
static int receive(struct link *l, uint64_t deadline_ns)
{
	if (l->used > 0) {
		memmove(l->in.ptr, l->in.ptr + l->used, l->in.len - l->used);
		l->in.len -= l->used;
		l->used = 0;
	}
	for (;;) {
		if (strbuf_reserve(&l->in, READ_BYTES) < 0)
			return -ENOMEM;

		ssize_t n = recv(l->fd, l->in.ptr + l->in.len, READ_BYTES, 0);

		if (n > 0) {
			l->in.len += (size_t)n;
			return 0;
		}
		if (n == 0)
			return -EPIPE;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;

		int rc = wait_for(l, POLLIN, deadline_ns);

		if (rc < 0)
			return rc;
	}
}

int link_line(struct link *l, uint64_t timeout_ns, struct span *line)
{
	uint64_t deadline_ns = clock_ns() + timeout_ns;
	size_t seen = 0; /* bytes after l->used without a line's end */

	for (;;) {
		size_t held = l->in.len - l->used;
		char *end =
			held > seen ? memchr(l->in.ptr + l->used + seen, '\n', held - seen) : NULL;

		if (end) {
			*line = span_of(l->in.ptr + l->used, (size_t)(end - (l->in.ptr + l->used)));
			l->used += line->len + 1;
			return 0;
		}
		if (held > LINK_LINE_BYTES_MAX)
			return -EMSGSIZE;
		seen = held;

		int rc = receive(l, deadline_ns);

		if (rc < 0)
			return rc;
	}
}

int link_skip_line(struct link *l, uint64_t timeout_ns, uint64_t *bytes)
{
	uint64_t deadline_ns = clock_ns() + timeout_ns;

	*bytes = 0;
	for (;;) {
		size_t held = l->in.len - l->used;
		char *from = l->in.ptr + l->used;
		char *end = held > 0 ? memchr(from, '\n', held) : NULL;

		if (end) {
			*bytes += (uint64_t)(end - from) + 1;
			l->used += (size_t)(end - from) + 1;
			return 0;
		}
		/* The last bytes stay, so that who asks can look at the reply's end. */
		if (held > TAIL_BYTES) {
			*bytes += held - TAIL_BYTES;
			l->used = l->in.len - TAIL_BYTES;
		}

		int rc = receive(l, deadline_ns);

		if (rc < 0)
			return rc;
	}
}

uint64_t link_format(struct link *l, struct strbuf *sb, const char *method, const char *params)
{
	uint64_t id = ++l->next_id;

	strbuf_addf(sb, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":%s,\"id\":%llu}", method,
		    params && *params ? params : "{}", (unsigned long long)id);
	return id;
}

static bool starts_with(struct span text, const char *head)
{
	return text.len >= strlen(head) && memcmp(text.ptr, head, strlen(head)) == 0;
}

static bool ends_with(struct span text, const char *tail)
{
	size_t len = strlen(tail);

	return text.len >= len && memcmp(text.ptr + text.len - len, tail, len) == 0;
}

void link_classify(struct span line, uint64_t id, struct link_reply *reply)
{
	static const char result[] = "{\"jsonrpc\":\"2.0\",\"result\":";
	static const char error[] = "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":";
	char tail[40];

	*reply = (struct link_reply){ .kind = LINK_GARBLED, .text = line };
	snprintf(tail, sizeof(tail), ",\"id\":%llu}", (unsigned long long)id);
	if (starts_with(line, result) && ends_with(line, tail)) {
		reply->kind = LINK_RESULT;
		reply->body = span_of(line.ptr + sizeof(result) - 1,
				      line.len - (sizeof(result) - 1) - strlen(tail));
	} else if (starts_with(line, error)) {
		reply->code = (int)strtol(line.ptr + sizeof(error) - 1, NULL, 10);
		/* "Server busy" goes to a connection; "out of memory" may come before the id is
		 * read: the id is null then. */
		if (ends_with(line, tail) ||
		    ((reply->code == -32000 || reply->code == -32603) && ends_with(line, ":null}")))
			reply->kind = LINK_ERROR;
	}
}

int64_t link_number(struct span text, const char *key)
{
	const char *at = memmem(text.ptr, text.len, key, strlen(key));

	return at ? strtoll(at + strlen(key), NULL, 10) : -1;
}

int link_call(struct link *l, const char *method, const char *params, uint64_t timeout_ns,
	      struct link_reply *reply)
{
	struct strbuf sb = { 0 };
	uint64_t id = link_format(l, &sb, method, params);
	struct span line;
	int rc = sb.failed ? -ENOMEM : link_send(l, sb.ptr, sb.len, timeout_ns);

	strbuf_deinit(&sb);
	/* Who was refused may be told so after the send failed: the reply is read anyway. */
	if (rc == 0 || link_is_cut(rc)) {
		int sent = rc;

		rc = link_line(l, timeout_ns, &line);
		if (rc < 0 && sent < 0)
			rc = sent;
	}
	if (rc == 0)
		link_classify(line, id, reply);
	return rc;
}
