#include "daemon/transport/sockets.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "daemon/base/sock.h"
#include "daemon/transport/chunk.h"
#include "daemon/transport/conn.h"

int sockets_init(struct sockets *s, const struct transport_cfg *cfg, size_t conn_bytes,
		 struct err *err)
{
	int rc;

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
	rc = tick_init(s, err);
	if (rc < 0) {
		close(s->wake_fd);
		return rc;
	}
	s->accept_wake_fd = s->wake_fd;
	atomic_store(&s->spare_fd, -1);
	(void)sockets_has_spare(s);
	for (size_t i = 0; i < SOCKETS_REFUSED_MAX; i++)
		s->refused[i].fd = -1;
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

	while ((c = sockets_next(s, &at, NULL)))
		sockets_drop(s, c);
	for (size_t i = 0; i < s->listeners_count; i++)
		close(s->listeners[i].fd);
	for (size_t i = 0; i < SOCKETS_REFUSED_MAX; i++)
		if (s->refused[i].fd >= 0)
			sockets_close_gracefully(s, s->refused[i].fd);
	for (size_t i = 0; i < s->slabs_count; i++)
		free(s->slabs[i]);
	free(s->slabs);
	close(s->tick_fd);
	close(s->wake_fd);
	if (atomic_load(&s->spare_fd) >= 0)
		close(atomic_load(&s->spare_fd));
}

/* A slab holds its connections, followed by the data of tick.c for each. */
static int add_slab(struct sockets *s)
{
	size_t bytes = (s->conn_bytes + sizeof(struct conn_wait)) * SOCKETS_SLAB_CONNS;
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
		sockets_recycle(s, c);
	}
	return 0;
}

static struct conn_wait *waits_of(const struct sockets *s, char *slab)
{
	return (struct conn_wait *)(void *)(slab + s->conn_bytes * SOCKETS_SLAB_CONNS);
}

struct conn *sockets_next(const struct sockets *s, size_t *at, struct conn_wait **wait)
{
	size_t count = s->slabs_count * SOCKETS_SLAB_CONNS;

	for (size_t n = *at; n < count; n++) {
		char *slab = s->slabs[n / SOCKETS_SLAB_CONNS];
		size_t i = n % SOCKETS_SLAB_CONNS;
		struct conn *c = (struct conn *)(void *)(slab + i * s->conn_bytes);

		if (c->fd < 0)
			continue;
		*at = n + 1;
		if (wait)
			*wait = waits_of(s, slab) + i;
		return c;
	}
	*at = count;
	return NULL;
}

/* Returns 0, or why the connection is refused. */
static int admit(struct sockets *s, struct conn *c)
{
	const struct transport_events *ev = &s->base.cfg.events;
	int rc;

	/* It was accepted with the spare descriptor: it may stay if another connection can be
	 * closed. */
	if (!sockets_has_spare(s)) {
		sockets_warn_of_limit(s);
		if (!sockets_make_room(s) || !sockets_has_spare(s))
			return -EMFILE;
	}
	rc = ev->opened(ev->ctx, c);
	if (rc == -EAGAIN && sockets_make_room(s))
		rc = ev->opened(ev->ctx, c);
	return rc;
}

struct conn *sockets_adopt(struct sockets *s, int fd)
{
	struct conn *c;
	int rc;

	if (!s->unused && add_slab(s) < 0) {
		sockets_refuse(s, fd, -ENOMEM);
		return NULL;
	}
	c = s->unused;
	s->unused = c->next;
	memset(c, 0, s->conn_bytes);
	c->transport = &s->base;
	c->fd = fd;
	c->id = ++s->last_id;
	conn_mark(c, true);
	rc = admit(s, c);
	if (rc != 0) {
		c->fd = -1;
		sockets_recycle(s, c);
		sockets_refuse(s, fd, rc);
		return NULL;
	}
	atomic_fetch_add(&s->open_count, 1);
	tick_start(s);
	return c;
}

void sockets_leave(struct sockets *s, struct conn *c)
{
	const struct transport_events *ev = &s->base.cfg.events;

	ev->closed(ev->ctx, c);
	chunk_drop(&c->kept, &s->base.cfg.memory);
	chunk_drop(&c->unsent, &s->base.cfg.memory);
	if (c->flags & CONN_ENDED) {
		/* A forked child may have a copy of the descriptor; the peer must see the
		 * end now. */
		shutdown(c->fd, SHUT_RDWR);
		sockets_close_fd(s, c->fd);
	} else {
		sockets_close_gracefully(s, c->fd);
	}
	c->fd = -1;
	atomic_fetch_sub(&s->open_count, 1);
	sockets_listen_again(s);
}

void sockets_recycle(struct sockets *s, struct conn *c)
{
	c->next = s->unused;
	s->unused = c;
}

void sockets_drop(struct sockets *s, struct conn *c)
{
	sockets_leave(s, c);
	sockets_recycle(s, c);
}

void sockets_wake_fd(int fd)
{
	uint64_t one = 1;
	int saved = errno;

	/* The only failure is a counter that is full, which wakes as well. */
	if (write(fd, &one, sizeof(one)) < 0)
		errno = saved;
}

void sockets_wake(struct sockets *s)
{
	sockets_wake_fd(s->wake_fd);
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

	while ((c = sockets_next(s, &at, NULL)))
		if (atomic_load(&c->hold) != HOLD_FREE || c->unsent)
			return true;
	return false;
}

struct conn *sockets_take_resumed(struct sockets *s)
{
	/* Pairs with the release in sockets_resume: makes the holder's writes visible. */
	return atomic_exchange_explicit(&s->resumed, NULL, memory_order_acquire);
}

void sockets_stop(struct transport *t)
{
	struct sockets *s = (struct sockets *)t;

	atomic_store(&s->is_stopping, true);
	sockets_wake(s);
}

void sockets_resume(struct conn *c)
{
	struct sockets *s = (struct sockets *)c->transport;
	uint8_t held = HOLD_HELD;
	struct conn *head;

	/*
	 * Nothing left to do and nothing missed: give the connection back without a wake-up.
	 * Sequentially consistent on both sides (also in sockets_stop): either the drain sees the
	 * connection free, or this thread sees that a drain is going on.
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
