/* pair_effect.c - paired statistics of a sitting, by reports/lib/stats. */
#include "loadgen/pair/pair_effect.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "reports/lib/stats.h"

#define POWER 0.80

/* No bound stays none. */
static double percent(double log_ratio)
{
	return isinf(log_ratio) ? log_ratio : 100 * expm1(log_ratio);
}

/* False when a block has no value, or one without a logarithm. */
static bool fill_differences(const struct pair_values *v, struct pair_effect *e)
{
	size_t metric = (size_t)(e->metric - pair_metrics);

	for (size_t i = 0; i < v->blocks_count; i++) {
		e->differences[i] =
			log(v->of(v->arg, i, e->arm, metric)) - log(v->of(v->arg, i, 0, metric));
		if (!isfinite(e->differences[i]))
			return false;
	}
	return true;
}

/* scratch[blocks_count] is overwritten. */
static double median_of(const struct pair_values *v, uint32_t arm, size_t metric, double *scratch)
{
	for (size_t i = 0; i < v->blocks_count; i++)
		scratch[i] = v->of(v->arg, i, arm, metric);
	return stats_median(scratch, v->blocks_count);
}

static int fill_medians(const struct pair_values *v, struct pair_effect *e)
{
	size_t metric = (size_t)(e->metric - pair_metrics);
	size_t n = v->blocks_count;
	double *scratch = calloc(n, sizeof(*scratch));

	if (!scratch)
		return -ENOMEM;
	e->base_median = median_of(v, 0, metric, scratch);
	e->arm_median = median_of(v, e->arm, metric, scratch);
	memcpy(scratch, e->differences, n * sizeof(*scratch));
	e->spread_pct = percent(stats_robust_sd(scratch, n));
	free(scratch);
	return 0;
}

/*
 * The change that, with the probability POWER, lies outside the interval shown (half of its width).
 * The standard error comes from the signed-rank interval itself: a spread from the median absolute
 * deviation is too small for heavy-tailed pairs (comparing-runs.md, 5.6).
 */
static double detectable_pct(double half_shown, double half_alone, size_t n)
{
	double df = (double)n * 3 / M_PI - 1;
	double se;

	if (n < 3 || !isfinite(half_shown) || !isfinite(half_alone))
		return NAN;
	se = half_alone / stats_t_quantile(1 - STATS_ALPHA / 2, df);
	return percent(half_shown + stats_t_quantile(POWER, df) * se);
}

static int fill_alone(struct pair_effect *e, struct err *err)
{
	struct stats_signed_rank r;

	if (stats_signed_rank(e->differences, e->pairs_count, STATS_ALPHA, &r) < 0)
		return err_set(err, -ENOMEM, "out of memory for effects");
	e->change_pct = percent(r.theta);
	e->low_pct = percent(r.low);
	e->high_pct = percent(r.high);
	e->p_adjusted = NAN;
	e->half_alone = (r.high - r.low) / 2;
	e->detectable_pct = detectable_pct(e->half_alone, e->half_alone, e->pairs_count);
	return 0;
}

/* The judged metrics of all arms are one family. */
static int fill_family(struct pair_effects *all, size_t n, uint64_t seed, struct err *err)
{
	struct pair_effect **members = calloc(all->count + 1, sizeof(struct pair_effect *));
	struct stats_family_row *rows = calloc(all->count + 1, sizeof(*rows));
	double *d = calloc(n * (all->count + 1), sizeof(*d));
	size_t m = 0;
	int rc = members && rows && d ? 0 : -ENOMEM;

	for (size_t i = 0; !rc && i < all->count; i++)
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): rows below count have one */
		if (all->rows[i].metric->is_judged)
			members[m++] = &all->rows[i];
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < m; k++)
			d[i * m + k] = members[k]->differences[i];
	if (!rc && m)
		rc = stats_family(d, n, m, STATS_ALPHA, seed, rows);
	for (size_t k = 0; !rc && k < m; k++) {
		members[k]->change_pct = percent(rows[k].theta);
		members[k]->low_pct = percent(rows[k].low);
		members[k]->high_pct = percent(rows[k].high);
		members[k]->p_adjusted = rows[k].p_adjusted;
		members[k]->detectable_pct =
			detectable_pct((rows[k].high - rows[k].low) / 2, members[k]->half_alone, n);
	}
	free(members);
	free(rows);
	free(d);
	return rc ? err_set(err, rc, "effects of %zu blocks", n) : 0;
}

static int add_row(const struct pair_values *v, uint32_t arm, size_t metric,
		   struct pair_effects *out, struct err *err)
{
	struct pair_effect *e = &out->rows[out->count];
	size_t n = v->blocks_count;

	*e = (struct pair_effect){ .arm = arm, .metric = &pair_metrics[metric], .pairs_count = n };
	e->differences = calloc(n, sizeof(*e->differences));
	if (!e->differences)
		return err_set(err, -ENOMEM, "out of memory for effects");
	if (!fill_differences(v, e)) {
		free(e->differences);
		return 0;
	}
	out->count++;
	if (fill_medians(v, e) < 0)
		return err_set(err, -ENOMEM, "out of memory for effects");
	return fill_alone(e, err);
}

int pair_effects_compute(const struct pair_values *v, uint64_t seed, struct pair_effects *out,
			 struct err *err)
{
	int rc = 0;

	memset(out, 0, sizeof(*out));
	if (v->blocks_count < 2)
		return 0;
	out->rows = calloc((size_t)v->arms_count * pair_metrics_count(), sizeof(*out->rows));
	if (!out->rows)
		return err_set(err, -ENOMEM, "out of memory for effects");
	for (uint32_t arm = 1; arm < v->arms_count; arm++)
		for (size_t i = 0; i < pair_metrics_count() && !rc; i++)
			rc = add_row(v, arm, i, out, err);
	return rc ? rc : fill_family(out, v->blocks_count, seed, err);
}

void pair_effects_deinit(struct pair_effects *e)
{
	for (size_t i = 0; i < e->count; i++)
		free(e->rows[i].differences);
	free(e->rows);
	memset(e, 0, sizeof(*e));
}
