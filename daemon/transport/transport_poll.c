/*
 * transport_poll.c - an accept thread and one I/O thread with poll(2) (v14).
 *
 * Every connection has its own read buffer. The accept thread passes descriptors on under a lock;
 * workers pass replies on by copying them into the connection's buffer, from which the I/O thread
 * sends them. The set of poll is rebuilt before each call from all connections.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/thread.h"
#include "daemon/transport/chunk.h"
#include "daemon/transport/sockets.h"
#include "daemon/transport/transport.h"

enum {
	POLL_FLUSH_BYTES = 64 * 1024, /* more than this is sent by the worker itself */
	POLL_HANDED_MAX = 128,        /* accepted but not taken over; more wait in the kernel */
	POLL_PARTS_MS = 5,
	/* Entries of the poll set before the connections. */
	POLL_WAKE = 0,
	POLL_TICK,
	POLL_CONNS,
};

struct transport_poll {
	struct sockets socks;
	pthread_t acceptor;
	int acceptor_fd;       /* eventfd: it may listen again, or must end */
	atomic_bool is_ending; /* the accept thread must end; changed under lock */
	pthread_mutex_t lock;  /* protects the descriptors passed on */
	pthread_cond_t taken;  /* there is room for more, or the transport ends */
	int handed[POLL_HANDED_MAX];
	size_t handed_count;
	struct pollfd *fds; /* [POLL_CONNS + connections] */
	struct conn **conns;
	size_t fds_cap;
};

static void poll_deinit(struct transport *t)
{
	struct transport_poll *p = (struct transport_poll *)t;

	for (size_t i = 0; i < p->handed_count; i++)
		close(p->handed[i]);
	sockets_deinit(&p->socks);
	if (p->acceptor_fd >= 0)
		close(p->acceptor_fd);
	pthread_cond_destroy(&p->taken);
	pthread_mutex_destroy(&p->lock);
	free(p->fds);
	free(p->conns);
}

static void poll_give_up(struct sockets *s, struct conn *c, enum transport_why why)
{
	conn_give_up(c, why);
	sockets_drop(s, c);
}

static int poll_init(struct transport *t, const struct transport_cfg *cfg, struct err *err)
{
	struct transport_poll *p = (struct transport_poll *)t;
	int rc = sockets_init(&p->socks, cfg, sizeof(struct conn), err);

	if (rc < 0)
		return rc;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->taken, NULL);
	p->socks.give_up = poll_give_up;
	p->fds_cap = cfg->conns_max + POLL_CONNS;
	p->fds = calloc(p->fds_cap, sizeof(*p->fds));
	p->conns = calloc(p->fds_cap, sizeof(struct conn *));
	p->acceptor_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->socks.accept_wake_fd = p->acceptor_fd;
	if (p->fds && p->conns && p->acceptor_fd >= 0)
		return 0;
	rc = p->acceptor_fd < 0 ? -errno : -ENOMEM;
	p->socks.listeners_count = 0; /* the caller still owns them */
	poll_deinit(t);
	return err_set(err, rc, "tables for %zu connections: %s", cfg->conns_max,
		       strerrordesc_np(-rc));
}

/* Waits while the queue of descriptors is full: further connections wait in the kernel. */
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

/* Accepts one connection from each listener that has some. */
static void poll_accept_round(struct transport_poll *p, const struct pollfd *fds)
{
	for (size_t i = 0; i < p->socks.listeners_count; i++) {
		int fd;

		if (!fds[i].revents)
			continue;
		fd = sockets_accept(&p->socks, &p->socks.listeners[i]);
		if (fd >= 0)
			poll_hand_over(p, fd);
	}
}

static void *poll_accept(void *arg)
{
	struct transport_poll *p = arg;
	struct pollfd fds[1 + SOCKETS_LISTENERS_MAX];
	size_t n = p->socks.listeners_count;

	fds[0] = (struct pollfd){ .fd = p->acceptor_fd, .events = POLLIN };
	for (size_t i = 0; i < n; i++)
		fds[1 + i] = (struct pollfd){ .fd = p->socks.listeners[i].fd, .events = POLLIN };
	while (!atomic_load(&p->is_ending)) {
		bool is_paused = atomic_load(&p->socks.is_paused);
		uint64_t count;

		if (poll(fds, is_paused ? 1 : 1 + n, -1) < 0)
			continue; /* EINTR: the only possible failure */
		if (fds[0].revents && read(p->acceptor_fd, &count, sizeof(count)) < 0)
			continue;
		if (!is_paused)
			poll_accept_round(p, fds + 1);
	}
	return NULL;
}

/* Sends what was copied for sending, then waits for what the connection wants next. */
static void poll_continue(struct transport_poll *p, struct conn *c, enum conn_wants wants)
{
	while (wants == CONN_WRITE && !(c->flags & CONN_BACKLOGGED))
		wants = conn_write(c);
	if (wants == CONN_HELD)
		return;
	if (sockets_is_over(&p->socks, c, wants)) {
		sockets_drop(&p->socks, c);
		return;
	}
	c->interest = wants == CONN_WRITE ? POLLOUT : POLLIN;
}

/* Takes over the descriptors in the order of their arrival. */
static void poll_adopt(struct transport_poll *p)
{
	int fds[POLL_HANDED_MAX];
	size_t n;

	pthread_mutex_lock(&p->lock);
	n = p->handed_count;
	memcpy(fds, p->handed, n * sizeof(fds[0]));
	p->handed_count = 0;
	pthread_cond_signal(&p->taken);
	pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < n; i++) {
		struct conn *c = sockets_adopt(&p->socks, fds[i]);

		if (c)
			poll_continue(p, c, CONN_READ);
	}
}

static void poll_resumed(struct transport_poll *p)
{
	struct conn *c = sockets_take_resumed(&p->socks);

	while (c) {
		struct conn *next = c->next;

		atomic_store_explicit(&c->hold, HOLD_FREE, memory_order_relaxed);
		poll_continue(p, c, conn_write(c));
		c = next;
	}
}

static size_t poll_gather(struct transport_poll *p)
{
	struct conn *c;
	size_t at = 0;
	size_t n = POLL_CONNS;

	p->fds[POLL_WAKE] = (struct pollfd){ .fd = p->socks.wake_fd, .events = POLLIN };
	p->fds[POLL_TICK] = (struct pollfd){ .fd = p->socks.tick_fd, .events = POLLIN };
	while (n < p->fds_cap && (c = sockets_next(&p->socks, &at, NULL))) {
		if (atomic_load_explicit(&c->hold, memory_order_acquire) != HOLD_FREE)
			continue;
		if (atomic_load(&p->socks.is_stopping) && c->interest == POLLIN)
			continue;
		p->fds[n] = (struct pollfd){ .fd = c->fd, .events = c->interest };
		p->conns[n++] = c;
	}
	return n;
}

/*
 * poll refuses more descriptors than the process may open. When that limit was lowered below the
 * number of open ones, they are polled in parts.
 */
static int poll_parts(struct pollfd *fds, size_t n)
{
	struct rlimit limit;
	int ready = 0;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= n || !limit.rlim_cur) {
		errno = EINVAL;
		return -1;
	}
	for (size_t i = 0; i < n; i += limit.rlim_cur) {
		size_t rest = n - i;
		int rc = poll(fds + i, rest < limit.rlim_cur ? rest : limit.rlim_cur, 0);

		if (rc < 0)
			return rc;
		ready += rc;
	}
	if (!ready)
		(void)poll(NULL, 0, POLL_PARTS_MS);
	return ready;
}

static int poll_all(struct pollfd *fds, size_t n, int timeout_ms)
{
	int rc = poll(fds, n, timeout_ms);

	return rc < 0 && errno == EINVAL ? poll_parts(fds, n) : rc;
}

static int poll_once(struct transport_poll *p, int timeout_ms, struct err *err)
{
	size_t n = poll_gather(p);

	if (poll_all(p->fds, n, timeout_ms) < 0)
		return errno == EINTR ? 0
				      : err_set(err, -errno, "poll: %s", strerrordesc_np(errno));
	for (size_t i = POLL_CONNS; i < n; i++) {
		struct conn *c = p->conns[i];

		if (p->fds[i].revents)
			poll_continue(p, c,
				      c->interest == POLLOUT ? conn_write(c) : conn_read(c, NULL));
	}
	if (p->fds[POLL_WAKE].revents)
		sockets_clear_wake(&p->socks);
	if (p->fds[POLL_TICK].revents)
		sockets_tick(&p->socks);
	poll_adopt(p);
	poll_resumed(p);
	return 0;
}

static void poll_end_acceptor(struct transport_poll *p)
{
	pthread_mutex_lock(&p->lock);
	atomic_store(&p->is_ending, true);
	pthread_cond_signal(&p->taken);
	pthread_mutex_unlock(&p->lock);
	sockets_wake_fd(p->acceptor_fd);
	pthread_join(p->acceptor, NULL);
}

static int poll_run(struct transport *t, struct err *err)
{
	struct transport_poll *p = (struct transport_poll *)t;
	uint64_t deadline_ns;
	int rc;

	rc = thread_start(&p->acceptor, "accept", t->cfg.stack_bytes, poll_accept, p, err);
	if (rc < 0)
		return rc;
	while (rc == 0 && !atomic_load(&p->socks.is_stopping))
		rc = poll_once(p, -1, err);
	poll_end_acceptor(p);
	deadline_ns = clock_ns() + t->cfg.drain_ns;
	sockets_give_up_unfinished(&p->socks);
	while (rc == 0 && sockets_is_busy(&p->socks)) {
		uint64_t now_ns = clock_ns();

		if (now_ns >= deadline_ns)
			break;
		rc = poll_once(p, (int)((deadline_ns - now_ns) / NSEC_PER_MSEC) + 1, err);
	}
	return rc;
}

static int poll_send(struct conn *c, struct span bytes)
{
	if (c->flags & CONN_BROKEN)
		return -EPIPE;
	if (bytes.len >= POLL_FLUSH_BYTES ||
	    chunk_append(&c->unsent, &c->transport->cfg.memory, BUDGET_REPLIES, bytes) < 0)
		return sockets_send(c, bytes);
	return 0;
}

static int poll_hold(struct conn *c, struct span rest)
{
	int rc = sockets_hold(c, rest);

	/* poll does not watch it, so the thread must be woken for the resume. */
	if (rc == 0)
		atomic_store_explicit(&c->hold, HOLD_PARKED, memory_order_relaxed);
	return rc;
}

const struct transport_ops transport_poll_ops = {
	.head = { .name = "poll",
		  .summary =
			  "an accept thread and one I/O thread with poll(2), a copy per hand-over",
		  .size = sizeof(struct transport_poll) },
	.caps = TRANSPORT_SOCKETS | TRANSPORT_INLINE,
	.init = poll_init,
	.deinit = poll_deinit,
	.run = poll_run,
	.stop = sockets_stop,
	.wake = sockets_woken,
	.send = poll_send,
	.hold = poll_hold,
	.resume = sockets_resume,
};
