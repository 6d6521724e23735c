/* self_check.c - the rules by which a result is called invalid. */
#include "loadgen/report/self_check.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/hist.h"
#include "loadgen/report/progress.h"

/* A thread that used more of a processor was saturated. */
#define BUSY_RATIO 0.95
/* The smallest share of the planned requests that still counts as the planned load. */
#define ACHIEVED_RATIO_MIN 0.99
/* The generator's lateness is part of the response time; this share of it, per quantile, is
 * acceptable. */
#define LAG_RATIO_MAX 0.10
/* Time taken by the hypervisor, in percent, that is worth a note. */
#define STEAL_PCT_NOTED 2.0

static void remark(struct remarks *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void remark(struct remarks *r, const char *fmt, ...)
{
	va_list args;

	if (r->count == SELF_CHECK_REMARKS_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(r->text[r->count++], SELF_CHECK_TEXT_MAX, fmt, args);
	va_end(args);
}

static void measure(const struct plan *plan, const struct run_result *run, struct self_check *s)
{
	const struct recorder *total = &run->collect.total;
	uint64_t ops = recorder_ops(total);
	uint64_t cpu_ns = 0;

	for (size_t i = 0; i < run->workers_count; i++) {
		const struct worker_report *w = &run->workers[i];
		double ratio = w->measured_ns ? (double)w->cpu_ns / (double)w->measured_ns : 0;

		if (ratio > s->own_cpu_ratio)
			s->own_cpu_ratio = ratio;
		cpu_ns += w->cpu_ns;
		s->switches_involuntary += w->switches_involuntary;
		s->planned_count += w->planned_count;
		s->unsent_count += w->unsent_count;
	}
	s->own_cpu_ns_per_op = ops ? (double)cpu_ns / (double)ops : 0;
	s->blocked_count = total->blocked_count;
	s->achieved_ratio = 1;
	if (!plan->is_open)
		return;
	if (s->planned_count)
		s->achieved_ratio = 1 - (double)s->unsent_count / (double)s->planned_count;
	s->lag_p50_ns = hist_quantile_ns(total->lag, 0.50);
	s->lag_p99_ns = hist_quantile_ns(total->lag, 0.99);
	s->lag_max_ns = total->lag->max_ns;
}

static void check_lag(struct self_check *s, int percent, uint64_t lag_ns, uint64_t response_ns)
{
	char lag[16], response[16];

	if ((double)lag_ns <= LAG_RATIO_MAX * (double)response_ns)
		return;
	remark(&s->reasons,
	       "the generator sent late: p%d of its lag is %s, "
	       "more than %.0f %% of the response time there, %s",
	       percent, format_time(lag_ns, lag, sizeof(lag)), LAG_RATIO_MAX * 100,
	       format_time(response_ns, response, sizeof(response)));
}

static void check_open(const struct plan *plan, const struct hist *response, struct self_check *s)
{
	if (s->achieved_ratio < ACHIEVED_RATIO_MIN)
		remark(&s->reasons, "only %.1f %% of the planned requests were sent: %s",
		       s->achieved_ratio * 100,
		       s->blocked_count > (s->planned_count - s->unsent_count) / 2
			       ? "all connections were waiting for the server"
			       : "the generator cannot send faster");
	check_lag(s, 50, s->lag_p50_ns, hist_quantile_ns(response, 0.50));
	check_lag(s, 99, s->lag_p99_ns, hist_quantile_ns(response, 0.99));
	if (s->blocked_count)
		remark(&s->notes,
		       "%llu of %llu requests waited for a free place (%lld connections x depth "
		       "%lld); the wait is in their response time, not in their service time",
		       (unsigned long long)s->blocked_count, (unsigned long long)s->planned_count,
		       (long long)plan->options->connections_count,
		       (long long)plan->options->depth);
}

void self_check(const struct plan *plan, const struct run_result *run, const struct hist *response,
		struct self_check *out)
{
	const struct recorder *total = &run->collect.total;
	struct self_check *s = out;

	memset(s, 0, sizeof(*s));
	measure(plan, run, s);
	if (run->state != RUN_COMPLETE)
		remark(&s->reasons, "%s", run->message);
	if (recorder_ops(total) == recorder_op_errors(total))
		remark(&s->reasons, "no operation succeeded");
	else if (plan->is_open)
		check_open(plan, response, s);
	/* An open loop busy-waits for the next arrival, so a busy thread is normal. */
	if (!plan->is_open && s->own_cpu_ratio > BUSY_RATIO)
		remark(&s->notes,
		       "a generator thread used %.0f %% of a "
		       "processor: more threads might reach more",
		       s->own_cpu_ratio * 100);
	if (!isnan(run->steal_pct) && run->steal_pct > STEAL_PCT_NOTED)
		remark(&s->notes, "the hypervisor took %.1f %% of the processor time",
		       run->steal_pct);
	s->is_valid = s->reasons.count == 0;
}
