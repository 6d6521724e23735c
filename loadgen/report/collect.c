/* collect.c - combines intervals of workers into intervals of the run. */
#include "loadgen/report/collect.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "reports/lib/hlog.h"

int collector_init(struct collector *c, const struct plan *plan, struct err *err)
{
	size_t ops = plan->workload->ops_count;
	int rc;

	memset(c, 0, sizeof(*c));
	c->plan = plan;
	c->pairs_count = (size_t)plan->options->threads_count;
	c->pairs = calloc(c->pairs_count, sizeof(struct record_pair *));
	c->covered = calloc(c->pairs_count, sizeof(*c->covered));
	c->rows = calloc(plan->intervals_count, sizeof(*c->rows));
	c->merged = hist_new();
	if (!c->pairs || !c->covered || !c->rows || !c->merged)
		return err_set(err, -ENOMEM, "out of memory for intervals");
	rc = recorder_init(&c->interval, ops, plan->is_open, err);
	return rc ? rc : recorder_init(&c->total, ops, plan->is_open, err);
}

void collector_deinit(struct collector *c)
{
	free(c->pairs);
	free(c->covered);
	free(c->rows);
	hist_free(c->merged);
	recorder_deinit(&c->interval);
	recorder_deinit(&c->total);
	memset(c, 0, sizeof(*c));
}

void collector_attach(struct collector *c, uint32_t index, struct record_pair *pair)
{
	assert(index < c->pairs_count);
	c->pairs[index] = pair;
}

static void write_log(struct collector *c, const struct interval_row *row)
{
	for (size_t i = 0; i < c->interval.ops_count; i++) {
		const struct record_op *op = &c->interval.ops[i];
		const char *name = c->plan->workload->ops[i].name;
		char tag[HLOG_TAG_BYTES_MAX];

		if (c->log_err->code)
			return;
		hlog_write(c->log, name, row->start_ns, row->length_ns, op->response, c->log_err);
		snprintf(tag, sizeof(tag), "service.%s", name);
		/* In a closed loop the service time is the response time. */
		hlog_write(c->log, tag, row->start_ns, row->length_ns,
			   op->service ? op->service : op->response, c->log_err);
	}
}

static void fill_quantiles(struct collector *c, struct interval_row *row)
{
	hist_reset(c->merged);
	for (size_t i = 0; i < c->interval.ops_count; i++)
		hist_add(c->merged, c->interval.ops[i].response);
	row->p50_ns = hist_quantile_ns(c->merged, 0.50);
	row->p99_ns = hist_quantile_ns(c->merged, 0.99);
	row->max_ns = c->merged->max_ns;
}

/* Finishes the current interval, which lasted until end_ns. */
static void emit(struct collector *c, uint64_t end_ns)
{
	const struct plan *p = c->plan;
	struct interval_row *row = &c->rows[c->rows_count];
	uint64_t start_ns = p->cuts_ns[c->rows_count];
	const struct plan_phase *phase = &p->phases[plan_phase_at(p, start_ns)];
	uint64_t failed = recorder_op_errors(&c->interval);
	uint64_t counted;

	assert(c->rows_count < p->intervals_count);
	*row = (struct interval_row){
		.phase = phase->name,
		.is_recorded = phase->is_recorded,
		.start_ns = start_ns,
		.length_ns = end_ns > start_ns ? end_ns - start_ns : 0,
		.ops_count = recorder_ops(&c->interval),
		.errors_count = failed + c->interval.errors[ERROR_UNKNOWN_ID],
		.unrecorded_count = c->interval.unrecorded_count,
	};
	counted = row->is_recorded ? row->ops_count - failed : row->unrecorded_count;
	if (row->length_ns)
		row->throughput_per_s =
			(double)counted * (double)NSEC_PER_SEC / (double)row->length_ns;
	if (row->ops_count > failed)
		fill_quantiles(c, row);
	if (c->log && (row->is_recorded || row->ops_count))
		write_log(c, row);
	recorder_add(&c->total, &c->interval);
	recorder_reset(&c->interval);
	c->rows_count++;
	if (c->on_row)
		c->on_row(c->on_row_arg, row);
}

/* Adds what belongs to the current interval. */
static void take(struct collector *c)
{
	struct recorder *r;

	for (size_t i = 0; i < c->pairs_count; i++) {
		while ((r = record_pair_peek(c->pairs[i])) && r->interval_first <= c->rows_count) {
			recorder_add(&c->interval, r);
			c->covered[i] = r->is_final ? r->interval_last : r->interval_last + 1;
			record_pair_consume(c->pairs[i]);
		}
	}
}

static bool is_complete(const struct collector *c)
{
	for (size_t i = 0; i < c->pairs_count; i++)
		if (c->covered[i] <= c->rows_count)
			return false;
	return true;
}

void collector_poll(struct collector *c)
{
	/* The last interval stays open for replies that arrive while draining. */
	while (c->rows_count + 1 < c->plan->intervals_count) {
		take(c);
		if (!is_complete(c))
			return;
		emit(c, c->plan->cuts_ns[c->rows_count + 1]);
	}
}

void collector_finish(struct collector *c, uint64_t end_ns)
{
	const uint64_t *cuts = c->plan->cuts_ns;

	collector_poll(c);
	while (c->rows_count < c->plan->intervals_count && cuts[c->rows_count] < end_ns) {
		uint64_t cut = cuts[c->rows_count + 1];
		bool is_last = c->rows_count + 1 == c->plan->intervals_count || cut >= end_ns;

		take(c);
		emit(c, is_last ? end_ns : cut);
	}
}
