#include "daemon/server/request/watch.h"

#include <errno.h>
#include <poll.h>

#include "daemon/base/cancel.h"
#include "daemon/base/clock.h"
#include "daemon/transport/transport.h"

bool watch_is_drained(const struct watch_rules *rules)
{
	uint64_t drain_ns = atomic_load_explicit(&rules->drain_ns, memory_order_relaxed);

	return drain_ns && clock_ns() >= drain_ns;
}

bool watch_client_is_gone(const struct conn *c)
{
	struct pollfd fd = { .fd = c->fd };

	return poll(&fd, 1, 0) > 0 && (fd.revents & (POLLHUP | POLLERR | POLLNVAL));
}

static int ask(void *ctx)
{
	struct watch *w = ctx;
	uint64_t now_ns = clock_ns();
	uint64_t lasted_ns;

	if (!w->began_ns)
		w->began_ns = now_ns - CANCEL_ASK_MS * NSEC_PER_MSEC;
	lasted_ns = now_ns - w->began_ns;
	if (!w->is_long && lasted_ns >= WATCH_LONG_MS * NSEC_PER_MSEC) {
		w->is_long = true;
		if (w->on_long)
			w->on_long(w->on_long_ctx);
	}
	if (w->rules->limit_ns && lasted_ns >= w->rules->limit_ns)
		return -ETIMEDOUT;
	if (watch_is_drained(w->rules) || watch_client_is_gone(w->conn))
		return -ECANCELED;
	return 0;
}

void watch_begin(struct watch *w, const struct conn *c)
{
	w->conn = c;
	w->began_ns = 0;
	w->is_long = false;
	cancel_begin(ask, w);
}

void watch_end(struct watch *w)
{
	(void)w;
	cancel_end();
}
