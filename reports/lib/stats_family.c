/*
 * stats_family.c - judges the metrics of one family together, by sign flips shared by all metrics.
 *
 * Two uses of the same flips: step-down max-T p-values under H0 (each metric's signed ranks of
 * d), and a simultaneous band (signed ranks of d - theta, where the critical value of the largest
 * |W| is converted to order statistics of the Walsh averages). A p-value includes the observed
 * arrangement: (1 + exceeding) / (1 + flips), or is exact when all flips are enumerated.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/rng.h"
#include "reports/lib/stats.h"

enum { FAMILY_M_MAX = 4096 };

struct family {
	size_t n, m;
	const double *d;  /* [n][m] */
	double *ranks;    /* [m][n] signed ranks of d, divided by their norm */
	double *centred;  /* [m][n] the same of d - theta */
	double *norms;    /* [m] of centred, before dividing */
	double *largest;  /* [flips] max |W| of centred */
	double *observed; /* [m] |W| of ranks, no flip */
	size_t *order;    /* [m] metrics in descending order of observed */
	size_t *exceed;   /* [m] by rank in order */
	double *walsh;    /* [n (n + 1) / 2] scratch */
	size_t flips;
	int8_t *signs; /* [n] */
};

struct ranked {
	double size;
	size_t index;
};

static int by_size(const void *a, const void *b)
{
	double x = ((const struct ranked *)a)->size, y = ((const struct ranked *)b)->size;

	return (x > y) - (x < y);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Signed mid-ranks of |d[.][metric] - centre| over their Euclidean norm, which is returned. */
static double signed_ranks(const struct family *f, size_t metric, double centre,
			   struct ranked *scratch, double *out)
{
	double norm = 0;

	for (size_t i = 0; i < f->n; i++)
		scratch[i] = (struct ranked){ fabs(f->d[i * f->m + metric] - centre), i };
	qsort(scratch, f->n, sizeof(*scratch), by_size);
	for (size_t i = 0, end; i < f->n; i = end) {
		for (end = i + 1; end < f->n && scratch[end].size <= scratch[i].size; end++)
			;
		for (size_t k = i; k < end; k++) {
			double value = f->d[scratch[k].index * f->m + metric] - centre;
			double rank = (double)(i + end + 1) / 2;

			rank = value > 0 ? rank : value < 0 ? -rank : 0;
			out[scratch[k].index] = rank;
			norm += rank * rank;
		}
	}
	norm = sqrt(norm);
	for (size_t i = 0; i < f->n && norm > 0; i++)
		out[i] /= norm;
	return norm;
}

static double flipped_sum(const struct family *f, const double *ranks)
{
	double sum = 0;

	for (size_t i = 0; i < f->n; i++)
		sum += f->signs[i] * ranks[i];
	return fabs(sum);
}

/* One flip: counts for the step-down p-values, and the largest |W| for the band. */
static void count_flip(struct family *f, size_t flip)
{
	const double slack = 1e-9; /* sums of the same ranks in another order are equal */
	double running = 0, largest = 0;

	for (size_t r = f->m; r-- > 0;) { /* least significant first: successive maxima */
		size_t metric = f->order[r];

		running = fmax(running, flipped_sum(f, f->ranks + metric * f->n));
		f->exceed[r] += running >= f->observed[metric] - slack;
		largest = fmax(largest, flipped_sum(f, f->centred + metric * f->n));
	}
	f->largest[flip] = largest;
}

static void run_flips(struct family *f, uint64_t seed)
{
	struct rng rng;

	rng_init(&rng, seed, 0);
	for (size_t flip = 0; flip < f->flips; flip++) {
		for (size_t i = 0; i < f->n; i++) {
			bool is_minus = f->n <= STATS_FLIPS_ENUMERATE_N_MAX ? (flip >> i) & 1
									    : rng_next(&rng) >> 63;

			f->signs[i] = is_minus ? -1 : 1;
		}
		count_flip(f, flip);
	}
}

static void sort_order(struct family *f)
{
	for (size_t r = 0; r < f->m; r++)
		f->order[r] = r;
	for (size_t r = 1; r < f->m; r++) /* few metrics: insertion */
		for (size_t k = r; k > 0 && f->observed[f->order[k]] > f->observed[f->order[k - 1]];
		     k--) {
			size_t swap = f->order[k];

			f->order[k] = f->order[k - 1];
			f->order[k - 1] = swap;
		}
}

static void fill_p_values(struct family *f, struct stats_family_row *rows)
{
	bool is_exact = f->n <= STATS_FLIPS_ENUMERATE_N_MAX;
	double floor_p = 0;

	for (size_t r = 0; r < f->m; r++) {
		double p = is_exact ? (double)f->exceed[r] / (double)f->flips
				    : (1.0 + (double)f->exceed[r]) / (1.0 + (double)f->flips);

		floor_p = fmax(floor_p, p); /* step-down p-values never decrease */
		rows[f->order[r]].p_adjusted = floor_p;
	}
}

/* Band of one metric: the k-th Walsh average from either end, k from the joint critical value. */
static void fill_band(struct family *f, size_t metric, double critical,
		      struct stats_family_row *row)
{
	size_t m = f->n * (f->n + 1) / 2, at = 0;
	double k = floor(((double)m - critical * f->norms[metric]) / 2);

	for (size_t i = 0; i < f->n; i++)
		for (size_t j = i; j < f->n; j++)
			f->walsh[at++] = (f->d[i * f->m + metric] + f->d[j * f->m + metric]) / 2;
	qsort(f->walsh, m, sizeof(*f->walsh), by_value);
	/* Never narrower than the metric's own interval, even when ties change the ranks. */
	row->low = k >= 1 ? fmin(row->low, f->walsh[(size_t)k - 1]) : -INFINITY;
	row->high = k >= 1 ? fmax(row->high, f->walsh[m - (size_t)k]) : INFINITY;
}

static int family_alloc(struct family *f)
{
	size_t n = f->n, m = f->m;

	f->ranks = calloc(n * m, sizeof(double));
	f->centred = calloc(n * m, sizeof(double));
	f->norms = calloc(m, sizeof(double));
	f->largest = calloc(f->flips, sizeof(double));
	f->observed = calloc(m, sizeof(double));
	f->order = calloc(m, sizeof(size_t));
	f->exceed = calloc(m, sizeof(size_t));
	f->walsh = calloc(n * (n + 1) / 2, sizeof(double));
	f->signs = malloc(n);
	return f->ranks && f->centred && f->norms && f->largest && f->observed && f->order &&
			       f->exceed && f->walsh && f->signs
		       ? 0
		       : -ENOMEM;
}

static void family_free(struct family *f)
{
	free(f->ranks);
	free(f->centred);
	free(f->norms);
	free(f->largest);
	free(f->observed);
	free(f->order);
	free(f->exceed);
	free(f->walsh);
	free(f->signs);
}

/* Computes single-metric results and the signed ranks of every metric. */
static int family_prepare(struct family *f, double alpha, struct stats_family_row *rows)
{
	struct ranked *scratch = malloc(f->n * sizeof(*scratch));
	double *column = malloc(f->n * sizeof(*column));
	int rc = scratch && column ? 0 : -ENOMEM;

	for (size_t q = 0; q < f->m && rc == 0; q++) {
		struct stats_signed_rank one;

		for (size_t i = 0; i < f->n; i++)
			column[i] = f->d[i * f->m + q];
		rc = stats_signed_rank(column, f->n, alpha, &one);
		if (rc < 0)
			break;
		rows[q] = (struct stats_family_row){
			.theta = one.theta, .low = one.low, .high = one.high, .p_raw = one.p_two
		};
		signed_ranks(f, q, 0, scratch, f->ranks + q * f->n);
		f->norms[q] = signed_ranks(f, q, one.theta, scratch, f->centred + q * f->n);
		for (size_t i = 0; i < f->n; i++)
			f->observed[q] += f->ranks[q * f->n + i];
		f->observed[q] = fabs(f->observed[q]);
	}
	free(scratch);
	free(column);
	return rc;
}

int stats_family(const double *d, size_t n, size_t m, double alpha, uint64_t seed,
		 struct stats_family_row *rows)
{
	struct family f = { .n = n, .m = m, .d = d };
	size_t at;
	int rc;

	if (n < 2 || n > STATS_N_MAX || m < 1 || m > FAMILY_M_MAX)
		return -EINVAL;
	f.flips = n <= STATS_FLIPS_ENUMERATE_N_MAX ? (size_t)1 << n : STATS_FLIPS_COUNT;
	rc = family_alloc(&f);
	if (rc == 0)
		rc = family_prepare(&f, alpha, rows);
	if (rc == 0) {
		sort_order(&f);
		run_flips(&f, seed);
		fill_p_values(&f, rows);
		qsort(f.largest, f.flips, sizeof(*f.largest), by_value);
		at = (size_t)ceil((1 - alpha) * (double)f.flips);
		at = at ? at - 1 : 0;
		for (size_t q = 0; q < m; q++)
			fill_band(&f, q, f.largest[at], &rows[q]);
	}
	family_free(&f);
	return rc;
}
