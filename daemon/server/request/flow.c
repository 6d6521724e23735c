#include "daemon/server/request/flow.h"

#include <errno.h>

#include "daemon/base/sock.h"
#include "daemon/buffers/buffers.h"
#include "daemon/rpc/frame.h"
#include "daemon/server/request/answer.h"
#include "daemon/server/request/client.h"
#include "daemon/server/request/readers.h"
#include "daemon/server/request/road.h"
#include "daemon/server/request/worker.h"
#include "daemon/server/server.h"
#include "daemon/telemetry/metrics.h"

static int on_opened(void *ctx, struct conn *c)
{
	struct server *s = ctx;
	struct client *client;
	size_t cap;

	if (atomic_fetch_add(&s->connections_count, 1) >= s->cfg.connections_max) {
		atomic_fetch_sub(&s->connections_count, 1);
		return -EAGAIN;
	}
	client = buffers_get(s->buffers, sizeof(*client), &cap);
	if (!client) {
		atomic_fetch_sub(&s->connections_count, 1);
		return -ENOMEM;
	}
	*client = (struct client){
		.cap = cap,
		.is_trusted = !s->cfg.token || !sock_is_tcp(c->fd),
		.message = { .conn = c },
	};
	c->user = client;
	metrics_add(METRIC_CONNECTIONS_OPENED, 1);
	return 0;
}

static void on_refused(void *ctx, int code, struct span *goodbye)
{
	const struct server *s = ctx;
	enum notice notice = NOTICE_NO_MEMORY;

	if (code == -EAGAIN)
		notice = NOTICE_CONNECTIONS;
	else if (code == -EMFILE)
		notice = NOTICE_DESCRIPTORS;
	metrics_add(METRIC_CONNECTIONS_REFUSED, 1);
	*goodbye = notices_get(&s->notices, notice);
}

static void on_closed(void *ctx, struct conn *c)
{
	struct server *s = ctx;
	struct client *client = client_of(c);

	buffers_put(s->buffers, client, client->cap);
	atomic_fetch_sub(&s->connections_count, 1);
	metrics_add(METRIC_CONNECTIONS_CLOSED, 1);
}

static void on_ended(void *ctx, struct conn *c, struct span rest)
{
	struct server *s = ctx;
	struct worker *w;

	if (!rest.len)
		return;
	w = readers_get(&s->readers);
	if (!w)
		return;
	client_of(c)->message.clock.on = false;
	worker_begin(w, c);
	answer_cut_off(w, rest);
	worker_end(w);
	readers_put(&s->readers, w);
}

void flow_tell(struct server *s, struct conn *c, enum notice notice)
{
	metrics_add_error(notices_code(notice));
	(void)transport_send(c, notices_get(&s->notices, notice));
}

static bool on_unkept(void *ctx, struct conn *c, struct span rest)
{
	struct server *s = ctx;

	metrics_add(METRIC_REFUSED_UNKEPT, 1);
	client_of(c)->message.clock.on = false;
	flow_tell(s, c, NOTICE_UNKEPT);
	return frame_give_up(&c->scan, rest.len);
}

/* What to tell about an unfinished request; nothing for a connection without one. */
static void on_given_up(void *ctx, struct conn *c, struct span rest, enum transport_why why)
{
	struct server *s = ctx;

	if (why == TRANSPORT_NO_ROOM)
		metrics_add(METRIC_CONNECTIONS_REPLACED, 1);
	else if (why != TRANSPORT_STOPPING)
		metrics_add(METRIC_CONNECTIONS_TIMED_OUT, 1);
	if (!rest.len || why == TRANSPORT_SLOW_READER)
		return;
	if (why == TRANSPORT_NO_ROOM)
		flow_tell(s, c, NOTICE_NO_ROOM);
	else if (why == TRANSPORT_STOPPING)
		flow_tell(s, c, NOTICE_STOPPING);
	else
		flow_tell(s, c, NOTICE_SLOW_REQUEST);
}

static void on_woken(void *ctx)
{
	const struct server *s = ctx;

	if (s->cfg.woken)
		s->cfg.woken();
}

struct transport_events flow_events(struct server *s)
{
	return (struct transport_events){
		.ctx = s,
		.opened = on_opened,
		.refused = on_refused,
		.data = road_read,
		.unkept = on_unkept,
		.ended = on_ended,
		.given_up = on_given_up,
		.closed = on_closed,
		.woken = on_woken,
	};
}
