/*
 * pair_validity.c - whether a block counts, decided before any arms are compared: each rule is
 * applied to every arm, and the worst arm decides for all.
 */
#include <math.h>

#include "daemon/base/hist.h"
#include "loadgen/pair/pair_block.h"
#include "loadgen/report/progress.h"

/* The smallest share of the planned requests that still counts as the planned load. */
#define ACHIEVED_RATIO_MIN 0.99
/* How long sending and answering may continue after the planned end, as a share of the plan. */
#define OVERRUN_RATIO_MAX 0.10
/* An arm that works during the turns of others disturbs them. */
#define IDLE_RATIO_MAX 0.02

static void judge_errors(struct pair_block *b, const struct pair_figures *f, char arm)
{
	if (f->errors_count)
		pair_block_refuse(b, "%c: %llu requests failed", arm,
				  (unsigned long long)f->errors_count);
	if (!f->requests_count)
		pair_block_refuse(b, "%c: no request was answered", arm);
}

static void judge_load(struct pair_block *b, const struct pair_figures *f, char arm)
{
	double planned = (double)f->planned_count;

	if (!f->requests_count)
		return;
	if ((planned - (double)f->unsent_count) / planned < ACHIEVED_RATIO_MIN)
		pair_block_refuse(b, "%c: %llu of %llu planned requests were not sent", arm,
				  (unsigned long long)f->unsent_count,
				  (unsigned long long)f->planned_count);
	else if ((double)f->overrun_ns > OVERRUN_RATIO_MAX * (double)f->load_ns)
		pair_block_refuse(b,
				  "%c: the server does not keep up with the rate: the slices took "
				  "%.0f %% longer than planned",
				  arm, 100 * (double)f->overrun_ns / (double)f->load_ns);
}

/*
 * The lag is part of the response time: so much of it, quantile against quantile, may be ours. Both
 * arms have it alike, so a little makes the result less sharp, not wrong.
 */
static void judge_lag(const struct pair_setup *s, struct pair_block *b,
		      const struct pair_figures *f, char arm)
{
	static const double quantiles[] = { 0.50, 0.99 };

	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		uint64_t lag_ns = hist_quantile_ns(f->lag, quantiles[i]);
		uint64_t response_ns = hist_quantile_ns(f->response, quantiles[i]);
		char lag[16], response[16];

		if (!f->requests_count ||
		    (double)lag_ns <= s->lag_limit_pct / 100 * (double)response_ns)
			continue;
		pair_block_refuse(b,
				  "%c: the generator sent late: p%.0f of its lag is %s, more than "
				  "%.0f %% of the response time there, %s",
				  arm, 100 * quantiles[i], format_time(lag_ns, lag, sizeof(lag)),
				  s->lag_limit_pct,
				  format_time(response_ns, response, sizeof(response)));
		return;
	}
}

static void judge_idle(struct pair_block *b, const struct pair_figures *f, char arm)
{
	double ratio = f->idle_ns ? (double)f->idle_cpu_ns / (double)f->idle_ns : 0;

	if (ratio > IDLE_RATIO_MAX)
		pair_block_refuse(b,
				  "%c: the server used %.1f %% of a processor during the turns of "
				  "others: it is not idle then (compare it in whole runs)",
				  arm, 100 * ratio);
}

void pair_block_judge(const struct pair_setup *setup, struct pair_block *b)
{
	for (uint32_t i = 0; i < setup->design.arms_count; i++) {
		char arm = setup->arms[i].name;

		judge_errors(b, &b->arms[i], arm);
		if (!setup->has_all_rules)
			continue;
		judge_load(b, &b->arms[i], arm);
		judge_lag(setup, b, &b->arms[i], arm);
		judge_idle(b, &b->arms[i], arm);
	}
}
