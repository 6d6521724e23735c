/* verdict_blocking.c - the metrics that may block, judged together by joint sign flips. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "reports/lib/stats.h"
#include "reports/lib/verdict_private.h"

enum { NEEDED_MAX = 100000 };

struct blocking {
	const struct verdict_terms *terms;
	const struct verdict_input *input;
	size_t index[VERDICT_BLOCKING_MAX]; /* in input->metrics */
	size_t count;
	double *d;      /* [blocks_count][count], worse is up */
	double *column; /* [blocks_count] */
};

/* Worse is up; `margins` times each metric's margin are taken off. */
static void fill_matrix(struct blocking *b, const struct verdict_row *rows, double margins)
{
	const struct verdict_input *in = b->input;

	for (size_t i = 0; i < in->blocks_count; i++)
		for (size_t q = 0; q < b->count; q++) {
			size_t metric = b->index[q];
			double value = in->d[i * in->metrics_count + metric];

			b->d[i * b->count + q] =
				(in->metrics[metric].is_bigger_better ? -value : value) -
				margins * rows[metric].margin_ln;
		}
}

/* What the row could have seen, and the blocks that would tell it from its margin. */
static int fill_power(const struct blocking *b, double own_level, struct verdict_row *row)
{
	double level = own_level > 0 ? own_level : b->terms->level / (double)b->count;
	double gap = fabs(row->theta - row->margin_ln), power = b->terms->power, spread;
	size_t needed;
	int rc;

	if (row->n < 3)
		return 0;
	rc = stats_spread(b->column, row->n, level, &spread);
	if (rc < 0)
		return rc;
	if (own_level > 0)
		row->detectable_ln =
			fmax(stats_mde(spread, row->n, level, power), row->metric->resolution_ln);
	row->blockable_ln = row->margin_ln + row->detectable_ln;
	if (!(gap > 0) || stats_mde(spread, NEEDED_MAX, level, power) > gap)
		return 0;
	needed = stats_pairs_needed(spread, gap, level, power);
	row->blocks_needed = needed > row->n ? needed : row->n + 1;
	return 0;
}

static int judge_row(struct blocking *b, size_t q, const struct stats_family_row *family,
		     struct verdict_row *row)
{
	struct stats_signed_rank alone;
	int rc = 0;

	row->n = verdict_gather(b->input, b->index[q], b->column);
	row->missing_count = b->input->blocks_count - row->n;
	if (row->n > 0) {
		rc = stats_signed_rank(b->column, row->n, b->terms->band_alpha, &alone);
		row->is_asymmetric = rc == 0 && alone.is_asymmetric;
		row->theta = family->theta;
		row->low = family->low;
		row->high = family->high;
		row->lower = family->lower;
		row->upper = family->upper;
		row->p_worse = family->p_greater;
		row->p_adjusted = family->p_adjusted;
	}
	return rc < 0 ? rc : fill_power(b, family->own_level, row);
}

/*
 * The band is exact for one metric and close for several: it is centred on estimates. The tests at
 * the margin are exact whatever the noise, so an answer needs both; a bound that its test does not
 * agree with is drawn back to the margin.
 */
static void agree(struct blocking *b, const struct stats_family_row *up,
		  const struct stats_family_row *down, struct verdict_row *rows)
{
	double level = b->terms->level;

	for (size_t q = 0; q < b->count; q++) {
		struct verdict_row *row = &rows[b->index[q]];
		double margin = row->margin_ln;

		if (row->lower > margin && !(up[q].p_greater <= level))
			row->lower = margin;
		if (row->upper < margin && !(up[q].p_less <= level))
			row->upper = margin;
		if (row->lower > -margin && !(down[q].p_greater <= level))
			row->lower = -margin;
		if (row->upper < -margin && !(down[q].p_less <= level))
			row->upper = -margin;
		verdict_row_answer(row);
		verdict_row_orient(row);
	}
}

static int judge(struct blocking *b, struct verdict_row *rows)
{
	struct stats_family_row family[VERDICT_BLOCKING_MAX], up[VERDICT_BLOCKING_MAX],
		down[VERDICT_BLOCKING_MAX];
	struct stats_family_cfg cfg = { .alpha = b->terms->band_alpha,
					.level = b->terms->level,
					.seed = b->terms->seed,
					.flips_count = b->terms->flips_count };
	size_t n = b->input->blocks_count;
	int rc;

	fill_matrix(b, rows, 0);
	rc = stats_family_judge(&cfg, b->d, n, b->count, family);
	for (size_t q = 0; q < b->count && rc == 0; q++)
		rc = judge_row(b, q, &family[q], &rows[b->index[q]]);
	cfg.has_no_bands = true;
	fill_matrix(b, rows, 1);
	if (rc == 0)
		rc = stats_family_judge(&cfg, b->d, n, b->count, up);
	fill_matrix(b, rows, -1);
	if (rc == 0)
		rc = stats_family_judge(&cfg, b->d, n, b->count, down);
	if (rc == 0)
		agree(b, up, down, rows);
	return rc;
}

/* One block, or none: nothing can be tested. */
static void give_up(struct blocking *b, struct verdict_row *rows)
{
	for (size_t q = 0; q < b->count; q++) {
		struct verdict_row *row = &rows[b->index[q]];
		double column[1];

		row->n = b->input->blocks_count ? verdict_gather(b->input, b->index[q], column) : 0;
		row->missing_count = b->input->blocks_count - row->n;
		row->theta = row->n ? column[0] : NAN;
		verdict_row_answer(row);
		verdict_row_orient(row);
	}
}

int verdict_blocking_judge(const struct verdict_terms *terms, const struct verdict_input *input,
			   struct verdict_row *rows)
{
	struct blocking b = { .terms = terms, .input = input };
	int rc = -ENOMEM;

	for (size_t i = 0; i < input->metrics_count; i++) {
		if (input->metrics[i].family != VERDICT_BLOCKING)
			continue;
		if (b.count == VERDICT_BLOCKING_MAX)
			return -EINVAL;
		b.index[b.count++] = i;
	}
	if (b.count == 0)
		return 0;
	if (input->blocks_count < 2) {
		give_up(&b, rows);
		return 0;
	}
	b.d = malloc(input->blocks_count * b.count * sizeof(*b.d));
	b.column = malloc(input->blocks_count * sizeof(*b.column));
	if (b.d && b.column)
		rc = judge(&b, rows);
	free(b.d);
	free(b.column);
	return rc;
}
