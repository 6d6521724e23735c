/*
 * status.c - the daemon's own data: the server's part of the reply to `status`, and the statistics
 * in the log.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/base/alloc.h"
#include "daemon/base/budget.h"
#include "daemon/base/clock.h"
#include "daemon/base/json_out.h"
#include "daemon/base/log.h"
#include "daemon/base/memory.h"
#include "daemon/base/strbuf.h"
#include "daemon/buffers/buffers.h"
#include "daemon/methods/script/script_pool.h"
#include "daemon/queue/queue.h"
#include "daemon/rpc/reply.h"
#include "daemon/server/server.h"
#include "daemon/store/journal.h"
#include "daemon/telemetry/metrics.h"
#include "daemon/telemetry/stages.h"
#include "daemon/telemetry/startup.h"

static void write_preset(struct server *s, struct json_out *j)
{
	json_str(j, NULL, s->axes.preset);
}

static void write_axes(struct server *s, struct json_out *j)
{
	const struct axes *a = &s->axes;
	char key[ARCH_TEXT_BYTES];
	char text[ARCH_TEXT_BYTES];

	json_object_open(j, NULL);
	for (int i = 0; i < ARCH_ROWS; i++) {
		const struct arch_row *row = &arch_rows[i];

		arch_key(row, key);
		if (arch_is_bool(row))
			json_bool(j, key, arch_bool(a, row));
		else if (row->kind == ARCH_NUMBER)
			json_u64(j, key, arch_number(a, row));
		else
			json_str(j, key, arch_show(a, row, text));
	}
	json_close(j);
}

static void write_requests(struct server *s, struct json_out *j)
{
	struct metrics metrics;

	(void)s;
	metrics_read(&metrics);
	json_u64(j, NULL, metrics.counts[METRIC_REQUESTS]);
}

static void write_counters(struct server *s, struct json_out *j)
{
	(void)s;
	metrics_write(j, NULL);
}

static void write_workers(struct server *s, struct json_out *j)
{
	json_object_open(j, NULL);
	json_u64(j, "threads_count", atomic_load(&s->crew.threads_count));
	json_u64(j, "idle_count", atomic_load(&s->crew.idle_count));
	json_u64(j, "long_count", atomic_load(&s->crew.long_count));
	json_u64(j, "queued_count", queue_count(s->queue));
	json_u64(j, "queue_capacity", s->cfg.queue_size);
	json_close(j);
}

static void write_buffers(struct server *s, struct json_out *j)
{
	struct buffers_stats stats;

	buffers_stats(s->buffers, &stats);
	json_object_open(j, NULL);
	json_u64(j, "gets_count", stats.gets_count);
	json_u64(j, "misses_count", stats.misses_count);
	json_u64(j, "out_bytes", stats.out_bytes);
	json_u64(j, "held_bytes", stats.held_bytes);
	json_i64(j, "huge_pages", stats.huge_pages);
	json_close(j);
}

static void write_journal(struct server *s, struct json_out *j)
{
	if (s->journal)
		journal_write_status(s->journal, j, NULL);
	else
		json_put_null(j, NULL);
}

static void write_memory(struct server *s, struct json_out *j)
{
	(void)s;
	json_object_open(j, NULL);
	json_u64(j, "limit_bytes", budget_limit());
	json_u64(j, "used_bytes", budget_used());
	json_u64(j, "refused_count", budget_refused_count());
	json_u64(j, "resident_bytes", memory_resident_bytes());
	json_object_open(j, "used");
	for (int i = 0; i < BUDGET_KINDS; i++)
		json_u64(j, budget_names[i], budget_used_of((enum budget_kind)i));
	json_close(j);
	json_close(j);
}

static void write_allocs(struct server *s, struct json_out *j)
{
	struct alloc_counts counts;

	(void)s;
	alloc_read(&counts);
	json_object_open(j, NULL);
	json_bool(j, "is_counted", alloc_is_counted());
	json_u64(j, "allocs_count", counts.allocs_count);
	json_u64(j, "frees_count", counts.frees_count);
	json_u64(j, "allocated_bytes", counts.allocated_bytes);
	json_close(j);
}

static void write_startup(struct server *s, struct json_out *j)
{
	(void)s;
	startup_write(j, NULL);
}

/* What restricts scripts, as reported by a script's process. */
static void write_scripts(struct server *s, struct json_out *j)
{
	struct script_status status;
	char sandbox[128] = "unknown: no script has run yet";

	(void)s;
	script_pool_status(&status);
	if (status.is_sandbox_known && status.sandbox_code == 0)
		snprintf(sandbox, sizeof(sandbox), "seccomp");
	else if (status.is_sandbox_known)
		snprintf(sandbox, sizeof(sandbox), "none: the filter cannot be installed: %s",
			 strerrordesc_np(-status.sandbox_code));
	json_object_open(j, NULL);
	json_str(j, "sandbox", sandbox);
	json_u64(j, "running_count", status.running_count);
	json_u64(j, "running_max", SCRIPTS_MAX);
	json_u64(j, "runs_count", status.runs_count);
	json_u64(j, "servers_count", status.servers_count);
	json_close(j);
}

static void write_stages_every(struct server *s, struct json_out *j)
{
	(void)s;
	json_u64(j, NULL, stages_get_every());
}

static void write_stages(struct server *s, struct json_out *j)
{
	(void)s;
	if (stages_write(j, NULL) < 0)
		json_put_null(j, NULL);
}

static void write_timeouts(struct server *s, struct json_out *j)
{
	json_object_open(j, NULL);
	json_u64(j, "request_ms", s->cfg.request_limit_ns / NSEC_PER_MSEC);
	json_u64(j, "idle_ms", s->cfg.idle_limit_ns / NSEC_PER_MSEC);
	json_u64(j, "request_read_ms", s->cfg.read_limit_ns / NSEC_PER_MSEC);
	json_u64(j, "write_ms", s->cfg.write_limit_ns / NSEC_PER_MSEC);
	json_close(j);
}

struct member {
	const char *key;
	void (*write)(struct server *s, struct json_out *j);
};

/* What `status` shows in addition to the members of the methods. */
static const struct member status_members[] = {
	{ "preset", write_preset },
	{ "axes", write_axes },
	{ "requests_count", write_requests },
	{ "counters", write_counters },
	{ "workers", write_workers },
	{ "buffers", write_buffers },
	{ "memory", write_memory },
	{ "journal", write_journal },
	{ "timeouts", write_timeouts },
	{ "scripts", write_scripts },
	{ "stages_every", write_stages_every },
	{ NULL, NULL },
};

static void write_request_bytes(struct server *s, struct json_out *j)
{
	json_u64(j, NULL, s->cfg.request_bytes_max);
}

static void write_connections(struct server *s, struct json_out *j)
{
	json_u64(j, NULL, s->cfg.connections_max);
}

static void write_queue_size(struct server *s, struct json_out *j)
{
	json_u64(j, NULL, s->cfg.queue_size);
}

static void write_memory_high(struct server *s, struct json_out *j)
{
	(void)s;
	json_u64(j, NULL, budget_limit());
}

/* The start options. */
static const struct member config_members[] = {
	{ "preset", write_preset },
	{ "axes", write_axes },
	{ "request_bytes_max", write_request_bytes },
	{ "connections_max", write_connections },
	{ "queue_size", write_queue_size },
	{ "memory_high_bytes", write_memory_high },
	{ "timeouts", write_timeouts },
	{ NULL, NULL },
};

/* What the log shows in addition. */
static const struct member log_members[] = {
	{ "allocs", write_allocs },
	{ "startup", write_startup },
	{ "stages", write_stages },
	{ NULL, NULL },
};

static void reply_members(struct server *s, const struct member *members, struct reply *r)
{
	struct strbuf sb = { 0 };

	for (const struct member *m = members; m->key; m++) {
		struct json_out j = { .sb = &sb };

		strbuf_clear(&sb);
		m->write(s, &j);
		reply_key(r, span_str(m->key));
		if (sb.failed)
			reply_null(r);
		else
			reply_raw(r, strbuf_span(&sb));
	}
	strbuf_deinit(&sb);
}

void server_write_status(void *server, struct reply *r)
{
	reply_members(server, status_members, r);
}

void server_write_config(void *server, struct reply *r)
{
	reply_members(server, config_members, r);
}

static void log_all(struct server *s, const struct member *members)
{
	struct strbuf sb = { 0 };

	for (const struct member *m = members; m->key; m++) {
		struct json_out j = { .sb = &sb };

		strbuf_clear(&sb);
		m->write(s, &j);
		if (!sb.failed)
			log_info("statistics", "%s=%s", m->key, sb.ptr);
	}
	strbuf_deinit(&sb);
}

void server_log_statistics(struct server *s)
{
	log_all(s, status_members);
	log_all(s, log_members);
}
