/*
 * stats_flips.c - see stats_flips.h.
 *
 * Ranks are whole or half numbers, so that their sums are exact in any order; only the division by
 * the norm rounds. A p-value counts the observed arrangement too: (1 + exceeding) / (1 + flips), or
 * exceeding / flips when all of them are enumerated.
 */
#include "reports/lib/stats_flips.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "daemon/base/rng.h"
#include "reports/lib/stats.h"

static const double SLACK = 1e-9; /* the same ranks over the same norm, rounded differently */

/* Equal sizes in the order of the blocks, so that the result is always the same. */
static int by_size(const void *a, const void *b)
{
	const struct flips_ranked *x = a, *y = b;

	if (x->size < y->size || x->size > y->size)
		return x->size < y->size ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

int flips_init(struct flips *f, size_t n, size_t m, size_t count)
{
	bool is_exact = n <= STATS_FLIPS_ENUMERATE_N_MAX, is_ok;

	*f = (struct flips){ .n = n, .m = m, .is_exact = is_exact };
	f->count = is_exact ? (size_t)1 << n : count;
	f->ranks = calloc(n * m, sizeof(double));
	f->around = calloc(n * m, sizeof(double));
	f->scale = calloc(m, sizeof(double));
	f->around_norm = calloc(m, sizeof(double));
	f->sums = calloc(m, sizeof(double));
	f->signs = calloc(n, sizeof(double));
	f->sorted = calloc(n, sizeof(*f->sorted));
	is_ok = f->ranks && f->around && f->scale && f->around_norm && f->sums && f->signs &&
		f->sorted;
	for (size_t t = 0; t < FLIPS_TAILS; t++) {
		f->tail[t].observed = calloc(m, sizeof(double));
		f->tail[t].order = calloc(m, sizeof(size_t));
		f->tail[t].exceed = calloc(m, sizeof(size_t));
		f->tail[t].largest = calloc(f->count, sizeof(double));
		is_ok = is_ok && f->tail[t].observed && f->tail[t].order && f->tail[t].exceed &&
			f->tail[t].largest;
	}
	return is_ok ? 0 : -ENOMEM;
}

void flips_deinit(struct flips *f)
{
	free(f->ranks);
	free(f->around);
	free(f->scale);
	free(f->around_norm);
	free(f->sums);
	free(f->signs);
	free(f->sorted);
	for (size_t t = 0; t < FLIPS_TAILS; t++) {
		free(f->tail[t].observed);
		free(f->tail[t].order);
		free(f->tail[t].exceed);
		free(f->tail[t].largest);
	}
}

/* The metric's differences from the centre, in scratch, and their sizes in rising order. */
static size_t sort_sizes(const struct flips *f, const double *d, size_t metric, double centre,
			 struct flips_ranked *sorted)
{
	double *values = f->signs; /* scratch until flips_run */
	size_t count = 0;

	for (size_t i = 0; i < f->n; i++) {
		values[i] = d[i * f->m + metric] - centre;
		if (isfinite(values[i]))
			sorted[count++] = (struct flips_ranked){ fabs(values[i]), i };
	}
	qsort(sorted, count, sizeof(*sorted), by_size);
	return count;
}

double flips_rank(const struct flips *f, const double *d, size_t metric, double centre, double *out)
{
	struct flips_ranked *sorted = f->sorted;
	size_t count = sort_sizes(f, d, metric, centre, sorted);
	double squares = 0;

	for (size_t i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && sorted[end].size <= sorted[i].size; end++)
			;
		for (size_t k = i; k < end; k++) {
			double rank = (double)(i + end + 1) / 2, value = f->signs[sorted[k].index];

			rank = value > 0 ? rank : value < 0 ? -rank : 0;
			out[sorted[k].index * f->m + metric] = rank;
			squares += rank * rank;
		}
	}
	return sqrt(squares);
}

double flips_rank_around(const struct flips *f, const double *d, size_t metric, double centre,
			 double *out)
{
	struct flips_ranked *sorted = f->sorted;
	size_t count = sort_sizes(f, d, metric, centre, sorted);
	double squares = 0;

	for (size_t i = 0; i < count; i++) {
		double rank = (double)(i + 1);

		out[sorted[i].index * f->m + metric] = f->signs[sorted[i].index] < 0 ? -rank : rank;
		squares += rank * rank;
	}
	return sqrt(squares);
}

static double on_tail(enum flips_tail tail, double x)
{
	return tail == FLIPS_TWO ? fabs(x) : tail == FLIPS_GREATER ? x : -x;
}

/* sums[q] = sum over blocks of sign * rank: by blocks, so that the metrics lie side by side. */
static void flipped_sums(const struct flips *f, const double *restrict ranks, double *restrict sums)
{
	const double *restrict signs = f->signs;
	size_t m = f->m;

	for (size_t q = 0; q < m; q++)
		sums[q] = 0;
	for (size_t i = 0; i < f->n; i++, ranks += m)
		for (size_t q = 0; q < m; q++)
			sums[q] += signs[i] * ranks[q];
}

static double larger(double a, double b)
{
	return a > b ? a : b; /* fmax is a call, and these are no NaN */
}

static void count_exceeding(struct flips *f)
{
	flipped_sums(f, f->ranks, f->sums);
	for (size_t q = 0; q < f->m; q++)
		f->sums[q] *= f->scale[q];
	for (enum flips_tail t = 0; t < FLIPS_TAILS; t++) {
		double running = -INFINITY;

		for (size_t r = f->m; r-- > 0;) { /* least extreme first: successive maxima */
			size_t q = f->tail[t].order[r];

			running = larger(running, on_tail(t, f->sums[q]));
			f->tail[t].exceed[r] += running >= f->tail[t].observed[q] - SLACK;
		}
	}
}

static void keep_largest(struct flips *f, size_t flip)
{
	double low = INFINITY, high = -INFINITY;

	flipped_sums(f, f->around, f->sums);
	for (size_t q = 0; q < f->m; q++) {
		double x = f->around_norm[q] > 0 ? f->sums[q] / f->around_norm[q] : 0;

		low = -larger(-low, -x);
		high = larger(high, x);
	}
	f->tail[FLIPS_TWO].largest[flip] = larger(high, -low);
	f->tail[FLIPS_GREATER].largest[flip] = high;
	f->tail[FLIPS_LESS].largest[flip] = -low;
}

/* Few metrics: insertion. Equal ones keep their order, so that the result is always the same. */
static void sort_order(size_t *order, const double *observed, size_t m)
{
	for (size_t r = 0; r < m; r++)
		order[r] = r;
	for (size_t r = 1; r < m; r++)
		for (size_t k = r; k > 0 && observed[order[k]] > observed[order[k - 1]]; k--) {
			size_t swap = order[k];

			order[k] = order[k - 1];
			order[k - 1] = swap;
		}
}

static void observe(struct flips *f)
{
	for (size_t i = 0; i < f->n; i++)
		f->signs[i] = 1;
	flipped_sums(f, f->ranks, f->sums);
	for (enum flips_tail t = 0; t < FLIPS_TAILS; t++) {
		for (size_t q = 0; q < f->m; q++)
			f->tail[t].observed[q] = on_tail(t, f->sums[q] * f->scale[q]);
		sort_order(f->tail[t].order, f->tail[t].observed, f->m);
	}
}

/* One random number holds the signs of 64 blocks. */
static void draw_signs(struct flips *f, struct rng *rng, size_t flip)
{
	uint64_t bits = flip;

	for (size_t i = 0; i < f->n; i++) {
		if (!f->is_exact && i % 64 == 0)
			bits = rng_next(rng);
		f->signs[i] = bits & 1 ? -1 : 1;
		bits >>= 1;
	}
}

void flips_run(struct flips *f, bool has_around, uint64_t seed)
{
	struct rng rng;

	observe(f);
	rng_init(&rng, seed, 0);
	for (size_t flip = 0; flip < f->count; flip++) {
		draw_signs(f, &rng, flip);
		count_exceeding(f);
		if (has_around)
			keep_largest(f, flip);
	}
}

void flips_p_values(const struct flips *f, enum flips_tail tail, double *p)
{
	double floor_p = 0;

	for (size_t r = 0; r < f->m; r++) {
		double exceed = (double)f->tail[tail].exceed[r], all = (double)f->count;

		/* Step-down p-values never decrease. */
		floor_p = fmax(floor_p, f->is_exact ? exceed / all : (1 + exceed) / (1 + all));
		p[f->tail[tail].order[r]] = floor_p;
	}
}

static void swap(double *a, double *b)
{
	double old = *a;

	*a = *b;
	*b = old;
}

/* What v[at] would be if v were sorted; reorders v. Hoare 1961 (FIND). */
static double select_at(double *v, size_t n, size_t at)
{
	size_t low = 0, high = n - 1;

	while (low < high) {
		double pivot = v[low + (high - low) / 2];
		size_t i = low, k = high;

		for (;;) {
			while (v[i] < pivot)
				i++;
			while (v[k] > pivot)
				k--;
			if (i >= k)
				break;
			swap(&v[i++], &v[k--]);
		}
		if (at <= k)
			high = k;
		else
			low = k + 1;
	}
	return v[at];
}

double flips_critical(const struct flips *f, enum flips_tail tail, double level)
{
	double all = (double)f->count;
	double allowed =
		f->is_exact ? floor(level * all + SLACK) : floor(level * (all + 1) + SLACK) - 1;

	/* Enumerated, the observed arrangement is one of those that are allowed to be as extreme.
	 */
	if (allowed < (f->is_exact ? 1 : 0))
		return INFINITY;
	allowed = fmin(allowed, all - 1);
	return select_at(f->tail[tail].largest, f->count, f->count - 1 - (size_t)allowed);
}
