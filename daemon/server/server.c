#include "daemon/server/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/base/clock.h"
#include "daemon/base/cpu.h"
#include "daemon/base/err.h"
#include "daemon/buffers/buffers.h"
#include "daemon/context/context.h"
#include "daemon/dispatch/dispatch.h"
#include "daemon/methods/methods.h"
#include "daemon/parser/parser.h"
#include "daemon/queue/queue.h"
#include "daemon/rpc/fault.h"
#include "daemon/rpc/frame.h"
#include "daemon/server/client.h"
#include "daemon/telemetry/metrics.h"
#include "daemon/telemetry/startup.h"

enum {
	DRAIN_S = 5, /* for clients that do not read, after which they are cut off */
	/* Under --queue priority: a longer request goes behind the shorter ones. */
	PRIORITY_SHORT_BYTES = 4096,
};

/* A request in memory of its own on its way to a worker (--zero-copy off). */
struct job {
	struct conn *conn;
	size_t cap; /* of its buffer */
	size_t len;
	struct stage_clock clock;
	char text[]; /* and PARSER_PADDING_BYTES */
};

static void *memory_get(void *ctx, size_t min_bytes, size_t *cap)
{
	return buffers_get(ctx, min_bytes, cap);
}

static void memory_put(void *ctx, void *ptr, size_t cap)
{
	buffers_put(ctx, ptr, cap);
}

static struct worker *new_reader(struct server *s)
{
	struct worker *w = calloc(1, sizeof(*w));

	if (w && worker_init(w, &s->worker_cfg, NULL) < 0) {
		free(w);
		return NULL;
	}
	return w;
}

static struct worker *take_shared_reader(struct server *s)
{
	struct worker *w = NULL;

	pthread_mutex_lock(&s->readers_lock);
	while (!s->readers_idle && s->readers_count == SERVER_READERS_MAX)
		pthread_cond_wait(&s->readers_change, &s->readers_lock);
	if (s->readers_idle) {
		w = s->readers[--s->readers_idle];
	} else {
		w = new_reader(s);
		s->readers_count += w != NULL;
	}
	pthread_mutex_unlock(&s->readers_lock);
	return w;
}

/* The calling reading thread's worker until put_reader; NULL: out of memory. */
static inline struct worker *get_reader(struct server *s)
{
	if (__builtin_expect(s->transport->ops->caps & TRANSPORT_READERS, 0))
		return take_shared_reader(s);
	if (__builtin_expect(!s->reader, 0))
		s->reader = new_reader(s);
	return s->reader;
}

static inline void put_reader(struct server *s, struct worker *w)
{
	if (__builtin_expect(!(s->transport->ops->caps & TRANSPORT_READERS), 1))
		return;
	pthread_mutex_lock(&s->readers_lock);
	s->readers[s->readers_idle++] = w;
	pthread_cond_signal(&s->readers_change);
	pthread_mutex_unlock(&s->readers_lock);
}

static bool is_tcp(int fd)
{
	struct sockaddr_storage addr = { 0 };
	socklen_t len = sizeof(addr);

	return fd >= 0 && getsockname(fd, (struct sockaddr *)&addr, &len) == 0 &&
	       addr.ss_family != AF_UNIX;
}

static int on_opened(void *ctx, struct conn *c, struct span *parting)
{
	struct server *s = ctx;
	struct client *client;
	size_t cap;

	if (atomic_fetch_add(&s->connections_count, 1) >= s->cfg.connections_max) {
		atomic_fetch_sub(&s->connections_count, 1);
		metrics_add(METRIC_CONNECTIONS_REFUSED, 1);
		*parting = span_of(s->busy, s->busy_bytes);
		return -EAGAIN;
	}
	client = buffers_get(s->buffers, sizeof(*client), &cap);
	if (!client) {
		atomic_fetch_sub(&s->connections_count, 1);
		return -ENOMEM;
	}
	client->cap = cap;
	client->clock.on = false;
	client->is_trusted = !s->cfg.token || !is_tcp(c->fd);
	c->user = client;
	metrics_add(METRIC_CONNECTIONS_OPENED, 1);
	return 0;
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
	w = get_reader(s);
	if (!w)
		return;
	worker_cut_off(w, c, rest);
	put_reader(s, w);
}

/* Answers the first request of bytes without running it: it is too long, or there is no room. */
static size_t refuse(struct server *s, struct conn *c, struct span bytes)
{
	struct worker *w = get_reader(s);
	enum worker_end end;
	size_t used;

	if (!w) {
		transport_hangup(c);
		return bytes.len;
	}
	used = worker_group(w, c, bytes, WORKER_REFUSE, &end);
	put_reader(s, w);
	return used;
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
		transport_hangup(c);
		return bytes.len;
	}
	mark_enqueue(&client_of(c)->clock);
	if (!crew_submit(&s->crew, c, priority_of(rest.len))) {
		client_of(c)->clock.on = false;
		metrics_add(METRIC_REFUSED_BUSY, 1);
		transport_consume(c, refuse(s, c, transport_waiting(c)));
		transport_resume(c);
	}
	return TRANSPORT_HELD;
}

/* Copies one request and hands that over (--zero-copy off). text starts at bytes + used. */
static size_t hand_copy(struct server *s, struct conn *c, struct span bytes, struct span text)
{
	size_t after = (size_t)(text.ptr - bytes.ptr) + text.len;
	struct stage_clock *clock = &client_of(c)->clock;
	struct job *job;
	size_t cap;

	job = buffers_get(s->buffers, sizeof(*job) + text.len + PARSER_PADDING_BYTES, &cap);
	if (!job) {
		transport_hangup(c);
		return bytes.len;
	}
	job->conn = c;
	job->cap = cap;
	job->len = text.len;
	job->clock = *clock;
	clock->on = false;
	memcpy(job->text, text.ptr, text.len);
	if (transport_hold(c, span_of(bytes.ptr + after, bytes.len - after)) < 0) {
		buffers_put(s->buffers, job, cap);
		transport_hangup(c);
		return bytes.len;
	}
	mark_enqueue(&job->clock);
	if (!crew_submit(&s->crew, job, priority_of(text.len))) {
		/* The copy stands alone: its framing is not that of the connection. */
		struct frame_scan scan = c->scan;

		metrics_add(METRIC_REFUSED_BUSY, 1);
		c->scan = (struct frame_scan){ 0 };
		(void)refuse(s, c, span_of(job->text, job->len));
		c->scan = scan;
		buffers_put(s->buffers, job, cap);
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

		switch (frame_next(&c->scan, rest, s->cfg.request_bytes_max, &text, &taken)) {
		case FRAME_MESSAGE:
			stage_mark(clock, STAGE_READ);
			if (!s->axes.has_zero_copy)
				return hand_copy(s, c, bytes, text);
			c->scan = (struct frame_scan){ 0 };
			return hand_over(s, c, bytes, (size_t)(text.ptr - bytes.ptr));
		case FRAME_MORE:
			return used + taken;
		case FRAME_TOO_LONG:
			/* From its beginning again: the answer is made where all answers are. */
			c->scan = (struct frame_scan){ 0 };
			used += refuse(s, c, rest);
			break;
		}
	}
	return used;
}

/* Short requests here, and what comes from the first long one on by a worker. */
static size_t run_inline(struct server *s, struct conn *c, struct span bytes)
{
	struct worker *w = get_reader(s);
	enum worker_end end;
	size_t used;

	if (!w) {
		transport_hangup(c);
		return bytes.len;
	}
	used = worker_group(w, c, bytes, WORKER_INLINE, &end);
	if (end == WORKER_LONG && w->clock.on)
		client_of(c)->clock = w->clock;
	put_reader(s, w);
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
static void work(void *ctx, struct worker *w, void *item)
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
		buffers_put(s->buffers, job, job->cap);
		transport_resume(c);
	}
}

static void on_shut_down(void *server)
{
	server_stop(server);
}

static void fill_worker_cfg(struct server *s)
{
	s->host = (struct method_host){
		.server = s,
		.write_status = server_write_status,
		.shut_down = on_shut_down,
	};
	s->worker_cfg = (struct worker_cfg){
		.parser = s->axes.parser,
		.dispatch = s->dispatch,
		.context = s->context,
		.buffers = s->buffers,
		.host = &s->host,
		.started_ns = clock_ns(),
		.request_bytes_max = s->cfg.request_bytes_max,
		.protocol = s->cfg.protocol,
		.has_zero_copy = s->axes.has_zero_copy,
		.has_request_log = s->axes.has_request_log,
		.token = s->cfg.token,
	};
}

static int open_memory(struct server *s, struct err *err)
{
	struct buffers_cfg buffers = {
		.clients_count = s->cfg.connections_max,
		.huge_pages = s->axes.has_huge_pages,
	};
	int phase = startup_begin("buffers");
	int rc = buffers_open(s->axes.buffers, &buffers, &s->buffers, err);

	startup_end(phase);
	return rc;
}

static int open_context(struct server *s, struct err *err)
{
	bool has_readers = transport_find(s->axes.transport)->caps & TRANSPORT_READERS;
	struct context_cfg cfg = {
		.leases_count = s->axes.workers_max + (has_readers ? SERVER_READERS_MAX : 1),
	};
	int phase = startup_begin("context");
	int rc = context_open(s->axes.context, &cfg, &s->context, err);

	startup_end(phase);
	return rc;
}

static int open_rpc(struct server *s, struct err *err)
{
	int phase = startup_begin("rpc");
	const struct method *const *methods;
	size_t count;
	int rc;

	methods = methods_all(&count);
	rc = dispatch_open(s->axes.dispatch, methods, count, &s->dispatch, err);
	startup_end(phase);
	return rc;
}

static int open_transport(struct server *s, struct err *err)
{
	struct transport_cfg cfg = {
		.listen_fds = s->cfg.listen_fds,
		.listen_count = s->cfg.listen_count,
		.conns_max = s->cfg.connections_max,
		.stack_bytes = (size_t)s->axes.stack_kib * 1024,
		.drain_ns = DRAIN_S * NSEC_PER_SEC,
		.events = { .ctx = s,
			    .opened = on_opened,
			    .data = on_data,
			    .ended = on_ended,
			    .closed = on_closed },
		.memory = { .ctx = s->buffers, .get = memory_get, .put = memory_put },
	};
	int phase = startup_begin("transport");
	int rc = transport_open(s->axes.transport, &cfg, &s->transport, err);

	startup_end(phase);
	return rc;
}

static int open_threads(struct server *s, struct err *err)
{
	struct queue_cfg queue = { .capacity = s->cfg.queue_size };
	struct crew_cfg crew = {
		.worker = &s->worker_cfg,
		.axes = &s->axes,
		.work = work,
		.work_ctx = s,
	};
	int phase = startup_begin("threads");
	int rc = queue_open(s->axes.queue, &queue, &s->queue, err);

	if (rc == 0) {
		crew.queue = s->queue;
		rc = crew_init(&s->crew, &crew, err);
	}
	if (rc == 0 && !s->axes.is_lazy)
		rc = crew_start(&s->crew, true, err);
	startup_end(phase);
	return rc;
}

int server_open(struct server *s, const struct server_cfg *cfg, struct err *err)
{
	int rc;

	*s = (struct server){ .cfg = *cfg, .axes = *cfg->axes };
	s->cfg.axes = &s->axes;
	pthread_mutex_init(&s->readers_lock, NULL);
	pthread_cond_init(&s->readers_change, NULL);
	s->busy_bytes = (size_t)snprintf(
		s->busy, sizeof(s->busy),
		"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":%d,\"message\":\"Server busy: %zu "
		"connections are open, no more are served\"},\"id\":null}\n",
		RPC_SERVER_BUSY, cfg->connections_max);
	rc = open_memory(s, err);
	if (rc == 0)
		rc = open_context(s, err);
	if (rc == 0)
		rc = open_rpc(s, err);
	if (rc == 0) {
		fill_worker_cfg(s);
		rc = open_threads(s, err);
	}
	if (rc == 0)
		rc = open_transport(s, err);
	if (rc < 0)
		server_close(s);
	return rc;
}

int server_run(struct server *s, struct err *err)
{
	int rc;

	if (s->axes.cpus_count) {
		rc = cpu_pin(s->axes.cpus[0], err);
		if (rc < 0)
			return rc;
	}
	rc = transport_run(s->transport, err);
	crew_stop(&s->crew);
	return rc;
}

void server_stop(struct server *s)
{
	transport_stop(s->transport);
}

static void free_reader(struct worker *w)
{
	worker_deinit(w);
	free(w);
}

void server_close(struct server *s)
{
	crew_stop(&s->crew);
	transport_close(s->transport);
	if (s->reader)
		free_reader(s->reader);
	for (unsigned i = 0; i < s->readers_idle; i++)
		free_reader(s->readers[i]);
	crew_deinit(&s->crew);
	queue_close(s->queue);
	dispatch_close(s->dispatch);
	context_close(s->context);
	buffers_close(s->buffers);
	pthread_cond_destroy(&s->readers_change);
	pthread_mutex_destroy(&s->readers_lock);
}
