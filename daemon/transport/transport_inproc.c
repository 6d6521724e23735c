/*
 * The inproc transport: connections without sockets, driven by the thread that feeds them
 * (inproc.h).
 */
#include <errno.h>
#include <semaphore.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/transport/chunk.h"
#include "daemon/transport/inproc.h"
#include "daemon/transport/sockets.h"
#include "daemon/transport/transport.h"

struct inproc_conn {
	struct conn conn;
	alignas(64) sem_t resumed;
	inproc_sink *sink;
	void *sink_ctx;
};

struct transport_inproc {
	struct transport base;
	sem_t news;
	atomic_bool is_stopping;
	_Atomic uint32_t last_id;
};

static int inproc_init(struct transport *t, const struct transport_cfg *cfg, struct err *err)
{
	struct transport_inproc *in = (struct transport_inproc *)t;

	if (cfg->listen_count)
		return err_set(err, -EINVAL, "inproc serves no sockets");
	sem_init(&in->news, 0, 0);
	return 0;
}

static void inproc_deinit(struct transport *t)
{
	struct transport_inproc *in = (struct transport_inproc *)t;

	sem_destroy(&in->news);
}

static int inproc_run(struct transport *t, struct err *err)
{
	struct transport_inproc *in = (struct transport_inproc *)t;

	(void)err;
	while (!atomic_load(&in->is_stopping))
		if (sem_wait(&in->news) == 0)
			t->cfg.events.woken(t->cfg.events.ctx);
	return 0;
}

static void inproc_stop(struct transport *t)
{
	struct transport_inproc *in = (struct transport_inproc *)t;

	atomic_store(&in->is_stopping, true);
	sem_post(&in->news);
}

static void inproc_wake(struct transport *t)
{
	struct transport_inproc *in = (struct transport_inproc *)t;

	sem_post(&in->news);
}

static int inproc_send(struct conn *c, struct span bytes)
{
	struct inproc_conn *ic = (struct inproc_conn *)(void *)c;
	size_t taken = c->unsent ? 0 : ic->sink(ic->sink_ctx, bytes);

	if (taken == bytes.len)
		return 0;
	c->flags |= CONN_BACKLOGGED;
	return chunk_append(&c->unsent, &c->transport->cfg.memory, BUDGET_REPLIES,
			    span_of(bytes.ptr + taken, bytes.len - taken));
}

static void inproc_resume(struct conn *c)
{
	struct inproc_conn *ic = (struct inproc_conn *)(void *)c;

	sem_post(&ic->resumed);
}

struct conn *inproc_connect(struct transport *t, inproc_sink *sink, void *ctx)
{
	struct transport_inproc *in = (struct transport_inproc *)t;
	const struct transport_events *ev = &t->cfg.events;
	struct inproc_conn *ic = aligned_alloc(64, sizeof(*ic));
	struct span goodbye = { 0 };
	int rc;

	if (!ic)
		return NULL;
	*ic = (struct inproc_conn){ .sink = sink, .sink_ctx = ctx };
	ic->conn.transport = t;
	ic->conn.fd = -1;
	ic->conn.id = atomic_fetch_add(&in->last_id, 1) + 1;
	sem_init(&ic->resumed, 0, 0);
	rc = ev->opened(ev->ctx, &ic->conn);
	if (rc == 0)
		return &ic->conn;
	ev->refused(ev->ctx, rc, &goodbye);
	sink(ctx, goodbye);
	sem_destroy(&ic->resumed);
	free(ic);
	return NULL;
}

/* Works until nothing is left or the sink accepts no more; false: closed. */
static bool inproc_work(struct inproc_conn *ic, enum conn_wants wants)
{
	struct conn *c = &ic->conn;

	while (wants == CONN_HELD) {
		while (sem_wait(&ic->resumed) < 0)
			;
		atomic_store_explicit(&c->hold, HOLD_FREE, memory_order_relaxed);
		wants = c->kept && !transport_is_stalled(c) ? conn_work(c) : CONN_READ;
	}
	if (!(c->flags & CONN_CLOSING) || c->unsent)
		return true;
	inproc_hangup(c);
	return false;
}

static int inproc_keep(struct conn *c, struct span bytes)
{
	return chunk_append(&c->kept, &c->transport->cfg.memory, BUDGET_REQUESTS, bytes);
}

bool inproc_feed(struct conn *c, struct span bytes)
{
	struct inproc_conn *ic = (struct inproc_conn *)(void *)c;

	if (inproc_keep(c, bytes) < 0 && (!conn_unkept(c) || inproc_keep(c, bytes) < 0)) {
		inproc_hangup(c);
		return false;
	}
	return inproc_work(ic, transport_is_stalled(c) || !c->kept ? CONN_WRITE : conn_work(c));
}

bool inproc_drain(struct conn *c)
{
	struct inproc_conn *ic = (struct inproc_conn *)(void *)c;

	if (c->unsent) {
		size_t taken = ic->sink(ic->sink_ctx, chunk_span(c->unsent));

		chunk_consume(&c->unsent, &c->transport->cfg.memory, taken);
	}
	if (!c->unsent)
		c->flags &= (uint8_t)~CONN_BACKLOGGED;
	return inproc_work(ic, transport_is_stalled(c) || !c->kept ? CONN_WRITE : conn_work(c));
}

void inproc_hangup(struct conn *c)
{
	struct inproc_conn *ic = (struct inproc_conn *)(void *)c;
	const struct transport_events *ev = &c->transport->cfg.events;

	if (!(c->flags & CONN_CLOSING))
		ev->ended(ev->ctx, c, chunk_span(c->kept));
	ev->closed(ev->ctx, c);
	chunk_drop(&c->kept, &c->transport->cfg.memory);
	chunk_drop(&c->unsent, &c->transport->cfg.memory);
	sem_destroy(&ic->resumed);
	free(ic);
}

const struct transport_ops transport_inproc_ops = {
	.head = { .name = "inproc",
		  .summary = "no sockets: for tests, and as the baseline of measurements",
		  .size = sizeof(struct transport_inproc) },
	.caps = TRANSPORT_INLINE | TRANSPORT_READERS,
	.init = inproc_init,
	.deinit = inproc_deinit,
	.run = inproc_run,
	.stop = inproc_stop,
	.wake = inproc_wake,
	.send = inproc_send,
	.hold = sockets_hold,
	.resume = inproc_resume,
};
