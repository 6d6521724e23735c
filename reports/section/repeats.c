#include "reports/section/repeats.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/judge/metric.h"
#include "reports/lib/stats.h"
#include "reports/read/view.h"

/* Fixed, so that the same runs give the same report. */
enum { FLIPS_SEED = 1 };
static const double ALPHA_ONE_SIDED = 0.01, POWER = 0.90;

/* Fixed before any data: what users notice, and what it costs. */
static const char *const family_keys[] = { "throughput_per_s",  "response_p50_ns",
					   "response_p90_ns",   "response_p99_ns",
					   "response_p99_9_ns", "cpu_ns_per_request",
					   "rss_peak_bytes" };

static bool is_of_family(const struct metric *m)
{
	for (size_t i = 0; i < sizeof(family_keys) / sizeof(family_keys[0]); i++)
		if (strcmp(family_keys[i], m->key) == 0)
			return true;
	return false;
}

static double to_pct(double ln)
{
	return 100 * expm1(ln);
}

/* Fills d_ln; 0 when some run lacks the metric. */
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

/* Below the fewest pairs that can reach the level no effect, however large, would have shown. */
static int fill_detectable(struct repeats_row *row, size_t n)
{
	double sd;
	int rc;

	row->detectable_pct = NAN;
	if (n < stats_reachable_n(ALPHA_ONE_SIDED))
		return 0;
	rc = stats_spread(row->d_ln, n, ALPHA_ONE_SIDED, &sd);
	if (rc == 0)
		row->detectable_pct = to_pct(stats_mde(sd, n, ALPHA_ONE_SIDED, POWER));
	return rc;
}

/* Appends the rows of one kind, family or not, to out. */
static void read_rows(const struct view *views, bool is_judged, struct repeats *out)
{
	for (const struct metric *m = metrics; m->key; m++) {
		struct repeats_row *row = &out->rows[out->rows_count];

		if (m->better == 0 || m->group == GROUP_BENCH || is_of_family(m) != is_judged ||
		    out->rows_count == REPEATS_METRICS_MAX)
			continue;
		if (read_row(views, out->pairs_count, m, row)) {
			row->is_judged = is_judged;
			row->p_adjusted = NAN;
			out->rows_count++;
		} else if (is_judged) {
			size_t len = strlen(out->lacking);

			snprintf(out->lacking + len, sizeof(out->lacking) - len, "%s%s",
				 len ? ", " : "", m->title);
		}
	}
}

/* Judges each row separately. */
static int judge_rows(struct repeats *r)
{
	int rc = 0;

	for (size_t q = 0; q < r->rows_count && rc == 0; q++) {
		struct repeats_row *row = &r->rows[q];
		struct stats_signed_rank one;

		rc = stats_signed_rank(row->d_ln, r->pairs_count, STATS_ALPHA, &one);
		if (rc < 0)
			return rc;
		row->effect_pct = to_pct(one.theta);
		row->low_pct = to_pct(one.low);
		row->high_pct = to_pct(one.high);
		row->p_raw = one.p_two;
		rc = fill_detectable(row, r->pairs_count);
	}
	return rc;
}

/* Judges the family (the first judged_count rows) together. */
static int judge_family(struct repeats *r)
{
	struct stats_family_row family[REPEATS_METRICS_MAX];
	size_t n = r->pairs_count, m = r->judged_count;
	double *d = malloc(n * m * sizeof(*d));
	int rc = -ENOMEM;

	if (d) {
		for (size_t i = 0; i < n; i++)
			for (size_t q = 0; q < m; q++)
				d[i * m + q] = r->rows[q].d_ln[i];
		rc = stats_family(d, n, m, STATS_ALPHA, FLIPS_SEED, family);
	}
	free(d);
	for (size_t q = 0; q < m && rc == 0; q++) {
		r->rows[q].low_pct = to_pct(family[q].low);
		r->rows[q].high_pct = to_pct(family[q].high);
		r->rows[q].p_adjusted = family[q].p_adjusted;
	}
	return rc;
}

/* If the metrics are independent, m * 2 of 2^n flips reach the extreme. */
size_t repeats_reachable(size_t judged_count)
{
	return stats_reachable_n(STATS_ALPHA / (2 * (double)judged_count));
}

int repeats_judge(const struct view *views, size_t pairs_count, struct repeats *out)
{
	int rc;

	if (pairs_count < 2 || pairs_count > REPEATS_MAX)
		return -EINVAL;
	*out = (struct repeats){ .pairs_count = pairs_count };
	read_rows(views, true, out);
	out->judged_count = out->rows_count;
	read_rows(views, false, out);
	rc = judge_rows(out);
	if (rc == 0 && out->judged_count)
		rc = judge_family(out);
	return rc;
}
