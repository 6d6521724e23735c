/* Writes profile.json: what was requested, captured and missing (capture.h). */
#include <math.h>
#include <sys/resource.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/json_out.h"
#include "profiles/capture/capture_private.h"
#include "reports/lib/envelope.h"

int64_t capture_requests(const struct capture *c)
{
	return c->requests[0] >= 0 && c->requests[1] >= c->requests[0]
		       ? c->requests[1] - c->requests[0]
		       : -1;
}

void capture_put_requests(struct json_out *j, const struct capture *c)
{
	int64_t requests = capture_requests(c);

	if (requests >= 0)
		json_i64(j, "requests_count", requests);
	else
		json_put_null(j, "requests_count");
}

static void put_asked(struct json_out *j, const struct capture *c)
{
	json_object_open(j, "asked");
	json_i64(j, "pid", c->cfg.pid);
	json_f64(j, "duration_s", capture_seconds(c->cfg.duration_ns));
	json_f64(j, "delay_s", capture_seconds(c->cfg.delay_ns));
	json_f64(j, "interval_s", capture_seconds(c->cfg.interval_ns));
	json_i64(j, "rate_hz", c->cfg.rate_hz);
	json_str(j, "sample_event", c->cfg.sample_event);
	json_f64(j, "count_share_pct", c->cfg.count_share);
	json_bool(j, "cpu", !c->cfg.no_cpu);
	json_bool(j, "heap", !c->cfg.no_heap);
	json_bool(j, "counters", !c->cfg.no_counters);
	json_array_open(j, "events");
	for (size_t i = 0; i < c->events_count; i++)
		json_str(j, NULL, c->events[i].name);
	json_close(j);
	json_close(j);
}

static void put_cpu(struct json_out *j, const struct capture *c)
{
	double cpu_s =
		capture_seconds(c->user_ns[1] - c->user_ns[0] + c->kernel_ns[1] - c->kernel_ns[0]);

	if (!c->has_samples) {
		json_put_null(j, "cpu");
		return;
	}
	json_object_open(j, "cpu");
	json_str(j, "scope", c->is_machine_wide ? "machine" : "process");
	json_str(j, "event_asked", c->cfg.sample_event);
	json_str(j, "event_got", perfdata_event_name(&c->perf.attr));
	json_i64(j, "rate_hz", c->cfg.rate_hz);
	/* Samples are taken only while the process runs: per second of its CPU time. */
	json_f64(j, "rate_got_hz", cpu_s > 0 ? (double)c->own_samples_count / cpu_s : NAN);
	json_u64(j, "samples_count", c->own_samples_count);
	json_u64(j, "others_count", c->perf.samples_count - c->own_samples_count);
	json_u64(j, "lost_count", c->perf.lost_count);
	json_u64(j, "stacks_count", c->cpu_stacks.count);
	json_bool(j, "with_kernel", !c->perf.attr.exclude_kernel);
	json_bool(j, "is_truncated", c->perf.is_truncated);
	/* A clock's interrupt is delayed until interrupts are enabled again, and its sample is
	 * attributed there. */
	json_str(
		j, "remark",
		c->perf.attr.type == PERF_TYPE_SOFTWARE
			? "sampled by a clock: kernel time with interrupts disabled is attributed to where "
			  "they are enabled again (finish_task_switch, _raw_spin_unlock_irqrestore)"
			: NULL);
	json_close(j);
}

static void put_heap_side(struct json_out *j, const char *key, const struct heap_profile *p)
{
	json_object_open(j, key);
	json_u64(j, "allocs_count", p->allocs_count);
	json_u64(j, "frees_count", p->frees_count);
	json_u64(j, "allocated_bytes", p->allocated_bytes);
	json_u64(j, "samples_count", p->samples_count);
	json_close(j);
}

static void put_heap(struct json_out *j, const struct capture *c)
{
	if (!c->has_heap[0]) {
		json_put_null(j, "heap");
		return;
	}
	json_object_open(j, "heap");
	json_u64(j, "mean_bytes", c->heap_before.mean_bytes);
	json_u64(j, "lost_count",
		 c->has_heap[1] ? c->heap_after.lost_count : c->heap_before.lost_count);
	put_heap_side(j, "before", &c->heap_before);
	if (c->has_heap[1])
		put_heap_side(j, "after", &c->heap_after);
	json_close(j);
}

static void put_memory_row(struct json_out *j, const char *key, const struct procstat_row *r)
{
	json_object_open(j, key);
	json_f64(j, "time_s", r->time_s);
	json_u64(j, "rss_bytes", r->rss_bytes);
	json_u64(j, "pss_bytes", r->pss_bytes);
	json_u64(j, "anonymous_bytes", r->anonymous_bytes);
	if (r->has_detail) {
		json_u64(j, "heap_bytes", r->heap_bytes);
		json_u64(j, "stacks_bytes", r->stacks_bytes);
		json_u64(j, "stacks_virtual_bytes", r->stacks_virtual_bytes);
		json_u64(j, "files_bytes", r->files_bytes);
	}
	json_u64(j, "threads_count", r->threads_count);
	json_close(j);
}

static void put_memory(struct json_out *j, const struct capture *c)
{
	uint64_t rss = 0, pss = 0;

	if (c->memory.count == 0) {
		json_put_null(j, "memory");
		return;
	}
	for (size_t i = 0; i < c->memory.count; i++) {
		rss = c->memory.rows[i].rss_bytes > rss ? c->memory.rows[i].rss_bytes : rss;
		pss = c->memory.rows[i].pss_bytes > pss ? c->memory.rows[i].pss_bytes : pss;
	}
	json_object_open(j, "memory");
	put_memory_row(j, "first", &c->memory.rows[0]);
	put_memory_row(j, "last", &c->memory.rows[c->memory.count - 1]);
	json_u64(j, "rss_bytes_max", rss);
	json_u64(j, "pss_bytes_max", pss);
	json_close(j);
}

static double cpu_of(int who)
{
	struct rusage use;

	if (getrusage(who, &use) < 0)
		return NAN;
	return (double)use.ru_utime.tv_sec + (double)use.ru_stime.tv_sec +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void put_cost(struct json_out *j, const struct capture *c)
{
	json_object_open(j, "cost");
	json_f64(j, "measuring_cpu_s", capture_seconds(c->own_cpu_ns[1] - c->own_cpu_ns[0]));
	json_f64(j, "analysis_cpu_s",
		 cpu_of(RUSAGE_SELF) - capture_seconds(c->own_cpu_ns[1] - c->own_cpu_ns[0]));
	json_f64(j, "perf_cpu_s", cpu_of(RUSAGE_CHILDREN));
	json_f64(j, "memory_read_s", capture_seconds(c->memory.cost_ns));
	json_f64(j, "waits_read_s", capture_seconds(c->waits.cost_ns));
	json_close(j);
}

static void put_lists(struct json_out *j, const struct capture *c)
{
	json_array_open(j, "permitted");
	for (unsigned i = 0; i < PERMIT_ITEMS_COUNT; i++) {
		json_object_open(j, NULL);
		json_str(j, "name", permit_name((enum permit_item)i));
		json_bool(j, "ok", c->permit.items[i].is_ok);
		json_str(j, "why", c->permit.items[i].why);
		json_close(j);
	}
	json_close(j);
	json_array_open(j, "missing");
	for (size_t i = 0; i < c->missing_count; i++) {
		json_object_open(j, NULL);
		json_str(j, "name", c->missing[i].name);
		json_str(j, "reason", c->missing[i].reason);
		json_close(j);
	}
	json_close(j);
	json_array_open(j, "files");
	for (size_t i = 0; i < c->files_count; i++)
		json_str(j, NULL, c->files[i]);
	json_close(j);
}

int capture_write_profile(struct capture *c, struct err *err)
{
	static const char *const states[] = { "complete", "interrupted", "target_died" };
	const struct envelope envelope = {
		.schema = "goxel-profile/1",
		.tool = "goxel-profile",
		.start_wall_ns = c->start_wall_ns,
	};
	struct json_out j = { .sb = &c->document, .indent = 1 };

	json_object_open(&j, NULL);
	envelope_write(&j, &envelope);
	json_str(&j, "state", states[c->state]);
	put_asked(&j, c);
	json_object_open(&j, "target");
	json_i64(&j, "pid", c->target.pid);
	json_str(&j, "comm", c->target.comm);
	json_str(&j, "exe", c->target.exe);
	json_str(&j, "control", c->control.where[0] ? c->control.where : NULL);
	json_close(&j);
	json_f64(&j, "duration_s", capture_seconds(c->end_ns - c->start_ns));
	capture_put_requests(&j, c);
	put_cpu(&j, c);
	if (c->counters) {
		json_object_open(&j, "counters");
		json_u64(&j, "threads_count", counters_threads(c->counters));
		json_u64(&j, "unsure_threads_count", counters_unsure_threads(c->counters));
		json_u64(&j, "events_count", c->events_count);
		json_close(&j);
	} else {
		json_put_null(&j, "counters");
	}
	put_heap(&j, c);
	put_memory(&j, c);
	put_cost(&j, c);
	put_lists(&j, c);
	json_close(&j);
	strbuf_add_char(&c->document, '\n');
	return capture_put(c, RUNFILE_PROFILE, &c->document, err);
}
