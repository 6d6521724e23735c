#include "daemon/transport/conn.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/base/budget.h"
#include "daemon/transport/chunk.h"
#include "daemon/transport/late.h"
#include "daemon/transport/sockets.h"

static int cut(struct conn *c, int code)
{
	c->flags = (uint8_t)((c->flags & ~CONN_BACKLOGGED) | CONN_CLOSING | CONN_BROKEN);
	chunk_drop(&c->unsent, &c->transport->cfg.memory);
	return code;
}

/* Returns the bytes accepted by the socket, 0 when it is full, or -EPIPE. */
static ssize_t send_some(const struct conn *c, struct span bytes)
{
	ssize_t n;

	do {
		n = send(c->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == ENOBUFS ? 0 : -EPIPE;
}

int sockets_send(struct conn *c, struct span bytes)
{
	ssize_t sent = 0;

	if (c->flags & CONN_BROKEN)
		return -EPIPE;
	if (!c->unsent) {
		sent = send_some(c, bytes);
		if (sent < 0)
			return cut(c, -EPIPE);
		if ((size_t)sent == bytes.len)
			return 0;
	}
	c->flags |= CONN_BACKLOGGED;
	bytes = span_of(bytes.ptr + sent, bytes.len - (size_t)sent);
	if (chunk_append(&c->unsent, &c->transport->cfg.memory, BUDGET_REPLIES, bytes) < 0)
		return cut(c, -ENOMEM);
	return 0;
}

int sockets_hold(struct conn *c, struct span rest)
{
	const struct transport_memory *mem = &c->transport->cfg.memory;
	struct span kept = chunk_span(c->kept);

	if (c->kept && rest.ptr >= kept.ptr && rest.ptr <= kept.ptr + kept.len) {
		chunk_consume(&c->kept, mem, (size_t)(rest.ptr - kept.ptr));
	} else {
		assert(!c->kept);
		if (chunk_append(&c->kept, mem, BUDGET_REQUESTS, rest) < 0)
			return -ENOMEM;
	}
	atomic_store_explicit(&c->pulse, PULSE_IDLE | PULSE_MOVED, memory_order_relaxed);
	/* When it is not listened to, it must come back through the list to be listened to
	 * again. */
	atomic_store_explicit(&c->hold, c->interest ? HOLD_HELD : HOLD_PARKED,
			      memory_order_relaxed);
	return 0;
}

enum conn_wants conn_wants_after(struct conn *c, bool has_moved)
{
	conn_mark(c, has_moved);
	if (c->unsent)
		return CONN_WRITE;
	return (c->flags & CONN_CLOSING) ? CONN_CLOSE : CONN_READ;
}

/* The rest of an over-long request is consumed as it arrives, which is not progress. */
static bool has_moved(const struct conn *c, size_t used)
{
	return used && !c->scan.skipping;
}

static bool unkept(struct conn *c, struct span rest)
{
	const struct transport_events *ev = &c->transport->cfg.events;

	if (rest.len && ev->unkept(ev->ctx, c, rest))
		return true;
	c->flags |= CONN_CLOSING;
	return false;
}

bool conn_unkept(struct conn *c)
{
	if (!unkept(c, chunk_span(c->kept)))
		return false;
	chunk_drop(&c->kept, &c->transport->cfg.memory);
	return true;
}

enum conn_wants conn_work(struct conn *c)
{
	const struct transport_events *ev = &c->transport->cfg.events;
	size_t used = ev->data(ev->ctx, c, chunk_span(c->kept));

	if (used == TRANSPORT_HELD)
		return CONN_HELD;
	chunk_consume(&c->kept, &c->transport->cfg.memory, used);
	return conn_wants_after(c, has_moved(c, used));
}

enum conn_wants conn_take(struct conn *c, struct span bytes)
{
	const struct transport_events *ev = &c->transport->cfg.events;
	struct span rest;
	size_t used;

	assert(!c->kept);
	used = ev->data(ev->ctx, c, bytes);
	if (used == TRANSPORT_HELD)
		return CONN_HELD;
	assert(used <= bytes.len);
	rest = span_of(bytes.ptr + used, bytes.len - used);
	if (rest.len && !(c->flags & CONN_CLOSING) &&
	    chunk_append(&c->kept, &c->transport->cfg.memory, BUDGET_REQUESTS, rest) < 0)
		(void)unkept(c, rest);
	return conn_wants_after(c, has_moved(c, used));
}

/* A long request that keeps arriving gets more time. */
static void note_growth(struct conn *c, size_t before_bytes, size_t after_bytes)
{
	if (before_bytes / CONN_PACE_BYTES != after_bytes / CONN_PACE_BYTES)
		atomic_fetch_or_explicit(&c->pulse, PULSE_MOVED, memory_order_relaxed);
}

enum conn_wants conn_take_more(struct conn *c, struct span bytes)
{
	size_t before = chunk_span(c->kept).len;

	if (!c->kept)
		return conn_take(c, bytes);
	if (chunk_append(&c->kept, &c->transport->cfg.memory, BUDGET_REQUESTS, bytes) < 0)
		return conn_unkept(c) ? conn_take(c, bytes) : conn_wants_after(c, false);
	note_growth(c, before, before + bytes.len);
	return conn_work(c);
}

enum conn_wants conn_end(struct conn *c)
{
	const struct transport_events *ev = &c->transport->cfg.events;

	c->flags |= CONN_ENDED;
	ev->ended(ev->ctx, c, chunk_span(c->kept));
	c->flags |= CONN_CLOSING;
	return conn_wants_after(c, true);
}

/* What was sent in this round leaves now. */
static void flush_late(const struct conn *c)
{
	struct late *late = ((const struct sockets *)c->transport)->late;

	if (late)
		late_flush(late);
}

void conn_give_up(struct conn *c, enum transport_why why)
{
	const struct transport_events *ev = &c->transport->cfg.events;

	ev->given_up(ev->ctx, c, chunk_span(c->kept), why);
	flush_late(c);
	if (c->unsent && why != TRANSPORT_SLOW_READER)
		conn_flush(c);
	c->flags |= CONN_CLOSING;
}

/* End of input, from the peer or because the transport shut the socket down to wake a blocked
 * thread. */
static enum conn_wants received_none(struct conn *c)
{
	const struct sockets *s = (const struct sockets *)c->transport;
	enum transport_why why;

	if (!conn_is_given_up(c, &why)) {
		if (!c->kept || !atomic_load_explicit(&s->is_stopping, memory_order_relaxed))
			return conn_end(c);
		why = TRANSPORT_STOPPING;
	}
	conn_give_up(c, why);
	return CONN_CLOSE;
}

static enum conn_wants received(struct conn *c, ssize_t n)
{
	if (n == 0)
		return received_none(c);
	if (errno == EAGAIN || errno == EINTR)
		return CONN_READ;
	c->flags |= CONN_ENDED;
	cut(c, -EPIPE);
	return CONN_CLOSE;
}

static int recv_flags(const struct conn *c)
{
	return ((const struct sockets *)c->transport)->io_flags;
}

static enum conn_wants read_into_kept(struct conn *c, size_t min_bytes)
{
	const struct transport_memory *mem = &c->transport->cfg.memory;
	size_t before;
	size_t room;
	char *to = chunk_room(&c->kept, mem, BUDGET_REQUESTS, min_bytes, &room);
	ssize_t n;

	if (!to) {
		(void)conn_unkept(c);
		return conn_wants_after(c, false);
	}
	n = recv(c->fd, to, room, recv_flags(c));
	before = c->kept->end - c->kept->start;
	if (n > 0) {
		c->kept->end += (size_t)n;
		note_growth(c, before, before + (size_t)n);
		return conn_work(c);
	}
	if (!before)
		chunk_drop(&c->kept, mem);
	return received(c, n);
}

enum conn_wants conn_read(struct conn *c, char *buf)
{
	size_t kept_bytes = chunk_span(c->kept).len;
	ssize_t n;

	if (!buf && !c->kept)
		return read_into_kept(c, CONN_FIRST_BYTES - sizeof(struct chunk) -
						 TRANSPORT_PADDING_BYTES);
	if (!buf)
		return read_into_kept(c, 1);
	if (kept_bytes > CONN_KEPT_COPY_BYTES)
		return read_into_kept(c, TRANSPORT_READ_BYTES);
	n = recv(c->fd, buf + kept_bytes, TRANSPORT_READ_BYTES - kept_bytes, recv_flags(c));
	if (n <= 0)
		return received(c, n);
	if (n > LATE_READ_BYTES_MAX)
		flush_late(c); /* others do not wait for long work */
	if (kept_bytes) {
		memcpy(buf, chunk_span(c->kept).ptr, kept_bytes);
		chunk_drop(&c->kept, &c->transport->cfg.memory);
	}
	return conn_take(c, span_of(buf, kept_bytes + (size_t)n));
}

void conn_flush(struct conn *c)
{
	ssize_t n = send_some(c, chunk_span(c->unsent));

	if (n < 0) {
		cut(c, -EPIPE);
		return;
	}
	chunk_consume(&c->unsent, &c->transport->cfg.memory, (size_t)n);
	conn_mark(c, n > 0);
	if (c->unsent)
		c->flags |= CONN_BACKLOGGED;
}

size_t transport_push(struct conn *c, int timeout_ms)
{
	struct pollfd fd = { .fd = c->fd, .events = POLLOUT };

	/* inproc has no descriptor: its driver takes the unsent bytes when c comes back. */
	if (!c->unsent || c->fd < 0)
		return 0;
	if (poll(&fd, 1, timeout_ms) > 0)
		conn_flush(c);
	if (c->unsent)
		return c->unsent->end - c->unsent->start;
	c->flags &= (uint8_t)~CONN_BACKLOGGED;
	return 0;
}

enum conn_wants conn_write(struct conn *c)
{
	if (c->unsent) {
		conn_flush(c);
		if (c->flags & CONN_BROKEN)
			return CONN_CLOSE;
		if (c->unsent)
			return CONN_WRITE;
	}
	c->flags &= (uint8_t)~CONN_BACKLOGGED;
	if (c->kept && !(c->flags & CONN_CLOSING))
		return conn_work(c);
	return conn_wants_after(c, false);
}
