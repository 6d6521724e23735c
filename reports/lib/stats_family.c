/*
 * stats_family.c - metrics of one family judged together; see stats.h and stats_flips.h.
 *
 * The band of a metric is a pair of its Walsh averages: with c the joint critical value of the
 * largest standardized |W| and s the metric's norm, W = M - 2 k at the k-th average from an end, so
 * k = (M - c s) / 2. Metrics with fewer blocks have smaller M and s, and so get their own k.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "reports/lib/stats.h"
#include "reports/lib/stats_flips.h"
#include "reports/lib/stats_private.h"

enum { FAMILY_M_MAX = 4096 };

struct family {
	const struct stats_family_cfg *cfg;
	const double *d; /* [n][m] */
	struct flips flips;
	double *column; /* [n] scratch */
	double *walsh;  /* [n (n + 1) / 2] scratch */
	double *p;      /* [m] scratch */
};

/* The values that the metric has, into column; how many. */
static size_t gather(struct family *f, size_t metric)
{
	size_t count = 0;

	for (size_t i = 0; i < f->flips.n; i++) {
		double value = f->d[i * f->flips.m + metric];

		if (isfinite(value))
			f->column[count++] = value;
	}
	return count;
}

/* The metric alone, and its ranks around its estimate. */
static int prepare_band(struct family *f, size_t metric, struct stats_family_row *row)
{
	struct flips *flips = &f->flips;
	struct stats_signed_rank one;
	int rc = stats_signed_rank(f->column, row->n, f->cfg->alpha, &one);

	if (rc < 0)
		return rc;
	row->theta = one.theta;
	row->p_raw = one.p_two;
	flips->around_norm[metric] =
		flips_rank_around(flips, f->d, metric, one.theta, flips->around);
	return 0;
}

static int prepare(struct family *f, struct stats_family_row *rows)
{
	struct flips *flips = &f->flips;
	int rc = 0;

	for (size_t q = 0; q < flips->m && rc == 0; q++) {
		double norm;

		rows[q] = (struct stats_family_row){ .n = gather(f, q), .theta = NAN };
		rows[q].low = rows[q].lower = -INFINITY;
		rows[q].high = rows[q].upper = INFINITY;
		rows[q].p_raw = NAN;
		if (rows[q].n == 0)
			continue;
		norm = flips_rank(flips, f->d, q, 0, flips->ranks);
		flips->scale[q] = norm > 0 ? 1 / norm : 0;
		if (!f->cfg->has_no_bands)
			rc = prepare_band(f, q, &rows[q]);
	}
	return rc;
}

/* k of the joint critical value, never narrower than the metric's own interval at own_tail. */
static size_t band_k(const struct family *f, size_t metric, size_t n, double critical,
		     double own_tail)
{
	size_t own = stats_signed_rank_k(n, own_tail);
	double k = ((double)stats_walsh_count(n) - critical * f->flips.around_norm[metric]) / 2;

	if (!isfinite(critical) || !(k >= 1 - 1e-7))
		return 0;
	k = floor(k + 1e-7); /* whole when all blocks are there and no two are equal */
	return k < (double)own ? (size_t)k : own;
}

static void fill_bands(struct family *f, struct stats_family_row *rows)
{
	double alpha = f->cfg->alpha, level = f->cfg->level;
	double two = flips_critical(&f->flips, FLIPS_TWO, alpha);
	double less = flips_critical(&f->flips, FLIPS_LESS, level);
	double greater = flips_critical(&f->flips, FLIPS_GREATER, level);

	for (size_t q = 0; q < f->flips.m; q++) {
		size_t n = gather(f, q), k = band_k(f, q, n, two, alpha / 2);

		stats_walsh(f->column, n, f->walsh);
		rows[q].low = stats_walsh_low(f->walsh, n, k);
		rows[q].high = stats_walsh_high(f->walsh, n, k);
		k = band_k(f, q, n, less, level);
		rows[q].upper = stats_walsh_high(f->walsh, n, k);
		k = band_k(f, q, n, greater, level);
		rows[q].lower = stats_walsh_low(f->walsh, n, k);
		rows[q].own_level = k ? stats_signed_rank_cdf(n, (double)k - 1) : 0;
	}
}

static void fill_p_values(struct family *f, struct stats_family_row *rows)
{
	for (enum flips_tail t = 0; t < FLIPS_TAILS; t++) {
		flips_p_values(&f->flips, t, f->p);
		for (size_t q = 0; q < f->flips.m; q++) {
			double p = rows[q].n ? f->p[q] : NAN;

			if (t == FLIPS_TWO)
				rows[q].p_adjusted = p;
			else if (t == FLIPS_GREATER)
				rows[q].p_greater = p;
			else
				rows[q].p_less = p;
		}
	}
}

static bool is_level(double x)
{
	return x > 0 && x < 1;
}

int stats_family_judge(const struct stats_family_cfg *cfg, const double *d, size_t n, size_t m,
		       struct stats_family_row *rows)
{
	struct family f = { .cfg = cfg, .d = d };
	size_t count = cfg->flips_count ? cfg->flips_count : STATS_FLIPS_COUNT;
	int rc;

	if (n < 2 || n > STATS_N_MAX || m < 1 || m > FAMILY_M_MAX ||
	    count > STATS_FLIPS_COUNT_MAX || !is_level(cfg->alpha) || !is_level(cfg->level))
		return -EINVAL;
	rc = flips_init(&f.flips, n, m, count);
	f.column = malloc(n * sizeof(*f.column));
	f.walsh = malloc(stats_walsh_count(n) * sizeof(*f.walsh));
	f.p = malloc(m * sizeof(*f.p));
	if (!f.column || !f.walsh || !f.p)
		rc = -ENOMEM;
	if (rc == 0)
		rc = prepare(&f, rows);
	if (rc == 0) {
		flips_run(&f.flips, !cfg->has_no_bands, cfg->seed);
		fill_p_values(&f, rows);
		if (!cfg->has_no_bands)
			fill_bands(&f, rows);
	}
	free(f.column);
	free(f.walsh);
	free(f.p);
	flips_deinit(&f.flips);
	return rc;
}

int stats_family(const double *d, size_t n, size_t m, double alpha, uint64_t seed,
		 struct stats_family_row *rows)
{
	struct stats_family_cfg cfg = { .alpha = alpha, .level = alpha, .seed = seed };

	return stats_family_judge(&cfg, d, n, m, rows);
}

/* Of as many extreme metrics, each has one flip in 2^n that is as extreme. */
bool stats_family_can_reach(const struct stats_family_cfg *cfg, size_t n, size_t m)
{
	size_t count = cfg->flips_count ? cfg->flips_count : STATS_FLIPS_COUNT;
	bool has_flips = n <= STATS_FLIPS_ENUMERATE_N_MAX ||
			 1 / (1 + (double)count) <= cfg->level * (1 + 1e-12);

	return has_flips && (double)m * exp2(-(double)n) <= cfg->level * (1 + 1e-12);
}

size_t stats_family_reachable_n(const struct stats_family_cfg *cfg, size_t m)
{
	size_t n = 1;

	while (n < STATS_N_MAX && !stats_family_can_reach(cfg, n, m))
		n++;
	return stats_family_can_reach(cfg, n, m) ? n : 0;
}
