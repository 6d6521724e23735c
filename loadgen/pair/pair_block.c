/* pair_block.c - the servers and connections of a block, and its slices one after the other. */
#include "loadgen/pair/pair_block.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "loadgen/engine/worker.h"
#include "loadgen/pair/pair_server.h"
#include "loadgen/setup.h"
#include "loadgen/workload/plan.h"
#include "reports/lib/fingerprint.h"

enum {
	HEAD_SHARE = 10, /* one tenth of a slice */
	/* In real time the generator must leave the kernel's share for normal processes (5 % of
	 * each second) of its own will, or it is taken, 50 ms at a time. */
	REST_SHARE = 10,
	/* From reading the clocks to the first request, for the thread to be there. */
	LEAD_NS = 20 * 1000,
	END_WAIT_MS = 100,
};

/* The seeds of a slice's head and of the rest must differ. */
#define HEAD_SEED 0x9e3779b97f4a7c15ull

const char pair_slices_head[] =
	"block,slice,row,arm,length_ns,requests,errors,cpu_ns,runqueue_ns,switches_voluntary,"
	"switches_involuntary,steal_ticks,response_mean_ns,lag_mean_ns,overrun_ns,other_cpu_ns\n";

/* An arm during its block. */
struct player {
	struct pair_server server;
	struct pair_watch watch;
	struct options options;
	struct plan plan;
	struct worker *worker; /* owned */
	uint64_t cpu_ns;       /* as of the last reading */
};

struct game {
	struct pair_setup *setup;
	struct pair_block *block;
	struct pair_schedule schedule;
	struct player players[PAIR_ARMS_MAX];
	struct strbuf *slices;
};

void pair_block_refuse(struct pair_block *b, const char *fmt, ...)
{
	va_list args;

	if (b->reasons_count == PAIR_REASONS_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(b->reasons[b->reasons_count++], PAIR_REASON_BYTES, fmt, args);
	va_end(args);
}

static bool must_stop(const struct game *g)
{
	struct pollfd p = { .fd = g->setup->stop_fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* ---- before and after -------------------------------------------------------- */

/* For after a failure: a dying process closes its connections a moment before it can be waited for.
 */
static bool has_died(struct pair_server *s)
{
	struct pollfd end = { .fd = s->pidfd, .events = POLLIN };

	if (s->pidfd >= 0)
		poll(&end, 1, END_WAIT_MS);
	return s->first_reply_ns && !pair_server_is_alive(s);
}

static void refuse_dead(struct game *g, uint32_t arm)
{
	pair_block_refuse(g->block, "%c: the server ended: %s", g->setup->arms[arm].name,
			  g->players[arm].server.how_ended);
}

/* A failure of a server makes the block invalid; a failure of the generator ends the sitting. */
static int blame(struct game *g, uint32_t arm, int rc, struct err *err)
{
	if (rc == -EINTR || rc == -ENOMEM || rc == -EMFILE)
		return rc;
	if (has_died(&g->players[arm].server))
		refuse_dead(g, arm);
	else
		pair_block_refuse(g->block, "%c: %s", g->setup->arms[arm].name, err->msg);
	g->block->has_failed = true;
	*err = ERR_INIT;
	return 0;
}

static int start_server(struct game *g, uint32_t arm, struct err *err)
{
	struct player *p = &g->players[arm];
	struct pair_setup *s = g->setup;
	int rc;

	rc = pair_server_start(
		&(struct pair_start){
			.home = &s->home,
			.arm = &s->arms[arm],
			.base = s->base,
			.cpus = &s->server_cpus,
			.pad_bytes = g->schedule.pad_bytes[arm],
			.timeout_ns = s->load.timeout_ns,
			.stop_fd = s->stop_fd,
		},
		&p->server, err);
	if (rc)
		return rc;
	g->block->arms[arm].first_reply_ns = p->server.first_reply_ns;
	p->options = s->load;
	p->options.addr = p->server.addr;
	rc = setup_run(&p->options, s->workload, err);
	if (!rc)
		rc = plan_init(&p->plan, &p->options, s->workload, err);
	if (!rc)
		rc = worker_open(&p->plan, 0, &p->worker, err);
	if (!rc)
		rc = pair_watch_open(p->server.pid, &p->watch, err);
	return rc;
}

static int start_servers(struct game *g, struct err *err)
{
	uint32_t k = g->setup->design.arms_count;
	int rc = 0;

	for (uint32_t i = 0; i < k; i++)
		g->block->order[i] = g->setup->arms[g->schedule.start_order[i]].name;
	for (uint32_t i = 0; i < k && !rc && !g->block->has_failed; i++) {
		uint32_t arm = g->schedule.start_order[i];

		rc = start_server(g, arm, err);
		if (rc)
			rc = blame(g, arm, rc, err);
	}
	return rc;
}

static void stop_servers(struct game *g)
{
	for (uint32_t i = 0; i < g->setup->design.arms_count; i++) {
		struct player *p = &g->players[i];

		pair_watch_close(&p->watch);
		worker_close(p->worker);
		plan_deinit(&p->plan);
		pair_server_stop(&p->server);
	}
}

/* ---- slices --------------------------------------------------------------------- */

/* Ends the block if a server has died or a connection has failed. */
static bool check_player(struct game *g, uint32_t arm)
{
	struct player *p = &g->players[arm];

	if (worker_is_whole(p->worker) && pair_server_is_alive(&p->server))
		return true;
	g->block->has_failed = true;
	if (has_died(&p->server))
		refuse_dead(g, arm);
	else
		pair_block_refuse(g->block,
				  "%c: the server left requests unanswered, or closed a "
				  "connection",
				  g->setup->arms[arm].name);
	return false;
}

/* Loads one arm for length_ns. Returns the time from the planned end to the last reply. */
static uint64_t play(struct player *p, uint64_t length_ns, uint64_t seed, bool is_recorded)
{
	uint64_t start_ns = clock_ns() + LEAD_NS;
	uint64_t end_ns = start_ns + length_ns;
	uint64_t now_ns;

	plan_turn_slice(&p->plan, start_ns, length_ns, seed, is_recorded);
	worker_slice(p->worker);
	now_ns = clock_ns();
	return now_ns > end_ns ? now_ns - end_ns : 0;
}

/* What a worker has recorded so far. */
struct mark {
	uint64_t requests, errors, blocked, planned, unsent;
	uint64_t responses, lags;
	double response_sum_ns, lag_sum_ns;
};

static struct mark mark_of(struct worker *w)
{
	const struct recorder *r = worker_slice_records(w);
	const struct worker_report *report = worker_slice_report(w);
	struct mark m = { 0 };

	if (!r)
		return m;
	m.errors = recorder_op_errors(r) + r->errors[ERROR_UNKNOWN_ID];
	m.requests = recorder_ops(r) - recorder_op_errors(r);
	m.blocked = r->blocked_count;
	m.planned = report->planned_count;
	m.unsent = report->unsent_count;
	for (size_t i = 0; i < r->ops_count; i++) {
		m.responses += r->ops[i].response->total;
		m.response_sum_ns += r->ops[i].response->sum_ns;
	}
	m.lags = r->lag->total;
	m.lag_sum_ns = r->lag->sum_ns;
	return m;
}

static double mean_since(double sum, double sum_before, uint64_t n, uint64_t n_before)
{
	return n > n_before ? (sum - sum_before) / (double)(n - n_before) : 0;
}

static void add_slice(struct game *g, const struct pair_slice *s, const struct mark *before,
		      const struct pair_figures *f, uint64_t steal_ticks, uint64_t other_cpu_ns)
{
	struct mark now = mark_of(g->players[s->arm].worker);

	if (!g->slices)
		return;
	strbuf_addf(g->slices, "%u,%zu,%u,%c,%llu,%llu,%llu,%llu,%llu,%llu,%llu,%llu,",
		    g->block->index, (size_t)(s - g->schedule.slices), s->row,
		    g->setup->arms[s->arm].name, (unsigned long long)s->length_ns,
		    (unsigned long long)(now.requests - before->requests),
		    (unsigned long long)(now.errors - before->errors),
		    (unsigned long long)f->usage.cpu_ns, (unsigned long long)f->usage.runqueue_ns,
		    (unsigned long long)f->usage.switches_voluntary,
		    (unsigned long long)f->usage.switches_involuntary,
		    (unsigned long long)steal_ticks);
	strbuf_addf(g->slices, "%.0f,%.0f,%llu,%llu\n",
		    mean_since(now.response_sum_ns, before->response_sum_ns, now.responses,
			       before->responses),
		    mean_since(now.lag_sum_ns, before->lag_sum_ns, now.lags, before->lags),
		    (unsigned long long)f->overrun_ns, (unsigned long long)other_cpu_ns);
}

/* CPU time that the other arms have used since they were last looked at. */
static uint64_t take_others(struct game *g, uint32_t arm, bool is_counted, uint64_t length_ns)
{
	uint64_t sum_ns = 0;

	for (uint32_t i = 0; i < g->setup->design.arms_count; i++) {
		struct player *p = &g->players[i];
		uint64_t now_ns;

		if (i == arm)
			continue;
		now_ns = pair_watch_cpu_ns(&p->watch);
		if (is_counted) {
			g->block->arms[i].idle_cpu_ns += now_ns - p->cpu_ns;
			g->block->arms[i].idle_ns += length_ns;
			sum_ns += now_ns - p->cpu_ns;
		}
		p->cpu_ns = now_ns;
	}
	return sum_ns;
}

static void rest(const struct game *g, uint64_t length_ns)
{
	if (g->setup->is_realtime)
		clock_sleep_until_ns(clock_ns() + length_ns / REST_SHARE);
}

static bool run_slice(struct game *g, const struct pair_slice *s)
{
	struct player *p = &g->players[s->arm];
	struct pair_figures *total = &g->block->arms[s->arm];
	struct pair_figures f = { 0 };
	uint64_t head_ns = s->length_ns / HEAD_SHARE;
	struct cpu_ticks ticks_before, ticks;
	struct pair_usage before, now;
	struct mark mark;
	uint64_t other_cpu_ns;

	rest(g, s->length_ns);
	cpu_ticks_read(&ticks_before);
	take_others(g, s->arm, false, 0);
	play(p, head_ns, s->seed ^ HEAD_SEED, false);
	if (!check_player(g, s->arm))
		return false;
	mark = mark_of(p->worker);
	pair_watch_read(&p->watch, &before);
	f.load_ns = s->length_ns - head_ns;
	f.overrun_ns = play(p, f.load_ns, s->seed, true);
	pair_watch_read(&p->watch, &now);
	f.usage = pair_usage_since(&now, &before);
	other_cpu_ns = take_others(g, s->arm, true, s->length_ns);
	cpu_ticks_read(&ticks);
	pair_usage_add(&total->usage, &f.usage);
	total->load_ns += f.load_ns;
	total->overrun_ns += f.overrun_ns;
	add_slice(g, s, &mark, &f, ticks.steal - ticks_before.steal, other_cpu_ns);
	return check_player(g, s->arm);
}

static bool warm_up(struct game *g)
{
	for (uint32_t i = 0; i < g->setup->design.arms_count && g->setup->warmup_ns; i++) {
		uint32_t arm = g->schedule.start_order[i];

		play(&g->players[arm], g->setup->warmup_ns, g->setup->design.seed, false);
		if (!check_player(g, arm))
			return false;
	}
	return true;
}

static int run_slices(struct game *g, struct err *err)
{
	struct cpu_ticks before, after;
	bool is_going = warm_up(g);

	cpu_ticks_read(&before);
	for (size_t i = 0; is_going && i < g->schedule.slices_count; i++) {
		if (must_stop(g))
			return err_set(err, -EINTR, "interrupted");
		is_going = run_slice(g, &g->schedule.slices[i]);
	}
	cpu_ticks_read(&after);
	g->block->steal_pct = fingerprint_steal_pct(&before, &after);
	return 0;
}

/* ---- figures ------------------------------------------------------------------ */

static void collect(struct game *g, uint32_t arm)
{
	struct player *p = &g->players[arm];
	struct pair_figures *f = &g->block->arms[arm];
	const struct recorder *r = p->worker ? worker_slice_records(p->worker) : NULL;
	struct mark m;

	if (!r)
		return;
	m = mark_of(p->worker);
	f->requests_count = m.requests;
	f->errors_count = m.errors;
	f->planned_count = m.planned;
	f->unsent_count = m.unsent;
	f->blocked_count = m.blocked;
	pair_watch_memory(&p->watch, &f->rss_bytes, &f->rss_peak_bytes);
	for (size_t i = 0; i < r->ops_count; i++) {
		hist_add(f->response, r->ops[i].response);
		hist_add(f->service, r->ops[i].service);
	}
	hist_add(f->lag, r->lag);
}

static int make_hists(struct pair_block *b, uint32_t arms_count, struct err *err)
{
	for (uint32_t i = 0; i < arms_count; i++) {
		struct pair_figures *f = &b->arms[i];

		f->response = hist_new();
		f->service = hist_new();
		f->lag = hist_new();
		if (!f->response || !f->service || !f->lag)
			return err_set(err, -ENOMEM, "out of memory for a block");
	}
	return 0;
}

int pair_block_run(struct pair_setup *setup, uint32_t index, struct pair_block *out,
		   struct strbuf *slices, struct err *err)
{
	struct game g = { .setup = setup, .block = out, .slices = slices };
	uint64_t start_ns = clock_ns();
	int rc;

	memset(out, 0, sizeof(*out));
	out->index = index;
	out->start_wall_ns = clock_wall_ns();
	out->steal_pct = NAN;
	for (uint32_t i = 0; i < PAIR_ARMS_MAX; i++)
		g.players[i].server.pidfd = -1;
	rc = make_hists(out, setup->design.arms_count, err);
	if (!rc)
		rc = pair_schedule_draw(&setup->design, index, &g.schedule, err);
	if (!rc)
		rc = start_servers(&g, err);
	if (!rc && !out->has_failed)
		rc = run_slices(&g, err);
	if (!rc) {
		for (uint32_t i = 0; i < setup->design.arms_count; i++)
			collect(&g, i);
		if (!out->has_failed)
			pair_block_judge(setup, out);
	}
	stop_servers(&g);
	pair_schedule_deinit(&g.schedule);
	out->length_ns = clock_ns() - start_ns;
	return rc;
}

void pair_block_deinit(struct pair_block *b)
{
	for (uint32_t i = 0; i < PAIR_ARMS_MAX; i++) {
		hist_free(b->arms[i].response);
		hist_free(b->arms[i].service);
		hist_free(b->arms[i].lag);
	}
	memset(b, 0, sizeof(*b));
}
