/*
 * transport_epoll.c - one thread, epoll level-triggered, work in the reading thread (v15).
 *
 * Reads use the thread's single buffer, so that an idle connection costs only its 64 bytes; just
 * the beginning of an unfinished request is kept in a pooled buffer. A read that returns less than
 * asked has emptied the socket, so there is no second read for EAGAIN. A held connection stays
 * registered, since most come back before more bytes arrive; if an event arrives after all, it is
 * removed until then. Actions that may close other connections (the tick, and accepting when there
 * is no room) run after the events of a round, which could otherwise refer to closed connections.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/transport/late.h"
#include "daemon/transport/sockets.h"
#include "daemon/transport/transport.h"

enum {
	EPOLL_BATCH = 64,
	EPOLL_ACCEPTS = 64, /* connections accepted in one go before other events */
	/* epoll_event.data up to this is not a connection but a listener's number or one
	 * of these. */
	EPOLL_WAKE = SOCKETS_LISTENERS_MAX,
	EPOLL_TICK,
};

struct transport_epoll {
	struct sockets socks;
	int fd;
	char *buf;                  /* TRANSPORT_READ_BYTES + padding */
	struct late late;           /* the reading thread's */
	bool is_crowded;            /* this round has many events */
	uint32_t pending_listeners; /* a bit for each listener that reported in this round */
	bool has_ticked;            /* in this round */
	bool has_news;              /* something other than bytes has come in this round */
	bool is_paused;             /* listeners are registered without events */
};

_Static_assert(SOCKETS_LISTENERS_MAX <= 32, "pending_listeners has a bit for each");

static int epoll_add(struct transport_epoll *e, int fd, uint64_t data, struct err *err)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = data };

	if (epoll_ctl(e->fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return err_set(err, -errno, "epoll_ctl: %s", strerrordesc_np(errno));
	return 0;
}

/* interest 0: not registered. */
static void epoll_forget(struct transport_epoll *e, struct conn *c)
{
	if (c->interest)
		epoll_ctl(e->fd, EPOLL_CTL_DEL, c->fd, NULL);
	c->interest = 0;
}

static void epoll_drop(struct transport_epoll *e, struct conn *c)
{
	late_forget(&e->late, c);
	epoll_forget(e, c);
	sockets_drop(&e->socks, c);
}

static void epoll_give_up(struct sockets *s, struct conn *c, enum transport_why why)
{
	conn_give_up(c, why);
	epoll_drop((struct transport_epoll *)s, c);
}

static void epoll_deinit(struct transport *t)
{
	struct transport_epoll *e = (struct transport_epoll *)t;

	sockets_deinit(&e->socks);
	close(e->fd);
	free(e->buf);
	late_deinit(&e->late);
}

static int epoll_init(struct transport *t, const struct transport_cfg *cfg, struct err *err)
{
	struct transport_epoll *e = (struct transport_epoll *)t;
	int rc;

	rc = sockets_init(&e->socks, cfg, sizeof(struct conn), err);
	if (rc < 0)
		return rc;
	e->fd = epoll_create1(EPOLL_CLOEXEC);
	if (e->fd < 0) {
		rc = err_set(err, -errno, "epoll_create1: %s", strerrordesc_np(errno));
		goto out;
	}
	e->buf = aligned_alloc(64, TRANSPORT_READ_BYTES + TRANSPORT_PADDING_BYTES);
	if (!e->buf || late_init(&e->late) < 0) {
		rc = err_set(err, -ENOMEM, "buffers to read and send");
		goto out;
	}
	e->socks.give_up = epoll_give_up;
	e->socks.late = &e->late;
	rc = epoll_add(e, e->socks.wake_fd, EPOLL_WAKE, err);
	if (rc == 0)
		rc = epoll_add(e, e->socks.tick_fd, EPOLL_TICK, err);
	for (size_t i = 0; rc == 0 && i < e->socks.listeners_count; i++)
		rc = epoll_add(e, e->socks.listeners[i].fd, i, err);
	if (rc == 0)
		return 0;
out:
	e->socks.listeners_count = 0; /* the caller still owns them */
	epoll_deinit(t);
	return rc;
}

/* Registers for what the connection wants next. */
static void epoll_arm(struct transport_epoll *e, struct conn *c, enum conn_wants wants)
{
	struct epoll_event ev = { .data.ptr = c };
	int op;

	if (wants == CONN_HELD)
		return;
	if (sockets_is_over(&e->socks, c, wants)) {
		epoll_drop(e, c);
		return;
	}
	ev.events = wants == CONN_WRITE ? EPOLLOUT : EPOLLIN;
	if (c->interest == ev.events)
		return;
	op = c->interest ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	if (epoll_ctl(e->fd, op, c->fd, &ev) < 0)
		epoll_drop(e, c);
	else
		c->interest = (uint8_t)ev.events;
}

static void epoll_accept(struct transport_epoll *e, const struct sockets_listener *l)
{
	for (int i = 0; i < EPOLL_ACCEPTS; i++) {
		int fd = sockets_accept(&e->socks, l);
		struct conn *c;

		if (fd < 0)
			return;
		c = sockets_adopt(&e->socks, fd);
		if (c)
			epoll_arm(e, c, CONN_READ);
	}
}

/* True when the connection belongs to the reading thread; else stops listening to it. */
static bool epoll_owns(struct transport_epoll *e, struct conn *c)
{
	uint8_t held = HOLD_HELD;

	if (__builtin_expect(atomic_load_explicit(&c->hold, memory_order_acquire) == HOLD_FREE, 1))
		return true;
	if (!atomic_compare_exchange_strong(&c->hold, &held, HOLD_PARKED) && held == HOLD_FREE)
		return true;
	epoll_forget(e, c);
	return false;
}

static void epoll_resumed(struct transport_epoll *e)
{
	struct conn *c = sockets_take_resumed(&e->socks);

	while (c) {
		struct conn *next = c->next;

		atomic_store_explicit(&c->hold, HOLD_FREE, memory_order_relaxed);
		epoll_arm(e, c, conn_write(c));
		c = next;
	}
}

static void epoll_event(struct transport_epoll *e, const struct epoll_event *ev)
{
	struct conn *c = ev->data.ptr;

	if (ev->data.u64 <= EPOLL_TICK) {
		e->has_news = true;
		if (ev->data.u64 == EPOLL_WAKE)
			sockets_clear_wake(&e->socks);
		else if (ev->data.u64 == EPOLL_TICK)
			e->has_ticked = true;
		else
			e->pending_listeners |= 1u << ev->data.u64;
		return;
	}
	if (!epoll_owns(e, c))
		return;
	epoll_arm(e, c, c->interest == EPOLLOUT ? conn_write(c) : conn_read(c, e->buf));
}

/* Registers listeners without events while descriptors have run out, since pending connections
 * would be reported for ever. */
static void epoll_listen(struct transport_epoll *e, bool is_paused)
{
	for (size_t i = 0; i < e->socks.listeners_count; i++) {
		struct epoll_event ev = { .events = is_paused ? 0 : EPOLLIN, .data.u64 = i };

		epoll_ctl(e->fd, EPOLL_CTL_MOD, e->socks.listeners[i].fd, &ev);
	}
	e->is_paused = is_paused;
}

/* Handles what came besides bytes in this round. */
static void epoll_end_round(struct transport_epoll *e)
{
	e->has_news = false;
	if (e->has_ticked)
		sockets_tick(&e->socks);
	e->has_ticked = false;
	for (size_t i = 0; e->pending_listeners; i++) {
		if (e->pending_listeners & 1u << i)
			epoll_accept(e, &e->socks.listeners[i]);
		e->pending_listeners &= ~(1u << i);
	}
	if (atomic_load_explicit(&e->socks.is_paused, memory_order_relaxed) != e->is_paused)
		epoll_listen(e, !e->is_paused);
}

/* A send that failed, or did not take all, changes what its connection waits for. */
static void epoll_end_sends(struct transport_epoll *e)
{
	late_flush(&e->late);
	for (uint32_t i = 0; i < e->late.count; i++) {
		struct conn *c = e->late.entries[i].conn;

		if (c && (c->unsent || (c->flags & CONN_CLOSING)))
			epoll_arm(e, c, conn_wants_after(c, false));
	}
	e->late.count = 0;
}

/* What the reading thread sends can wait for the end of the round; a worker has its connection to
 * itself. */
static int epoll_send(struct conn *c, struct span bytes)
{
	struct transport_epoll *e = (struct transport_epoll *)c->transport;

	if (atomic_load_explicit(&c->hold, memory_order_relaxed) == HOLD_FREE &&
	    (e->is_crowded || bytes.len >= LATE_SEND_BYTES_MIN || late_has(&e->late, c)))
		return late_send(&e->late, c, bytes);
	return sockets_send(c, bytes);
}

static int epoll_hold(struct conn *c, struct span rest)
{
	late_forget(&((struct transport_epoll *)c->transport)->late, c);
	return sockets_hold(c, rest);
}

static int epoll_wait_once(struct transport_epoll *e, int timeout_ms, struct err *err)
{
	struct epoll_event events[EPOLL_BATCH];
	int n = epoll_wait(e->fd, events, EPOLL_BATCH, timeout_ms);

	if (n < 0 && errno != EINTR)
		return err_set(err, -errno, "epoll_wait: %s", strerrordesc_np(errno));
	e->is_crowded = n >= LATE_CROWD_COUNT;
	for (int i = 0; i < n; i++)
		epoll_event(e, &events[i]);
	epoll_resumed(e);
	epoll_end_sends(e);
	if (__builtin_expect(e->has_news, 0))
		epoll_end_round(e);
	return 0;
}

/* Accepts no new connections and no new bytes; requests in progress may end. */
static int epoll_drain(struct transport_epoll *e, struct err *err)
{
	uint64_t deadline_ns = clock_ns() + e->socks.base.cfg.drain_ns;
	struct conn *c;
	size_t at = 0;
	int rc = 0;

	for (size_t i = 0; i < e->socks.listeners_count; i++)
		epoll_ctl(e->fd, EPOLL_CTL_DEL, e->socks.listeners[i].fd, NULL);
	sockets_give_up_unfinished(&e->socks);
	while ((c = sockets_next(&e->socks, &at, NULL)))
		if (c->interest == EPOLLIN)
			epoll_forget(e, c);
	while (rc == 0 && sockets_is_busy(&e->socks)) {
		uint64_t now_ns = clock_ns();

		if (now_ns >= deadline_ns)
			break;
		rc = epoll_wait_once(e, (int)((deadline_ns - now_ns) / NSEC_PER_MSEC) + 1, err);
	}
	return rc;
}

static int epoll_run(struct transport *t, struct err *err)
{
	struct transport_epoll *e = (struct transport_epoll *)t;
	int rc = 0;

	while (rc == 0 && !atomic_load_explicit(&e->socks.is_stopping, memory_order_relaxed))
		rc = epoll_wait_once(e, -1, err);
	return rc == 0 ? epoll_drain(e, err) : rc;
}

const struct transport_ops transport_epoll_ops = {
	.head = { .name = "epoll",
		  .summary = "one thread, epoll; requests may run in the reading thread",
		  .size = sizeof(struct transport_epoll) },
	.caps = TRANSPORT_SOCKETS | TRANSPORT_INLINE,
	.init = epoll_init,
	.deinit = epoll_deinit,
	.run = epoll_run,
	.stop = sockets_stop,
	.wake = sockets_woken,
	.send = epoll_send,
	.hold = epoll_hold,
	.resume = sockets_resume,
};
