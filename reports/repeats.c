/* repeats.c - see repeats.h. */
#include "reports/repeats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reports/lib/stats.h"
#include "reports/metric.h"
#include "reports/view.h"

/* Fixed, so that the same runs give the same report. */
enum { FLIPS_SEED = 1 };
static const double ALPHA = 0.05;
static const double ALPHA_ONE_SIDED = 0.01, POWER = 0.90;

static double to_pct(double ln)
{
	return 100 * expm1(ln);
}

/* Fills d_ln; 0 when some run does not have the metric. */
static int read_row(const struct view *views, size_t pairs_count, const struct metric *m,
		    struct repeats_row *row)
{
	for (size_t i = 0; i < pairs_count; i++) {
		double a = metric_read(m, &views[2 * i]), b = metric_read(m, &views[2 * i + 1]);

		if (!(a > 0) || !(b > 0))
			return 0;
		row->d_ln[i] = log(b / a);
	}
	row->metric = m;
	return 1;
}

static void judge_alone(struct repeats_row *row, size_t n)
{
	double copy[REPEATS_MAX];

	memcpy(copy, row->d_ln, n * sizeof(*copy));
	row->detectable_pct =
		to_pct(stats_mde(stats_robust_sd(copy, n), n, ALPHA_ONE_SIDED, POWER));
}

int repeats_judge(const struct view *views, size_t pairs_count, struct repeats *out)
{
	struct stats_family_row family[REPEATS_METRICS_MAX];
	size_t n = pairs_count;
	double *d;
	int rc;

	if (n < 2 || n > REPEATS_MAX)
		return -EINVAL;
	*out = (struct repeats){ .pairs_count = n };
	for (const struct metric *m = metrics; m->key && out->rows_count < REPEATS_METRICS_MAX; m++)
		if (m->better != 0 && m->group != GROUP_BENCH)
			out->rows_count +=
				(size_t)read_row(views, n, m, &out->rows[out->rows_count]);
	if (out->rows_count == 0)
		return 0;
	d = malloc(n * out->rows_count * sizeof(*d));
	if (!d)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		for (size_t q = 0; q < out->rows_count; q++)
			d[i * out->rows_count + q] = out->rows[q].d_ln[i];
	rc = stats_family(d, n, out->rows_count, ALPHA, FLIPS_SEED, family);
	free(d);
	for (size_t q = 0; q < out->rows_count && rc == 0; q++) {
		out->rows[q].effect_pct = to_pct(family[q].theta);
		out->rows[q].low_pct = to_pct(family[q].low);
		out->rows[q].high_pct = to_pct(family[q].high);
		out->rows[q].p_raw = family[q].p_raw;
		out->rows[q].p_adjusted = family[q].p_adjusted;
		judge_alone(&out->rows[q], n);
	}
	return rc;
}
