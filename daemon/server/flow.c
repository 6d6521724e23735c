#include "daemon/server/flow.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/budget.h"
#include "daemon/base/sock.h"
#include "daemon/buffers/buffers.h"
#include "daemon/parser/parser.h"
#include "daemon/rpc/frame.h"
#include "daemon/server/client.h"
#include "daemon/server/readers.h"
#include "daemon/server/server.h"
#include "daemon/server/worker.h"
#include "daemon/telemetry/metrics.h"

/* Under --queue priority: a longer request goes behind the shorter ones. */
enum { PRIORITY_SHORT_BYTES = 4096 };

enum { JOB_BYTES_COUNTED = 64 * 1024 }; /* larger ones are not of the pool */

/* A request in memory of its own on its way to a worker (--zero-copy off). */
struct job {
	struct conn *conn;
	size_t cap;           /* of its buffer */
	size_t counted_bytes; /* in the budget */
	size_t len;
	struct stage_clock clock;
	char text[]; /* and PARSER_PADDING_BYTES */
};

/* A large one is taken from the budget. NULL: no memory. */
static struct job *job_new(struct server *s, struct conn *c, struct span text)
{
	size_t bytes = sizeof(struct job) + text.len + PARSER_PADDING_BYTES;
	size_t counted_bytes = bytes > JOB_BYTES_COUNTED ? bytes : 0;
	struct job *job;
	size_t cap;

	if (counted_bytes && !budget_take(BUDGET_REQUESTS, counted_bytes))
		return NULL;
	job = buffers_get(s->buffers, bytes, &cap);
	if (!job) {
		if (counted_bytes)
			budget_give(BUDGET_REQUESTS, counted_bytes);
		return NULL;
	}
	job->conn = c;
	job->cap = cap;
	job->counted_bytes = counted_bytes;
	job->len = text.len;
	memcpy(job->text, text.ptr, text.len);
	return job;
}

static void job_free(struct server *s, struct job *job)
{
	if (job->counted_bytes)
		budget_give(BUDGET_REQUESTS, job->counted_bytes);
	buffers_put(s->buffers, job, job->cap);
}

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
	client->cap = cap;
	client->clock.on = false;
	client->is_trusted = !s->cfg.token || !sock_is_tcp(c->fd);
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
	worker_cut_off(w, c, rest);
	readers_put(&s->readers, w);
}

static void tell(struct server *s, struct conn *c, enum notice notice)
{
	metrics_add_error(notices_code(notice));
	(void)transport_send(c, notices_get(&s->notices, notice));
}

static bool on_unkept(void *ctx, struct conn *c, struct span rest)
{
	struct server *s = ctx;

	metrics_add(METRIC_REFUSED_UNKEPT, 1);
	client_of(c)->clock.on = false;
	tell(s, c, NOTICE_UNKEPT);
	return frame_give_up(&c->scan, rest.len);
}

/* What is said of an unfinished request; of a connection without one nothing is. */
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
		tell(s, c, NOTICE_NO_ROOM);
	else if (why == TRANSPORT_STOPPING)
		tell(s, c, NOTICE_STOPPING);
	else
		tell(s, c, NOTICE_SLOW_REQUEST);
}

/* In the reading thread. */
static size_t run_here(struct server *s, struct conn *c, struct span bytes, enum worker_mode mode,
		       enum worker_end *end)
{
	struct worker *w = readers_get(&s->readers);
	size_t used;

	*end = WORKER_DONE;
	if (!w) {
		tell(s, c, NOTICE_NO_WORKER);
		transport_hangup(c);
		return bytes.len;
	}
	used = worker_group(w, c, bytes, mode, end);
	if (*end == WORKER_LONG && w->clock.on)
		client_of(c)->clock = w->clock;
	readers_put(&s->readers, w);
	return used;
}

/* Answers the first request of bytes without running it: there is no room for it. */
static size_t refuse(struct server *s, struct conn *c, struct span bytes, enum worker_mode why)
{
	enum worker_end end;

	return run_here(s, c, bytes, why, &end);
}

/* The same for a request that was framed already: its framing is not that of the connection. */
static void refuse_framed(struct server *s, struct conn *c, struct span text, enum worker_mode why)
{
	struct frame_scan scan = c->scan;

	c->scan = (struct frame_scan){ 0 };
	(void)refuse(s, c, text, why);
	c->scan = scan;
}

static enum queue_priority priority_of(size_t bytes)
{
	return bytes <= PRIORITY_SHORT_BYTES ? QUEUE_HIGH : QUEUE_NORMAL;
}

static void mark_enqueue(struct stage_clock *clock)
{
	clock->ns[STAGE_PARSE] = 0; /* in the reading thread only to see that it is a long one */
	stage_mark(clock, STAGE_ENQUEUE);
}

/*
 * Hands the connection with all that waits on it to a worker (--zero-copy on). Returns what `data`
 * shall return; used bytes were dealt with before.
 */
static size_t hand_over(struct server *s, struct conn *c, struct span bytes, size_t used)
{
	struct span rest = span_of(bytes.ptr + used, bytes.len - used);

	if (transport_hold(c, rest) < 0) {
		(void)refuse(s, c, rest, WORKER_REFUSE_MEMORY);
		transport_hangup(c); /* what follows cannot be kept */
		return bytes.len;
	}
	mark_enqueue(&client_of(c)->clock);
	if (!crew_submit(&s->crew, c, priority_of(rest.len))) {
		client_of(c)->clock.on = false;
		metrics_add(METRIC_REFUSED_BUSY, 1);
		transport_consume(c, refuse(s, c, transport_waiting(c), WORKER_REFUSE_FULL));
		transport_resume(c);
	}
	return TRANSPORT_HELD;
}

/*
 * Copies one request and hands that over (--zero-copy off). text starts at bytes + used. Returns
 * what `data` shall return, or where the next request begins: this one was refused.
 */
static size_t hand_copy(struct server *s, struct conn *c, struct span bytes, struct span text)
{
	size_t after = (size_t)(text.ptr - bytes.ptr) + text.len;
	struct stage_clock *clock = &client_of(c)->clock;
	struct job *job = job_new(s, c, text);

	if (!job) {
		refuse_framed(s, c, text, WORKER_REFUSE_MEMORY);
		return after;
	}
	job->clock = *clock;
	clock->on = false;
	if (transport_hold(c, span_of(bytes.ptr + after, bytes.len - after)) < 0) {
		refuse_framed(s, c, text, WORKER_REFUSE_MEMORY);
		job_free(s, job);
		transport_hangup(c); /* what follows cannot be kept */
		return bytes.len;
	}
	mark_enqueue(&job->clock);
	if (!crew_submit(&s->crew, job, priority_of(text.len))) {
		metrics_add(METRIC_REFUSED_BUSY, 1);
		refuse_framed(s, c, span_of(job->text, job->len), WORKER_REFUSE_FULL);
		job_free(s, job);
		transport_resume(c);
	}
	return TRANSPORT_HELD;
}

/* Cuts off one request and hands it to a worker without looking into it. */
static size_t hand_next(struct server *s, struct conn *c, struct span bytes, size_t used)
{
	struct stage_clock *clock = &client_of(c)->clock;

	if (!clock->on)
		stage_begin(clock, 0);
	while (!transport_is_stalled(c)) {
		struct span rest = span_of(bytes.ptr + used, bytes.len - used);
		struct span text;
		size_t taken;

		switch (frame_next(&c->scan, rest, client_request_max(c, s->cfg.request_bytes_max),
				   &text, &taken)) {
		case FRAME_MESSAGE:
			stage_mark(clock, STAGE_READ);
			if (s->axes.has_zero_copy) {
				frame_unread(&c->scan, text);
				return hand_over(s, c, bytes, (size_t)(text.ptr - bytes.ptr));
			}
			used = hand_copy(s, c, bytes, text);
			if (used == TRANSPORT_HELD)
				return used;
			break;
		case FRAME_MORE:
			/* Nothing but a line end is no request yet, nor the wait for one. */
			if (c->scan.scanned_bytes == 0)
				clock->on = false;
			return used + taken;
		case FRAME_TOO_LONG:
			/* From its beginning again: the answer is made where all answers are. */
			c->scan = (struct frame_scan){ 0 };
			used += refuse(s, c, rest, WORKER_REFUSE_FULL);
			break;
		}
	}
	return used;
}

/* Short requests here, and what comes from the first long one on by a worker. */
static size_t run_inline(struct server *s, struct conn *c, struct span bytes)
{
	enum worker_end end;
	size_t used = run_here(s, c, bytes, WORKER_INLINE, &end);

	if (end != WORKER_LONG)
		return used;
	if (s->axes.has_zero_copy)
		return hand_over(s, c, bytes, used);
	return hand_next(s, c, bytes, used);
}

static size_t on_data(void *ctx, struct conn *c, struct span bytes)
{
	struct server *s = ctx;

	return s->axes.has_fast_path ? run_inline(s, c, bytes) : hand_next(s, c, bytes, 0);
}

/* On a worker's thread. */
void flow_work(void *ctx, struct worker *w, void *item)
{
	struct server *s = ctx;

	if (s->axes.has_zero_copy) {
		struct conn *c = item;
		enum worker_end end;

		stage_mark(&client_of(c)->clock, STAGE_DEQUEUE);
		transport_consume(c, worker_group(w, c, transport_waiting(c), WORKER_RUN, &end));
		transport_resume(c);
	} else {
		struct job *job = item;
		struct conn *c = job->conn;

		stage_mark(&job->clock, STAGE_DEQUEUE);
		worker_one(w, c, span_of(job->text, job->len), &job->clock);
		job_free(s, job);
		transport_resume(c);
	}
}

/* Where no worker can be made: nothing more can be done for the connection. */
void flow_refuse(void *ctx, void *item)
{
	struct server *s = ctx;
	bool is_job = !s->axes.has_zero_copy;
	struct job *job = item;
	struct conn *c = is_job ? job->conn : item;

	metrics_add(METRIC_REFUSED_BUSY, 1);
	tell(s, c, NOTICE_NO_WORKER);
	transport_hangup(c);
	if (is_job)
		job_free(s, job);
	transport_resume(c);
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
		.data = on_data,
		.unkept = on_unkept,
		.ended = on_ended,
		.given_up = on_given_up,
		.closed = on_closed,
		.woken = on_woken,
	};
}
