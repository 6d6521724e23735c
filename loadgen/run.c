/* run.c - the main thread of a run: starts the workers, collects their intervals and handles
 * signals. */
#include "loadgen/run.h"
#include "loadgen/workload/plan.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "daemon/base/err.h"
#include "daemon/base/version.h"
#include "loadgen/report/progress.h"
#include "loadgen/setup.h"
#include "reports/lib/fingerprint.h"
#include "reports/lib/hlog.h"

enum {
	START_DELAY_NS = 5 * 1000 * 1000, /* time for the threads to start */
	POLL_NS = 10 * 1000 * 1000,       /* while waiting for the last worker of an interval */
	LISTEN_NS = 100 * 1000 * 1000,    /* otherwise, since workers may end early */
	OTHER_FILES = 32,                 /* descriptors in addition to the connections */
};

struct run {
	struct plan *plan;
	struct worker **workers; /* owned */
	size_t started_count;
	struct run_result *result;
	struct progress progress;
	struct err log_err; /* first failure to write the log */
	bool is_interrupted;
};

static int raise_file_limit(const struct options *o, struct err *err)
{
	rlim_t need = (rlim_t)(o->connections_count + o->threads_count + OTHER_FILES);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= need)
		return 0;
	if (limit.rlim_max < need)
		return err_set(err, -EMFILE,
			       "%d connections need %llu open files, but the hard limit is %llu: "
			       "raise it (ulimit -Hn) or use fewer connections",
			       (int)o->connections_count, (unsigned long long)need,
			       (unsigned long long)limit.rlim_max);
	limit.rlim_cur = need;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return err_set(err, -errno, "raise the limit of open files to %llu",
			       (unsigned long long)need);
	return 0;
}

static int open_workers(struct run *r, struct err *err)
{
	size_t count = r->result->workers_count;

	for (size_t i = 0; i < count; i++) {
		int rc = worker_open(r->plan, (uint32_t)i, &r->workers[i], err);

		if (rc)
			return rc;
		collector_attach(&r->result->collect, (uint32_t)i, worker_records(r->workers[i]));
	}
	return 0;
}

static int start_workers(struct run *r, struct err *err)
{
	r->plan->start_ns = clock_ns() + START_DELAY_NS;
	r->plan->start_wall_ns = clock_wall_ns() + START_DELAY_NS;
	for (size_t i = 0; i < r->result->workers_count; i++) {
		int rc = worker_start(r->workers[i], err);

		if (rc)
			return rc;
		r->started_count++;
	}
	return 0;
}

static void stop_workers(struct run *r)
{
	for (size_t i = 0; i < r->started_count; i++)
		worker_stop(r->workers[i]);
}

static bool have_all_ended(const struct run *r)
{
	for (size_t i = 0; i < r->started_count; i++)
		if (!worker_has_ended(r->workers[i]))
			return false;
	return true;
}

/* Time until the next check: an interval may be complete, or workers may have ended. */
static uint64_t wait_ns(const struct run *r)
{
	const struct plan *p = r->plan;
	size_t rows = r->result->collect.rows_count;
	uint64_t due = p->start_ns +
		       p->cuts_ns[rows + 1 < p->intervals_count ? rows + 1 : p->intervals_count];
	uint64_t now = clock_ns();

	if (due > now + LISTEN_NS)
		return LISTEN_NS;
	return due > now + POLL_NS ? due - now : POLL_NS;
}

static void collect_until_end(struct run *r)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	while (!have_all_ended(r)) {
		struct timespec ts = clock_timespec(wait_ns(r));

		if (sigtimedwait(&set, NULL, &ts) > 0) {
			r->is_interrupted = true;
			stop_workers(r);
		}
		collector_poll(&r->result->collect);
	}
}

/* Recorded time until the end, including the wait for its last replies. */
static uint64_t recorded_ns(const struct plan *p, const struct run_result *out)
{
	uint64_t sum = 0, last_reply_ns = 0;

	for (size_t i = 0; i < p->phases_count; i++) {
		const struct plan_phase *phase = &p->phases[i];
		uint64_t end = phase->end_ns < out->end_ns ? phase->end_ns : out->end_ns;

		if (phase->is_recorded && end > phase->start_ns)
			sum += end - phase->start_ns;
	}
	for (size_t i = 0; i < out->workers_count; i++)
		if (out->workers[i].reply_ns > last_reply_ns)
			last_reply_ns = out->workers[i].reply_ns;
	if (p->phases[p->phases_count - 1].is_recorded && last_reply_ns > p->duration_ns)
		sum += last_reply_ns - p->duration_ns;
	return sum;
}

static void join_workers(struct run *r)
{
	struct run_result *out = r->result;

	for (size_t i = 0; i < r->started_count; i++) {
		worker_join(r->workers[i], &out->workers[i]);
		if (out->workers[i].end_ns > out->end_ns)
			out->end_ns = out->workers[i].end_ns;
	}
}

static void judge(struct run *r)
{
	struct run_result *out = r->result;

	for (size_t i = 0; i < r->started_count; i++) {
		const struct worker_report *w = &out->workers[i];

		if (w->end == WORKER_GONE) {
			out->state = RUN_FAILED;
			snprintf(out->message, sizeof(out->message),
				 "the server is gone: no connection left %.1f s after the start",
				 (double)w->end_ns / NSEC_PER_SEC);
		} else if (w->end == WORKER_BROKEN) {
			out->state = RUN_FAILED;
			snprintf(out->message, sizeof(out->message), "%s", w->message);
		}
	}
	if (r->is_interrupted && out->state == RUN_COMPLETE) {
		out->state = RUN_INTERRUPTED;
		snprintf(out->message, sizeof(out->message), "interrupted after %.1f s",
			 (double)out->end_ns / NSEC_PER_SEC);
	}
}

static int start_run(struct run *r, const char *log_path, struct err *err)
{
	const struct options *o = r->plan->options;
	struct collector *c = &r->result->collect;
	int rc;

	rc = raise_file_limit(o, err);
	if (!rc)
		rc = setup_run(o, r->plan->workload, err);
	if (!rc)
		rc = collector_init(c, r->plan, err);
	c->log_err = &r->log_err;
	if (!rc)
		rc = open_workers(r, err);
	if (!rc && log_path)
		rc = hlog_writer_open(log_path, clock_wall_ns() + START_DELAY_NS,
				      "goxel-load " GOXEL_PERF_VERSION, &c->log, err);
	if (rc)
		return rc;
	progress_begin(&r->progress, r->plan);
	c->on_row = progress_row;
	c->on_row_arg = &r->progress;
	return start_workers(r, err);
}

int run_load(struct plan *plan, const char *log_path, struct run_result *out, struct err *err)
{
	struct run r = { .plan = plan, .result = out };
	struct cpu_ticks before, after;
	int rc;

	memset(out, 0, sizeof(*out));
	out->workers_count = (size_t)plan->options->threads_count;
	out->workers = calloc(out->workers_count, sizeof(*out->workers));
	r.workers = calloc(out->workers_count, sizeof(struct worker *));
	cpu_ticks_read(&before);
	if (!out->workers || !r.workers)
		rc = err_set(err, -ENOMEM, "out of memory");
	else
		rc = start_run(&r, log_path, err);
	if (rc)
		stop_workers(&r);
	else
		collect_until_end(&r);
	join_workers(&r);
	if (!rc) {
		collector_finish(&out->collect, out->end_ns);
		progress_end(&r.progress);
		cpu_ticks_read(&after);
		out->steal_pct = fingerprint_steal_pct(&before, &after);
		out->elapsed_ns = recorded_ns(plan, out);
		judge(&r);
	}
	for (size_t i = 0; r.workers && i < out->workers_count; i++)
		worker_close(r.workers[i]);
	free(r.workers);
	hlog_writer_close(out->collect.log, r.log_err.code ? NULL : &r.log_err);
	out->collect.log = NULL;
	out->collect.log_err = NULL;
	return rc || !r.log_err.code ? rc : err_set(err, r.log_err.code, "%s", r.log_err.msg);
}
