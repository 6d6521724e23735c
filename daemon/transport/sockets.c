#include "daemon/transport/sockets.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "daemon/base/log.h"
#include "daemon/base/sock.h"
#include "daemon/transport/chunk.h"

/*
 * Closing a socket that has unread bytes resets the connection, which may overtake the last reply
 * on TCP: say that no more will come, and read away what is there.
 */
static void close_politely(int fd)
{
	char sink[4096];

	shutdown(fd, SHUT_WR);
	for (int i = 0; i < 16 && recv(fd, sink, sizeof(sink), MSG_DONTWAIT) > 0; i++)
		;
	close(fd);
}

int sockets_init(struct sockets *s, const struct transport_cfg *cfg, size_t conn_bytes,
		 struct err *err)
{
	assert(conn_bytes >= sizeof(struct conn));
	assert(conn_bytes % 64 == 0);
	if (cfg->listen_count > SOCKETS_LISTENERS_MAX)
		return err_set(err, -EINVAL, "%zu listening sockets, at most %d", cfg->listen_count,
			       SOCKETS_LISTENERS_MAX);
	s->conn_bytes = conn_bytes;
	s->io_flags = MSG_DONTWAIT;
	s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->wake_fd < 0)
		return err_set(err, -errno, "eventfd: %s", strerrordesc_np(errno));
	s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	for (size_t i = 0; i < cfg->listen_count; i++)
		s->listeners[i] = (struct sockets_listener){
			.fd = cfg->listen_fds[i],
			.is_tcp = sock_is_tcp(cfg->listen_fds[i]),
		};
	s->listeners_count = cfg->listen_count;
	return 0;
}

void sockets_deinit(struct sockets *s)
{
	size_t at = 0;
	struct conn *c;

	while ((c = sockets_next(s, &at)))
		sockets_drop(s, c);
	for (size_t i = 0; i < s->listeners_count; i++)
		close(s->listeners[i].fd);
	for (size_t i = 0; i < SOCKETS_PARTING_MAX; i++)
		if (s->parting_fds[i])
			close_politely(s->parting_fds[i]);
	for (size_t i = 0; i < s->slabs_count; i++)
		free(s->slabs[i]);
	free(s->slabs);
	close(s->wake_fd);
	if (s->spare_fd >= 0)
		close(s->spare_fd);
}

static int add_slab(struct sockets *s)
{
	size_t bytes = s->conn_bytes * SOCKETS_SLAB_CONNS;
	char **slabs = realloc(s->slabs, (s->slabs_count + 1) * sizeof(*slabs));
	char *slab;

	if (!slabs)
		return -ENOMEM;
	s->slabs = slabs;
	slab = aligned_alloc(64, bytes);
	if (!slab)
		return -ENOMEM;
	memset(slab, 0, bytes);
	slabs[s->slabs_count++] = slab;
	for (size_t i = SOCKETS_SLAB_CONNS; i-- > 0;) {
		struct conn *c = (struct conn *)(void *)(slab + i * s->conn_bytes);

		c->fd = -1;
		c->next = s->unused;
		s->unused = c;
	}
	return 0;
}

struct conn *sockets_next(const struct sockets *s, size_t *at)
{
	while (*at < s->slabs_count * SOCKETS_SLAB_CONNS) {
		size_t i = (*at)++;
		struct conn *c = (struct conn *)(void *)(s->slabs[i / SOCKETS_SLAB_CONNS] +
							 i % SOCKETS_SLAB_CONNS * s->conn_bytes);

		if (c->fd >= 0)
			return c;
	}
	return NULL;
}

/* Descriptors have run out: the one kept for this lets the next in line be told by a close. */
void sockets_refuse(struct sockets *s, const struct sockets_listener *l)
{
	int fd;

	if (s->spare_fd < 0)
		return;
	close(s->spare_fd);
	fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		close(fd);
	s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (s->is_out_of_fds)
		return;
	s->is_out_of_fds = true;
	log_warn("transport", "out of file descriptors with %zu connections open", s->open_count);
}

void sockets_accepted(struct sockets *s, const struct sockets_listener *l, int fd)
{
	s->is_out_of_fds = false;
	if (l->is_tcp)
		sock_set_nodelay(fd);
}

int sockets_accept(struct sockets *s, const struct sockets_listener *l)
{
	int fd;

	do {
		fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			sockets_refuse(s, l);
		return -EAGAIN;
	}
	sockets_accepted(s, l, fd);
	return fd;
}

static void part(struct sockets *s, int fd, struct span parting)
{
	int *slot = &s->parting_fds[s->parting_next++ % SOCKETS_PARTING_MAX];

	if (*slot)
		close_politely(*slot);
	*slot = fd;
	(void)send(fd, parting.ptr, parting.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(fd, SHUT_WR);
}

struct conn *sockets_adopt(struct sockets *s, int fd)
{
	const struct transport_events *ev = &s->base.cfg.events;
	struct span parting = { 0 };
	struct conn *c;

	if (!s->unused && add_slab(s) < 0) {
		close(fd);
		return NULL;
	}
	c = s->unused;
	s->unused = c->next;
	memset(c, 0, s->conn_bytes);
	c->transport = &s->base;
	c->fd = fd;
	c->id = ++s->last_id;
	if (ev->opened(ev->ctx, c, &parting) != 0) {
		if (parting.len)
			part(s, fd, parting);
		else
			close(fd);
		c->fd = -1;
		c->next = s->unused;
		s->unused = c;
		return NULL;
	}
	s->open_count++;
	return c;
}

void sockets_drop(struct sockets *s, struct conn *c)
{
	const struct transport_events *ev = &s->base.cfg.events;

	ev->closed(ev->ctx, c);
	chunk_drop(&c->kept, &s->base.cfg.memory);
	chunk_drop(&c->unsent, &s->base.cfg.memory);
	if (c->flags & CONN_ENDED) {
		/* A forked child may have a copy; the peer shall see the end now. */
		shutdown(c->fd, SHUT_RDWR);
		close(c->fd);
	} else {
		close_politely(c->fd);
	}
	c->fd = -1;
	c->next = s->unused;
	s->unused = c;
	s->open_count--;
}

void sockets_wake(struct sockets *s)
{
	uint64_t one = 1;
	int saved = errno;

	/* The only failure is a full counter, which wakes as well. */
	if (write(s->wake_fd, &one, sizeof(one)) < 0)
		errno = saved;
}

void sockets_clear_wake(struct sockets *s)
{
	uint64_t count;

	if (read(s->wake_fd, &count, sizeof(count)) < 0)
		assert(errno == EAGAIN || errno == EINTR);
	if (atomic_exchange(&s->is_woken, false))
		s->base.cfg.events.woken(s->base.cfg.events.ctx);
}

void sockets_woken(struct transport *t)
{
	struct sockets *s = (struct sockets *)t;

	atomic_store(&s->is_woken, true);
	sockets_wake(s);
}

bool sockets_is_busy(const struct sockets *s)
{
	size_t at = 0;
	const struct conn *c;

	while ((c = sockets_next(s, &at)))
		if (atomic_load(&c->hold) != HOLD_FREE || c->unsent)
			return true;
	return false;
}

struct conn *sockets_take_resumed(struct sockets *s)
{
	/* Pairs with the release in sockets_resume: what the holder wrote is seen. */
	return atomic_exchange_explicit(&s->resumed, NULL, memory_order_acquire);
}

void sockets_stop(struct transport *t)
{
	struct sockets *s = (struct sockets *)t;

	atomic_store(&s->is_stopping, true);
	sockets_wake(s);
}

static int cut(struct conn *c, int code)
{
	c->flags = (uint8_t)((c->flags & ~CONN_BACKLOGGED) | CONN_CLOSING | CONN_BROKEN);
	chunk_drop(&c->unsent, &c->transport->cfg.memory);
	return code;
}

/* Bytes taken by the socket, 0 when it is full, or -EPIPE. */
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
	if (chunk_append(&c->unsent, &c->transport->cfg.memory, bytes) < 0)
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
		if (chunk_append(&c->kept, mem, rest) < 0)
			return -ENOMEM;
	}
	/* Not listened to: it must come back through the list, to be listened to again. */
	atomic_store_explicit(&c->hold, c->interest ? HOLD_HELD : HOLD_PARKED,
			      memory_order_relaxed);
	return 0;
}

void sockets_resume(struct conn *c)
{
	struct sockets *s = (struct sockets *)c->transport;
	uint8_t held = HOLD_HELD;
	struct conn *head;

	/*
	 * Nothing left to do and nothing missed: give it back without waking anybody. Sequentially
	 * consistent on both sides (also in sockets_stop): either the drain sees the connection
	 * free, or this thread sees that somebody drains.
	 */
	if (!c->unsent && !c->kept && !(c->flags & CONN_CLOSING) &&
	    atomic_compare_exchange_strong(&c->hold, &held, HOLD_FREE)) {
		if (atomic_load(&s->is_stopping))
			sockets_wake(s);
		return;
	}
	head = atomic_load_explicit(&s->resumed, memory_order_relaxed);
	do {
		c->next = head;
	} while (!atomic_compare_exchange_weak_explicit(&s->resumed, &head, c, memory_order_release,
							memory_order_relaxed));
	if (!head)
		sockets_wake(s);
}

static enum conn_wants settle(const struct conn *c)
{
	if (c->unsent)
		return CONN_WRITE;
	return (c->flags & CONN_CLOSING) ? CONN_CLOSE : CONN_READ;
}

enum conn_wants conn_work(struct conn *c)
{
	const struct transport_events *ev = &c->transport->cfg.events;
	size_t used = ev->data(ev->ctx, c, chunk_span(c->kept));

	if (used == TRANSPORT_HELD)
		return CONN_HELD;
	chunk_consume(&c->kept, &c->transport->cfg.memory, used);
	return settle(c);
}

enum conn_wants conn_take(struct conn *c, struct span bytes)
{
	const struct transport_events *ev = &c->transport->cfg.events;
	size_t used;

	assert(!c->kept);
	used = ev->data(ev->ctx, c, bytes);
	if (used == TRANSPORT_HELD)
		return CONN_HELD;
	assert(used <= bytes.len);
	if (used < bytes.len && !(c->flags & CONN_CLOSING) &&
	    chunk_append(&c->kept, &c->transport->cfg.memory,
			 span_of(bytes.ptr + used, bytes.len - used)) < 0)
		cut(c, -ENOMEM);
	return settle(c);
}

enum conn_wants conn_end(struct conn *c)
{
	const struct transport_events *ev = &c->transport->cfg.events;

	c->flags |= CONN_ENDED;
	ev->ended(ev->ctx, c, chunk_span(c->kept));
	c->flags |= CONN_CLOSING;
	return settle(c);
}

static int recv_flags(const struct conn *c)
{
	return ((const struct sockets *)c->transport)->io_flags;
}

static enum conn_wants received(struct conn *c, ssize_t n)
{
	if (n == 0)
		return conn_end(c);
	if (errno == EAGAIN || errno == EINTR)
		return CONN_READ;
	c->flags |= CONN_ENDED;
	cut(c, -EPIPE);
	return CONN_CLOSE;
}

static enum conn_wants read_into_kept(struct conn *c, size_t min_bytes)
{
	const struct transport_memory *mem = &c->transport->cfg.memory;
	size_t room;
	char *to = chunk_room(&c->kept, mem, min_bytes, &room);
	ssize_t n;

	if (!to) {
		cut(c, -ENOMEM);
		return CONN_CLOSE;
	}
	n = recv(c->fd, to, room, recv_flags(c));
	if (n > 0) {
		c->kept->end += (size_t)n;
		return conn_work(c);
	}
	if (c->kept->start == c->kept->end)
		chunk_drop(&c->kept, mem);
	return received(c, n);
}

enum conn_wants conn_read(struct conn *c, char *buf)
{
	size_t kept_bytes = c->kept ? c->kept->end - c->kept->start : 0;
	ssize_t n;

	if (!buf && !c->kept)
		return read_into_kept(c, SOCKETS_CLIENT_BYTES - sizeof(struct chunk) -
						 TRANSPORT_PADDING_BYTES);
	if (!buf)
		return read_into_kept(c, 1);
	if (kept_bytes > SOCKETS_KEPT_COPY_BYTES)
		return read_into_kept(c, TRANSPORT_READ_BYTES);
	n = recv(c->fd, buf + kept_bytes, TRANSPORT_READ_BYTES - kept_bytes, recv_flags(c));
	if (n <= 0)
		return received(c, n);
	if (kept_bytes) {
		memcpy(buf, chunk_span(c->kept).ptr, kept_bytes);
		chunk_drop(&c->kept, &c->transport->cfg.memory);
	}
	return conn_take(c, span_of(buf, kept_bytes + (size_t)n));
}

void sockets_flush(struct conn *c)
{
	ssize_t n = send_some(c, chunk_span(c->unsent));

	if (n < 0) {
		cut(c, -EPIPE);
		return;
	}
	chunk_consume(&c->unsent, &c->transport->cfg.memory, (size_t)n);
	if (c->unsent)
		c->flags |= CONN_BACKLOGGED;
}

size_t transport_push(struct conn *c, int timeout_ms)
{
	struct pollfd fd = { .fd = c->fd, .events = POLLOUT };

	/* inproc has no descriptor: its driver takes what is unsent when c comes back. */
	if (!c->unsent || c->fd < 0)
		return 0;
	if (poll(&fd, 1, timeout_ms) > 0)
		sockets_flush(c);
	if (c->unsent)
		return c->unsent->end - c->unsent->start;
	c->flags &= (uint8_t)~CONN_BACKLOGGED;
	return 0;
}

enum conn_wants conn_write(struct conn *c)
{
	if (c->unsent) {
		sockets_flush(c);
		if (c->flags & CONN_BROKEN)
			return CONN_CLOSE;
		if (c->unsent)
			return CONN_WRITE;
	}
	c->flags &= (uint8_t)~CONN_BACKLOGGED;
	if (c->kept && !(c->flags & CONN_CLOSING))
		return conn_work(c);
	return settle(c);
}
