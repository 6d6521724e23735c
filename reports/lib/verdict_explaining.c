/*
 * verdict_explaining.c - rows that explain and never block.
 *
 * Quantiles of one histogram share a simultaneous band. A row without a curve (a function) has its
 * own interval. The p-values of all of them are corrected together by Benjamini-Hochberg; a row is
 * named when its q-value is small and its estimate is beyond the margin. The correction is over all
 * rows, not only over those beyond the margin: leaving rows out by their estimate, which the
 * p-value rests on too, would name more false ones than the rate allows.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "reports/lib/stats.h"
#include "reports/lib/stats_multiple.h"
#include "reports/lib/verdict_private.h"

struct explaining {
	const struct verdict_terms *terms;
	const struct verdict_input *input;
	struct verdict_row *rows;
	double *d;                       /* [blocks_count][members] */
	double *column;                  /* [blocks_count] */
	double *p;                       /* [metrics_count] raw, NaN where not explaining */
	size_t *members;                 /* [metrics_count] of the curve at hand */
	struct stats_family_row *family; /* [metrics_count] */
};

static bool is_explaining(const struct verdict_input *input, size_t metric)
{
	return input->metrics[metric].family == VERDICT_EXPLAINING;
}

static size_t find_members(const struct explaining *e, int curve)
{
	size_t count = 0;

	for (size_t i = 0; i < e->input->metrics_count; i++)
		if (is_explaining(e->input, i) && e->input->metrics[i].curve == curve)
			e->members[count++] = i;
	return count;
}

static int fill_detectable(struct explaining *e, size_t metric, double level)
{
	struct verdict_row *row = &e->rows[metric];
	double spread;
	int rc;

	if (row->n < 3 || !isfinite(row->lower))
		return 0;
	rc = stats_spread(e->column, row->n, level, &spread);
	if (rc == 0)
		row->detectable_ln = fmax(stats_mde(spread, row->n, level, e->terms->power),
					  row->metric->resolution_ln);
	return rc;
}

static int judge_curve(struct explaining *e, size_t count)
{
	const struct verdict_input *in = e->input;
	struct stats_family_cfg cfg = { .alpha = e->terms->band_alpha,
					.level = e->terms->band_alpha,
					.seed = e->terms->seed };
	int rc;

	for (size_t i = 0; i < in->blocks_count; i++)
		for (size_t q = 0; q < count; q++) {
			size_t metric = e->members[q];
			double value = in->d[i * in->metrics_count + metric];

			e->d[i * count + q] = in->metrics[metric].is_bigger_better ? -value : value;
		}
	rc = stats_family_judge(&cfg, e->d, in->blocks_count, count, e->family);
	for (size_t q = 0; q < count && rc == 0; q++) {
		size_t metric = e->members[q];
		struct verdict_row *row = &e->rows[metric];

		row->n = verdict_gather(in, metric, e->column);
		if (row->n == 0)
			continue;
		row->theta = e->family[q].theta;
		row->low = e->family[q].low;
		row->high = e->family[q].high;
		row->lower = e->family[q].lower;
		row->upper = e->family[q].upper;
		row->p_worse = e->family[q].p_greater;
		e->p[metric] = e->family[q].p_raw;
		rc = fill_detectable(e, metric, e->family[q].own_level);
	}
	return rc;
}

static int judge_alone(struct explaining *e, size_t metric)
{
	struct verdict_row *row = &e->rows[metric];
	struct stats_signed_rank one;
	int rc;

	row->n = verdict_gather(e->input, metric, e->column);
	if (row->n == 0)
		return 0;
	rc = stats_signed_rank(e->column, row->n, e->terms->band_alpha, &one);
	if (rc < 0)
		return rc;
	row->theta = one.theta;
	row->low = one.low;
	row->high = one.high;
	row->lower = one.lower;
	row->upper = one.upper;
	row->p_worse = one.p_greater;
	row->is_asymmetric = one.is_asymmetric;
	e->p[metric] = one.p_two;
	return fill_detectable(e, metric, e->terms->band_alpha);
}

/* Worse or better only by the corrected p-value; alike by the row's own bounds. */
static void answer(const struct explaining *e, struct verdict_row *row, double q_value)
{
	bool is_shown = q_value <= e->terms->band_alpha && fabs(row->theta) > row->margin_ln;

	row->p_adjusted = q_value;
	row->missing_count = e->input->blocks_count - row->n;
	verdict_row_answer(row);
	if (is_shown)
		row->answer = row->theta > 0 ? VERDICT_ROW_REGRESSED : VERDICT_ROW_IMPROVED;
	else if (row->answer == VERDICT_ROW_REGRESSED || row->answer == VERDICT_ROW_IMPROVED)
		row->answer = VERDICT_ROW_INCONCLUSIVE;
	row->blocks_needed = 0;
	verdict_row_orient(row);
}

static int judge(struct explaining *e)
{
	size_t m = e->input->metrics_count;
	int rc = 0;

	for (size_t i = 0; i < m; i++)
		e->p[i] = NAN;
	for (size_t i = 0; i < m && rc == 0; i++) {
		int curve = e->input->metrics[i].curve;
		size_t count;

		if (!is_explaining(e->input, i))
			continue;
		if (curve <= 0) {
			rc = judge_alone(e, i);
			continue;
		}
		count = find_members(e, curve);
		if (e->members[0] == i) /* once for each curve */
			rc = judge_curve(e, count);
	}
	if (rc == 0)
		rc = stats_benjamini_hochberg(e->p, m, e->p);
	for (size_t i = 0; i < m && rc == 0; i++)
		if (is_explaining(e->input, i))
			answer(e, &e->rows[i], e->p[i]);
	return rc;
}

static void answer_nothing(struct explaining *e)
{
	for (size_t i = 0; i < e->input->metrics_count; i++)
		if (is_explaining(e->input, i))
			answer(e, &e->rows[i], NAN);
}

int verdict_explaining_judge(const struct verdict_terms *terms, const struct verdict_input *input,
			     struct verdict_row *rows)
{
	struct explaining e = { .terms = terms, .input = input, .rows = rows };
	size_t n = input->blocks_count, m = input->metrics_count;
	int rc = -ENOMEM;

	if (n < 2 || m == 0) {
		answer_nothing(&e);
		return 0;
	}
	e.d = malloc(n * m * sizeof(*e.d));
	e.column = malloc(n * sizeof(*e.column));
	e.p = malloc(m * sizeof(*e.p));
	e.members = malloc(m * sizeof(*e.members));
	e.family = malloc(m * sizeof(*e.family));
	if (e.d && e.column && e.p && e.members && e.family)
		rc = judge(&e);
	free(e.d);
	free(e.column);
	free(e.p);
	free(e.members);
	free(e.family);
	return rc;
}
