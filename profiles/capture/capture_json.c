/* counters.json and waits.json. */
#include <math.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/json_out.h"
#include "profiles/capture/capture_private.h"
#include "reports/lib/envelope.h"

static void put_event(struct json_out *j, const struct capture *c, size_t i)
{
	const struct event *e = &c->events[i];
	const struct counter_estimate *x = &c->totals[i];
	const struct counter_value *v = &c->last[i];
	double duration_s = capture_seconds(c->end_ns - c->start_ns);

	json_object_open(j, NULL);
	json_str(j, "name", e->name);
	json_str(j, "kind", event_kind_name(e->kind));
	json_u64(j, "group", e->group);
	/* Counted by the kernel itself, or counted in windows and scaled up. */
	json_bool(j, "is_exact", e->is_exact || c->cfg.count_share >= 100);
	json_f64(j, "value", x->total);
	json_f64(j, "user", x->user);
	json_f64(j, "kernel", x->kernel);
	json_f64(j, "raw", e->is_exact ? x->total : v->raw);
	json_u64(j, "enabled_ns", v->enabled_ns);
	json_u64(j, "running_ns", v->running_ns);
	/* Share of the process's CPU time during which this event was counted. */
	json_f64(j, "running_ratio",
		 e->is_exact     ? 1
		 : v->enabled_ns ? x->ratio * (double)v->running_ns / (double)v->enabled_ns
				 : NAN);
	json_f64(j, "per_second", duration_s > 0 ? x->total / duration_s : NAN);
	json_close(j);
}

static void put_missing_events(struct json_out *j, const struct capture *c)
{
	json_array_open(j, "missing");
	for (size_t i = 0; i < c->events_count; i++) {
		if (!c->events[i].missing[0])
			continue;
		json_object_open(j, NULL);
		json_str(j, "name", c->events[i].name);
		json_str(j, "reason", c->events[i].missing);
		json_close(j);
	}
	json_close(j);
}

static void put_intervals(struct json_out *j, const struct capture *c)
{
	json_array_open(j, "intervals");
	for (size_t i = 0; i < c->intervals_count; i++) {
		const struct capture_interval *interval = &c->intervals[i];

		json_object_open(j, NULL);
		json_f64(j, "start_s", interval->start_s);
		json_f64(j, "elapsed_s", interval->elapsed_s);
		json_object_open(j, "values");
		for (size_t k = 0; k < c->events_count; k++) {
			if (!c->events[k].missing[0])
				json_f64(j, c->events[k].name, interval->values[k]);
		}
		json_close(j);
		json_close(j);
	}
	json_close(j);
}

/* The value of an event that was counted; NaN when it was not. */
static double value_of(const struct capture *c, const char *name)
{
	for (size_t i = 0; i < c->events_count; i++) {
		if (strcmp(c->events[i].name, name) == 0 && !c->events[i].missing[0])
			return c->totals[i].total;
	}
	return NAN;
}

#define SYSCALL_PREFIX "syscalls:sys_enter_"

static void put_syscalls(struct json_out *j, const struct capture *c)
{
	double total = value_of(c, "raw_syscalls:sys_enter");

	if (isnan(total)) {
		json_put_null(j, "syscalls");
		return;
	}
	json_object_open(j, "syscalls");
	json_f64(j, "total_count", total);
	json_f64(j, "per_request",
		 capture_requests(c) > 0 ? total / (double)capture_requests(c) : NAN);
	json_object_open(j, "by_name");
	for (size_t i = 0; i < c->events_count; i++) {
		size_t len = sizeof(SYSCALL_PREFIX) - 1;

		if (strncmp(c->events[i].name, SYSCALL_PREFIX, len) == 0 &&
		    !c->events[i].missing[0])
			json_f64(j, c->events[i].name + len, c->totals[i].total);
	}
	json_close(j);
	json_close(j);
}

static void put_cpu_time(struct json_out *j, const struct capture *c)
{
	double user_s = capture_seconds(c->user_ns[1] - c->user_ns[0]);
	double system_s = capture_seconds(c->kernel_ns[1] - c->kernel_ns[0]);
	double requests = (double)capture_requests(c);

	json_object_open(j, "cpu");
	json_f64(j, "user_s", user_s);
	json_f64(j, "system_s", system_s);
	json_f64(j, "per_request_ns", requests > 0 ? (user_s + system_s) * 1e9 / requests : NAN);
	json_close(j);
}

int capture_write_counters(struct capture *c, struct err *err)
{
	const struct envelope envelope = {
		.schema = "goxel-counters/1",
		.tool = "goxel-profile",
		.start_wall_ns = c->start_wall_ns,
	};
	double duration_s = capture_seconds(c->end_ns - c->start_ns);
	double cycles = value_of(c, "cycles");
	struct strbuf sb = { 0 };
	struct json_out j = { .sb = &sb, .indent = 1 };
	int rc;

	json_object_open(&j, NULL);
	envelope_write(&j, &envelope);
	json_i64(&j, "pid", c->target.pid);
	json_f64(&j, "duration_s", duration_s);
	capture_put_requests(&j, c);
	json_u64(&j, "threads_count", counters_threads(c->counters));
	json_u64(&j, "unsure_threads_count", counters_unsure_threads(c->counters));
	json_f64(&j, "count_share_pct", c->cfg.count_share);
	json_bool(&j, "with_kernel", c->permit.items[PERMIT_COUNT_KERNEL].is_ok);
	json_array_open(&j, "events");
	for (size_t i = 0; i < c->events_count; i++) {
		if (!c->events[i].missing[0])
			put_event(&j, c, i);
	}
	json_close(&j);
	put_missing_events(&j, c);
	put_cpu_time(&j, c);
	json_f64(&j, "instructions_per_cycle", value_of(c, "instructions") / cycles);
	put_syscalls(&j, c);
	put_intervals(&j, c);
	json_close(&j);
	rc = capture_put(c, RUNFILE_COUNTERS, &sb, err);
	strbuf_deinit(&sb);
	return rc;
}

/* ---- waits.json --------------------------------------------------------------- */

static void put_blocked(struct json_out *j, const double *blocked_s)
{
	json_object_open(j, "blocked");
	for (unsigned kind = 0; waits_kind_name(kind); kind++) {
		if (blocked_s[kind] > 0)
			json_f64(j, waits_kind_name(kind), blocked_s[kind]);
	}
	json_close(j);
}

static void put_wait_capture_seconds(struct json_out *j, struct waits_seconds x,
				     const double *blocked_s)
{
	json_f64(j, "cpu_s", x.cpu_s);
	json_f64(j, "runnable_s", x.runnable_s);
	json_f64(j, "asleep_s", x.asleep_s);
	put_blocked(j, blocked_s);
}

static void put_waits(struct json_out *j, const struct capture *c)
{
	double all_s[WAITS_KINDS_MAX] = { 0 };
	struct waits_seconds all = { 0 };

	json_array_open(j, "threads");
	for (size_t i = 0; i < c->waits.count; i++) {
		const struct waits_thread *t = &c->waits.threads[i];
		double blocked_s[WAITS_KINDS_MAX] = { 0 };
		struct waits_seconds x = waits_of(t);

		for (unsigned kind = 0; waits_kind_name(kind); kind++) {
			blocked_s[kind] = waits_blocked_s(t, kind);
			all_s[kind] += blocked_s[kind];
		}
		all.cpu_s += x.cpu_s;
		all.runnable_s += x.runnable_s;
		all.asleep_s += x.asleep_s;
		json_object_open(j, NULL);
		json_i64(j, "tid", t->tid);
		json_str(j, "name", t->name);
		put_wait_capture_seconds(j, x, blocked_s);
		json_close(j);
	}
	json_close(j);
	json_object_open(j, "totals");
	put_wait_capture_seconds(j, all, all_s);
	json_close(j);
}

/*
 * waits.json "goxel-waits/1": the envelope, duration_s, looks_count, and for each of threads[] and
 * for the totals: cpu_s, runnable_s (waiting for a processor), asleep_s, blocked{KIND: seconds}.
 * The first two are the scheduler's sums, the rest is shared out by samples.
 */
int capture_write_waits(struct capture *c, struct err *err)
{
	const struct envelope envelope = {
		.schema = "goxel-waits/1",
		.tool = "goxel-profile",
		.start_wall_ns = c->start_wall_ns,
	};
	struct strbuf sb = { 0 };
	struct json_out j = { .sb = &sb, .indent = 1 };
	int rc;

	if (c->waits.is_refused)
		capture_miss(c, "kinds of waits",
			     "/proc/PID/task/TID/syscall may not be read (ptrace permission)");
	json_object_open(&j, NULL);
	envelope_write(&j, &envelope);
	json_i64(&j, "pid", c->target.pid);
	json_f64(&j, "duration_s", capture_seconds(c->end_ns - c->start_ns));
	json_u64(&j, "looks_count", c->waits.looks_count);
	put_waits(&j, c);
	json_close(&j);
	rc = capture_put(c, RUNFILE_WAITS, &sb, err);
	strbuf_deinit(&sb);
	return rc;
}
