/*
 * tick.c - finds connections that have waited too long for their client, or longest when room is
 * needed.
 *
 * There is no timer per request or connection: the thread that works on a connection stores one
 * byte, conn.pulse, and once per tick all connections are checked. A connection that has not moved
 * since the last tick is waiting; conn_wait notes since when, away from the hot path. This works
 * like the CLOCK algorithm for pages.
 */
#include <assert.h>
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/transport/chunk.h"
#include "daemon/transport/conn.h"
#include "daemon/transport/sockets.h"

#define TICK_NS_MIN (10 * NSEC_PER_MSEC)
#define TICK_NS_MAX NSEC_PER_SEC

_Static_assert((int)PULSE_IDLE == (int)TRANSPORT_IDLE &&
		       (int)PULSE_REQUEST == (int)TRANSPORT_SLOW_REQUEST &&
		       (int)PULSE_REPLY == (int)TRANSPORT_SLOW_READER,
	       "what a connection waits for says why it is given up");

static uint64_t tick_ns(const struct transport_limits *l)
{
	const uint64_t limits[] = { l->idle_ns, l->request_ns, l->reply_ns, l->room_ns };
	uint64_t ns = TICK_NS_MAX;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (limits[i] && limits[i] < ns)
			ns = limits[i];
	return ns < TICK_NS_MIN ? TICK_NS_MIN : ns;
}

int tick_init(struct sockets *s, struct err *err)
{
	s->tick_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (s->tick_fd < 0)
		return err_set(err, -errno, "timerfd_create: %s", strerrordesc_np(errno));
	return 0;
}

static void set_timer(const struct sockets *s, uint64_t ns)
{
	struct timespec period = clock_timespec(ns);
	struct itimerspec spec = { .it_interval = period, .it_value = period };
	int rc = timerfd_settime(s->tick_fd, 0, &spec, NULL);

	assert(rc == 0);
	(void)rc;
}

void tick_start(struct sockets *s)
{
	if (!atomic_exchange(&s->is_ticking, true))
		set_timer(s, tick_ns(&s->base.cfg.limits));
}

static bool has_reason(const struct sockets *s)
{
	return atomic_load(&s->open_count) || atomic_load(&s->is_paused) || s->refused_count;
}

/* Stops the timer when nothing is open, so that the daemon sleeps. */
static void tick_stop(struct sockets *s)
{
	if (has_reason(s))
		return;
	atomic_store(&s->is_ticking, false);
	set_timer(s, 0);
	/* Another thread may have started it in between (transport poll). */
	if (has_reason(s) || atomic_load(&s->is_ticking)) {
		atomic_store(&s->is_ticking, true);
		set_timer(s, tick_ns(&s->base.cfg.limits));
	}
}

/* Whether the connection waits for its client, since w->since_ns. */
static bool is_waiting(struct conn *c, struct conn_wait *w, uint64_t now_ns)
{
	uint8_t pulse = atomic_load_explicit(&c->pulse, memory_order_relaxed);
	uint8_t phase = pulse & PULSE_PHASE;

	if (atomic_load_explicit(&c->hold, memory_order_acquire) != HOLD_FREE)
		return false;
	if (!(pulse & PULSE_MOVED) && phase == w->phase)
		return true;
	/* If the thread that works on it has written meanwhile, it has moved again. */
	atomic_compare_exchange_strong_explicit(&c->pulse, &pulse, phase, memory_order_relaxed,
						memory_order_relaxed);
	w->phase = phase;
	w->since_ns = now_ns;
	return false;
}

static void look(struct sockets *s, struct conn *c, struct conn_wait *w, uint64_t now_ns)
{
	const struct transport_limits *l = &s->base.cfg.limits;
	const uint64_t limits_ns[] = { l->idle_ns, l->request_ns, l->reply_ns };

	if (is_waiting(c, w, now_ns) && limits_ns[w->phase] &&
	    now_ns - w->since_ns >= limits_ns[w->phase])
		s->give_up(s, c, (enum transport_why)w->phase);
}

void sockets_tick(struct sockets *s)
{
	uint64_t now_ns = clock_ns();
	struct conn_wait *w;
	uint64_t count;
	size_t at = 0;
	struct conn *c;

	if (read(s->tick_fd, &count, sizeof(count)) < 0)
		assert(errno == EAGAIN || errno == EINTR);
	while ((c = sockets_next(s, &at, &w)))
		look(s, c, w, now_ns);
	s->is_without_room = false;
	sockets_close_refused(s);
	sockets_listen_again(s);
	tick_stop(s);
}

/* Whether its next request has arrived but is not read yet. */
static bool has_bytes(const struct conn *c)
{
	int bytes = 0;

	return ioctl(c->fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

/* Ignores connections with unsent replies: slow readers have their own limit. */
static struct conn *longest_waiting(struct sockets *s, uint64_t now_ns)
{
	struct conn *longest = NULL;
	uint64_t since_ns = now_ns - s->base.cfg.limits.room_ns;
	struct conn_wait *w;
	size_t at = 0;
	struct conn *c;

	while ((c = sockets_next(s, &at, &w))) {
		if (!is_waiting(c, w, now_ns) || w->phase == PULSE_REPLY ||
		    w->since_ns > since_ns || (longest && w->since_ns == since_ns))
			continue;
		if (has_bytes(c)) {
			w->since_ns = now_ns;
			continue;
		}
		longest = c;
		since_ns = w->since_ns;
	}
	return longest;
}

bool sockets_make_room(struct sockets *s)
{
	size_t before = atomic_load(&s->open_count);
	struct conn *c;

	/* Until the next tick no further connection becomes known to wait. */
	if (s->is_without_room || !s->base.cfg.limits.room_ns)
		return false;
	c = longest_waiting(s, clock_ns());
	if (!c) {
		s->is_without_room = true;
		return false;
	}
	s->give_up(s, c, TRANSPORT_NO_ROOM);
	return atomic_load(&s->open_count) < before;
}

void sockets_give_up_unfinished(struct sockets *s)
{
	size_t at = 0;
	struct conn *c;

	while ((c = sockets_next(s, &at, NULL)))
		if (atomic_load_explicit(&c->hold, memory_order_acquire) == HOLD_FREE &&
		    (atomic_load_explicit(&c->pulse, memory_order_relaxed) & PULSE_PHASE) ==
			    PULSE_REQUEST)
			s->give_up(s, c, TRANSPORT_STOPPING);
}
