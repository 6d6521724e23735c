/* worker_connect.c - opens a worker's connections, reopens them, and ends those that timed out. */
#include <errno.h>
#include <sys/epoll.h>

#include "daemon/base/err.h"
#include "daemon/base/sock.h"
#include "loadgen/engine/worker_private.h"

enum {
	RETRY_NS = 100 * 1000 * 1000,     /* between attempts to connect again */
	RETRY_WAIT_NS = 50 * 1000 * 1000, /* for one attempt, during which the thread is blocked */
};

static int adopt(struct worker *w, struct conn *c, int fd, struct err *err)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

	c->fd = fd;
	sock_set_nodelay(fd);
	if (epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return err_set(err, -errno, "watch a connection");
	w->open_count++;
	w->gone_since_ns = 0;
	return 0;
}

int worker_connect_all(struct worker *w, struct err *err)
{
	const struct options *o = w->plan->options;

	for (uint32_t i = 0; i < w->conns_count; i++) {
		struct conn *c = &w->conns[i];
		int fd, rc;

		rc = conn_init(c, w->index + i * (uint32_t)o->threads_count, w->depth, err);
		if (rc)
			return rc;
		draw_init(&c->draw, (uint64_t)o->seed, c->number, (uint64_t)o->connections_count);
		fd = sock_connect(&o->addr, o->timeout_ns, err);
		if (fd < 0)
			return fd;
		rc = adopt(w, c, fd, err);
		if (rc)
			return rc;
	}
	return 0;
}

static void reconnect(struct worker *w, struct conn *c)
{
	int fd = sock_connect(&w->plan->options->addr, RETRY_WAIT_NS, NULL);

	w->now_ns = clock_ns();
	w->is_refused = fd < 0;
	if (fd < 0 || adopt(w, c, fd, NULL) < 0) {
		if (w->is_recording)
			recorder_error(w->rec, ERROR_CONNECT);
		c->retry_ns = w->now_ns + RETRY_NS;
		if (fd >= 0)
			conn_drop(c);
		return;
	}
	if (!w->plan->is_open)
		worker_top_up(w, c);
}

void worker_check_conns(struct worker *w)
{
	uint64_t timeout_ns = w->plan->options->timeout_ns;

	w->check_ns = w->now_ns + WORKER_TICK_NS;
	for (uint32_t i = 0; i < w->conns_count; i++) {
		struct conn *c = &w->conns[i];

		if (c->fd >= 0 && c->pending &&
		    c->slots[c->head & c->mask].sent_ns + timeout_ns < w->now_ns)
			worker_fail_conn(w, c, ERROR_TIMEOUT);
		if (c->fd < 0 && !w->is_ending && w->now_ns >= c->retry_ns)
			reconnect(w, c);
	}
}
