/*
 * verdict_row.c - one metric: its values with worse as up, and the answer from its bounds.
 *
 * Inside the verdict, up is worse for every metric; verdict_row_orient turns the effects of a rate
 * back at the end.
 */
#include <math.h>

#include "reports/lib/stats.h"
#include "reports/lib/verdict_private.h"

size_t verdict_gather(const struct verdict_input *input, size_t metric, double *column)
{
	double sign = input->metrics[metric].is_bigger_better ? -1 : 1;
	size_t count = 0;

	for (size_t i = 0; i < input->blocks_count; i++) {
		double value = input->d[i * input->metrics_count + metric];

		if (isfinite(value))
			column[count++] = sign * value;
	}
	return count;
}

void verdict_row_init(const struct verdict_input *input, size_t metric, struct verdict_row *row)
{
	const struct verdict_metric *m = &input->metrics[metric];

	*row = (struct verdict_row){
		.metric = m,
		.missing_count = input->blocks_count,
		.theta = NAN,
		.low = -INFINITY,
		.high = INFINITY,
		.lower = -INFINITY,
		.upper = INFINITY,
		.margin_ln = fmax(log1p(m->margin_ratio), m->resolution_ln),
		.p_worse = NAN,
		.p_adjusted = NAN,
		.detectable_ln = INFINITY,
		.blockable_ln = INFINITY,
		.blocks_needed = SIZE_MAX,
		.reason = "",
	};
}

static enum verdict_answer answer_of(const struct verdict_row *row)
{
	if (row->lower > row->margin_ln)
		return VERDICT_ROW_REGRESSED;
	if (row->upper < -row->margin_ln)
		return VERDICT_ROW_IMPROVED;
	if (row->upper < row->margin_ln)
		return row->lower > -row->margin_ln ? VERDICT_ROW_EQUIVALENT
						    : VERDICT_ROW_NOT_WORSE;
	return VERDICT_ROW_INCONCLUSIVE;
}

void verdict_row_answer(struct verdict_row *row)
{
	row->answer = answer_of(row);
	if (row->answer != VERDICT_ROW_INCONCLUSIVE)
		row->blocks_needed = 0;
	else if (row->n == 0)
		row->reason = "no block has a value";
	else if (!isfinite(row->lower) || !isfinite(row->upper))
		row->reason = "too few blocks for the level";
	else
		row->reason = "the interval reaches across the margin";
}

static void swap_negated(double *low, double *high)
{
	double old_low = *low;

	*low = -*high;
	*high = -old_low;
}

void verdict_row_orient(struct verdict_row *row)
{
	if (!row->metric->is_bigger_better)
		return;
	row->theta = -row->theta;
	swap_negated(&row->low, &row->high);
	swap_negated(&row->lower, &row->upper);
}
