#include "daemon/server/server.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/cpu.h"
#include "daemon/base/err.h"
#include "daemon/base/log.h"
#include "daemon/buffers/buffers.h"
#include "daemon/context/context.h"
#include "daemon/delivery/delivery.h"
#include "daemon/dispatch/dispatch.h"
#include "daemon/methods/methods.h"
#include "daemon/queue/queue.h"
#include "daemon/render/cache.h"
#include "daemon/render/drawers.h"
#include "daemon/render/renders.h"
#include "daemon/server/reclaim.h"
#include "daemon/server/request/flow.h"
#include "daemon/server/request/hand_over.h"
#include "daemon/server/request/road.h"
#include "daemon/store/journal.h"
#include "daemon/telemetry/startup.h"

/*
 * The end, after the signal: first, requests in progress continue; then they are stopped with an
 * error; then clients that do not read their replies are disconnected; then threads that have not
 * ended are abandoned. It ends within 5 s, and earlier if possible.
 */
enum {
	DRAIN_WORK_MS = 2500,
	DRAIN_CLIENTS_MS = 4000,
	DRAIN_THREADS_MS = 4700,
};

/* A connection that has waited this long for its client may be replaced by a new one. */
enum { ROOM_MS = 1000 };

static void *memory_get(void *ctx, size_t min_bytes, size_t *cap)
{
	return buffers_get(ctx, min_bytes, cap);
}

static void memory_put(void *ctx, void *ptr, size_t cap)
{
	buffers_put(ctx, ptr, cap);
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
		.write_config = server_write_config,
		.shut_down = on_shut_down,
	};
	s->worker_cfg = (struct worker_cfg){
		.parser = s->axes.parser,
		.parsers = &s->parsers,
		.delivery = s->delivery,
		.dispatch = s->dispatch,
		.context = s->context,
		.buffers = s->buffers,
		.host = &s->host,
		.renders = s->renders,
		.pictures = s->pictures,
		.drawers = s->drawers,
		.root = s->cfg.root,
		.journal = s->journal,
		.has_slow_edits = s->journal && journal_is_slow(s->journal),
		.started_ns = clock_ns(),
		.request_bytes_max = s->cfg.request_bytes_max,
		.protocol = s->cfg.protocol,
		.write_limit_ns = s->cfg.write_limit_ns,
		.has_fast_path = s->axes.has_fast_path,
		.has_request_log = s->axes.has_request_log,
		.token = &s->token,
		.rules = &s->rules,
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

	if (rc == 0)
		rc = delivery_open(s->axes.delivery, s->buffers, &s->delivery, err);
	startup_end(phase);
	return rc;
}

static int open_project_log(void *server, struct project *p)
{
	struct server *s = server;

	return journal_opens(s->journal, p);
}

static int adopt_project(void *server, struct project *p)
{
	struct server *s = server;

	return context_adopt(s->context, p);
}

static void end_adoption(void *server, int32_t next_id)
{
	struct server *s = server;

	if (next_id)
		context_set_next_id(s->context, next_id);
}

static int each_project(void *server, journal_visit *visit, void *arg, int32_t *next_id)
{
	struct server *s = server;

	return context_each(s->context, visit, arg, next_id);
}

/* Restored projects are open before the first request is accepted. */
static int open_journal(struct server *s, struct err *err)
{
	struct journal_cfg cfg;
	int phase;
	int rc;

	if (!s->cfg.journal)
		return 0;
	cfg = *s->cfg.journal;
	cfg.ctx = s;
	cfg.adopt = adopt_project;
	cfg.adopted = end_adoption;
	cfg.each = each_project;
	phase = startup_begin("journal");
	rc = journal_open(&cfg, &s->journal, err);
	startup_end(phase);
	return rc;
}

static int open_context(struct server *s, struct err *err)
{
	bool has_readers = transport_find(s->axes.transport)->caps & TRANSPORT_READERS;
	unsigned eager_count = s->axes.workers.max + (has_readers ? READERS_MAX : 1);
	struct context_cfg cfg = {
		.leases_count = eager_count + CREW_LONG_MAX,
		.eager_count = eager_count,
		.log_open = s->cfg.journal ? open_project_log : NULL,
		.log_ctx = s,
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

/* Costs nothing until a client requests the first picture or file. */
static int open_renders(struct server *s, struct err *err)
{
	struct renders_cfg cfg;
	int rc;

	if (s->axes.has_render_cache) {
		s->pictures = cache_new(CACHE_BYTES_DEFAULT);
		if (!s->pictures)
			return err_set(err, -ENOMEM, "cache of pictures");
	}
	renders_cfg_from_env(&cfg);
	rc = renders_open(&cfg, &s->renders, err);
	return rc < 0 ? rc : drawers_open(&(struct drawers_cfg){ 0 }, &s->drawers, err);
}

static int open_transport(struct server *s, struct err *err)
{
	struct transport_cfg cfg = {
		.listen_fds = s->cfg.listen_fds,
		.listen_count = s->cfg.listen_count,
		.conns_max = s->cfg.connections_max,
		.stack_bytes = (size_t)s->axes.stack_kib * 1024,
		.drain_ns = DRAIN_CLIENTS_MS * NSEC_PER_MSEC,
		.limits = {
			.idle_ns = s->cfg.idle_limit_ns,
			.request_ns = s->cfg.read_limit_ns,
			.reply_ns = s->cfg.write_limit_ns,
			.room_ns = ROOM_MS * NSEC_PER_MSEC,
		},
		.events = flow_events(s),
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
		.work = road_work,
		.refuse = hand_back,
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
	s->token.text = cfg->token;
	s->rules.limit_ns = cfg->request_limit_ns;
	notices_init(&s->notices, cfg->connections_max, cfg->read_limit_ns);
	reclaim_start();
	rc = open_memory(s, err);
	if (rc == 0)
		rc = open_context(s, err);
	if (rc == 0)
		rc = open_journal(s, err);
	if (rc == 0)
		rc = open_rpc(s, err);
	if (rc == 0)
		rc = open_renders(s, err);
	if (rc == 0) {
		bool are_many = transport_find(s->axes.transport)->caps & TRANSPORT_READERS;

		parser_pool_init(&s->parsers, s->axes.parser);
		fill_worker_cfg(s);
		readers_init(&s->readers, &s->worker_cfg, are_many);
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
	if (rc < 0)
		server_stop(s);
	s->has_stuck_threads = !crew_stop(&s->crew, atomic_load(&s->stopped_ns) +
							    DRAIN_THREADS_MS * NSEC_PER_MSEC);
	return rc;
}

void server_stop(struct server *s)
{
	uint64_t now_ns = clock_ns();
	uint64_t never = 0;

	if (atomic_compare_exchange_strong(&s->stopped_ns, &never, now_ns))
		atomic_store(&s->rules.drain_ns, now_ns + DRAIN_WORK_MS * NSEC_PER_MSEC);
	transport_stop(s->transport);
}

void server_wake(struct server *s)
{
	transport_wake(s->transport);
}

void server_close(struct server *s)
{
	if (s->has_stuck_threads) {
		log_warn("server",
			 "stopping without waiting for %u threads that did not end in time",
			 atomic_load(&s->crew.threads_count));
		renders_close(s->renders);
		return;
	}
	crew_stop(&s->crew, UINT64_MAX);
	reclaim_stop();
	transport_close(s->transport);
	readers_deinit(&s->readers);
	crew_deinit(&s->crew);
	parser_pool_deinit(&s->parsers);
	queue_close(s->queue);
	dispatch_close(s->dispatch);
	drawers_close(s->drawers);
	renders_close(s->renders);
	cache_free(s->pictures);
	journal_close(s->journal);
	context_close(s->context);
	delivery_close(s->delivery);
	buffers_close(s->buffers);
}
