/*
 * transport_poll.c - an accept thread and one I/O thread with poll(2) (v14).
 *
 * Every connection has its own read buffer. The accept thread hands descriptors over under a lock;
 * workers hand replies over by copying them into the connection's buffer, from where the I/O thread
 * sends them. The set that poll looks at is made anew before each call, from all connections.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/thread.h"
#include "daemon/transport/chunk.h"
#include "daemon/transport/sockets.h"
#include "daemon/transport/transport.h"

enum {
	POLL_FLUSH_BYTES = 64 * 1024, /* a longer hand-over is sent by whoever makes it */
	POLL_HANDED_MAX = 128,        /* accepted and not taken over yet: more wait in the kernel */
};

struct transport_poll {
	struct sockets socks;
	pthread_t acceptor;
	int acceptor_stop[2]; /* a pipe: closed at [1] to end the accept thread */
	pthread_mutex_t lock; /* of the descriptors handed over */
	pthread_cond_t taken; /* there is room for more of them, or the end has come */
	bool is_ending;       /* under lock: the accept thread shall end */
	int handed[POLL_HANDED_MAX];
	size_t handed_count;
	struct pollfd *fds; /* [1 + connections] */
	struct conn **conns;
	size_t fds_cap;
};

static void poll_deinit(struct transport *t)
{
	struct transport_poll *p = (struct transport_poll *)t;

	for (size_t i = 0; i < p->handed_count; i++)
		close(p->handed[i]);
	sockets_deinit(&p->socks);
	pthread_cond_destroy(&p->taken);
	pthread_mutex_destroy(&p->lock);
	free(p->fds);
	free(p->conns);
}

static int poll_init(struct transport *t, const struct transport_cfg *cfg, struct err *err)
{
	struct transport_poll *p = (struct transport_poll *)t;
	int rc = sockets_init(&p->socks, cfg, sizeof(struct conn), err);

	if (rc < 0)
		return rc;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->taken, NULL);
	p->fds_cap = cfg->conns_max + 1;
	p->fds = calloc(p->fds_cap, sizeof(*p->fds));
	p->conns = calloc(p->fds_cap, sizeof(struct conn *));
	if (p->fds && p->conns)
		return 0;
	p->socks.listeners_count = 0; /* they stay the caller's */
	poll_deinit(t);
	return err_set(err, -ENOMEM, "tables for %zu connections", cfg->conns_max);
}

/* Waits while the I/O thread has more of them than it took: the rest waits in the kernel. */
static void poll_hand_over(struct transport_poll *p, int fd)
{
	pthread_mutex_lock(&p->lock);
	while (p->handed_count == POLL_HANDED_MAX && !p->is_ending)
		pthread_cond_wait(&p->taken, &p->lock);
	if (p->handed_count < POLL_HANDED_MAX)
		p->handed[p->handed_count++] = fd;
	else
		close(fd);
	pthread_mutex_unlock(&p->lock);
	sockets_wake(&p->socks);
}

static void *poll_accept(void *arg)
{
	struct transport_poll *p = arg;
	struct pollfd fds[SOCKETS_LISTENERS_MAX + 1];
	size_t n = p->socks.listeners_count;

	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){ .fd = p->socks.listeners[i].fd, .events = POLLIN };
	fds[n] = (struct pollfd){ .fd = p->acceptor_stop[0], .events = POLLIN };
	for (;;) {
		if (poll(fds, n + 1, -1) < 0)
			continue; /* EINTR: nothing else can happen to it */
		if (fds[n].revents)
			return NULL;
		for (size_t i = 0; i < n; i++) {
			int fd;

			if (!fds[i].revents)
				continue;
			fd = sockets_accept(&p->socks, &p->socks.listeners[i]);
			if (fd >= 0)
				poll_hand_over(p, fd);
		}
	}
}

/* What was copied for sending goes out; then waits for what the connection wants next. */
static void poll_settle(struct transport_poll *p, struct conn *c, enum conn_wants wants)
{
	while (wants == CONN_WRITE && !(c->flags & CONN_BACKLOGGED))
		wants = conn_write(c);
	if (wants == CONN_HELD)
		return;
	if (wants == CONN_CLOSE || (wants == CONN_READ && atomic_load(&p->socks.is_stopping))) {
		sockets_drop(&p->socks, c);
		return;
	}
	c->interest = wants == CONN_WRITE ? POLLOUT : POLLIN;
}

static void poll_adopt(struct transport_poll *p)
{
	int fds[16];
	size_t n;

	do {
		pthread_mutex_lock(&p->lock);
		for (n = 0; n < 16 && p->handed_count; n++)
			fds[n] = p->handed[--p->handed_count];
		pthread_cond_signal(&p->taken);
		pthread_mutex_unlock(&p->lock);
		for (size_t i = 0; i < n; i++) {
			struct conn *c = sockets_adopt(&p->socks, fds[i]);

			if (c)
				poll_settle(p, c, CONN_READ);
		}
	} while (n);
}

static void poll_resumed(struct transport_poll *p)
{
	struct conn *c = sockets_take_resumed(&p->socks);

	while (c) {
		struct conn *next = c->next;

		atomic_store_explicit(&c->hold, HOLD_FREE, memory_order_relaxed);
		poll_settle(p, c, conn_write(c));
		c = next;
	}
}

static size_t poll_gather(struct transport_poll *p)
{
	struct conn *c;
	size_t at = 0;
	size_t n = 1;

	p->fds[0] = (struct pollfd){ .fd = p->socks.wake_fd, .events = POLLIN };
	while (n < p->fds_cap && (c = sockets_next(&p->socks, &at))) {
		if (atomic_load_explicit(&c->hold, memory_order_acquire) != HOLD_FREE)
			continue;
		if (atomic_load(&p->socks.is_stopping) && c->interest == POLLIN)
			continue;
		p->fds[n] = (struct pollfd){ .fd = c->fd, .events = c->interest };
		p->conns[n++] = c;
	}
	return n;
}

static int poll_once(struct transport_poll *p, int timeout_ms, struct err *err)
{
	size_t n = poll_gather(p);

	if (poll(p->fds, n, timeout_ms) < 0)
		return errno == EINTR ? 0
				      : err_set(err, -errno, "poll: %s", strerrordesc_np(errno));
	for (size_t i = 1; i < n; i++) {
		struct conn *c = p->conns[i];

		if (p->fds[i].revents)
			poll_settle(p, c,
				    c->interest == POLLOUT ? conn_write(c) : conn_read(c, NULL));
	}
	if (p->fds[0].revents)
		sockets_clear_wake(&p->socks);
	poll_adopt(p);
	poll_resumed(p);
	return 0;
}

static int poll_run(struct transport *t, struct err *err)
{
	struct transport_poll *p = (struct transport_poll *)t;
	uint64_t deadline_ns;
	int rc;

	if (pipe2(p->acceptor_stop, O_CLOEXEC) < 0)
		return err_set(err, -errno, "pipe: %s", strerrordesc_np(errno));
	rc = thread_start(&p->acceptor, "accept", t->cfg.stack_bytes, poll_accept, p, err);
	if (rc < 0)
		goto out;
	while (rc == 0 && !atomic_load(&p->socks.is_stopping))
		rc = poll_once(p, -1, err);
	pthread_mutex_lock(&p->lock);
	p->is_ending = true;
	pthread_cond_signal(&p->taken);
	pthread_mutex_unlock(&p->lock);
	close(p->acceptor_stop[1]);
	p->acceptor_stop[1] = -1;
	pthread_join(p->acceptor, NULL);
	deadline_ns = clock_ns() + t->cfg.drain_ns;
	while (rc == 0 && sockets_is_busy(&p->socks)) {
		uint64_t now_ns = clock_ns();

		if (now_ns >= deadline_ns)
			break;
		rc = poll_once(p, (int)((deadline_ns - now_ns) / NSEC_PER_MSEC) + 1, err);
	}
out:
	if (p->acceptor_stop[1] >= 0)
		close(p->acceptor_stop[1]);
	close(p->acceptor_stop[0]);
	return rc;
}

static int poll_send(struct conn *c, struct span bytes)
{
	if (c->flags & CONN_BROKEN)
		return -EPIPE;
	if (bytes.len >= POLL_FLUSH_BYTES)
		return sockets_send(c, bytes);
	if (chunk_append(&c->unsent, &c->transport->cfg.memory, bytes) < 0) {
		c->flags |= CONN_CLOSING | CONN_BROKEN;
		return -ENOMEM;
	}
	return 0;
}

static int poll_hold(struct conn *c, struct span rest)
{
	int rc = sockets_hold(c, rest);

	/* poll does not look at it, so it must hear of the resume. */
	if (rc == 0)
		atomic_store_explicit(&c->hold, HOLD_PARKED, memory_order_relaxed);
	return rc;
}

const struct transport_ops transport_poll_ops = {
	.name = "poll",
	.summary = "an accept thread and one I/O thread with poll(2), a copy per hand-over",
	.caps = TRANSPORT_SOCKETS | TRANSPORT_INLINE,
	.size = sizeof(struct transport_poll),
	.init = poll_init,
	.deinit = poll_deinit,
	.run = poll_run,
	.stop = sockets_stop,
	.wake = sockets_woken,
	.send = poll_send,
	.hold = poll_hold,
	.resume = sockets_resume,
};
