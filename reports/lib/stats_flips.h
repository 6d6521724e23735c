/*
 * stats_flips.h - random sign flips that all metrics of a family share (private to stats_family.c).
 *
 * Two uses of the same flips: how often a flipped family is at least as extreme as the observed one
 * (step-down max-T p-values), and how large the most extreme metric gets around the estimates (the
 * critical value of a simultaneous band). Each for three tails: two-sided, greater, less.
 */
#ifndef REPORTS_LIB_STATS_FLIPS_H
#define REPORTS_LIB_STATS_FLIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum flips_tail { FLIPS_TWO, FLIPS_GREATER, FLIPS_LESS, FLIPS_TAILS };

struct flips_ranked {
	double size;
	size_t index;
};

struct flips {
	size_t n, m;
	size_t count;        /* of flips */
	bool is_exact;       /* all 2^n of them */
	double *ranks;       /* [n][m] signed ranks of d, 0 where missing */
	double *around;      /* [n][m] signed ranks of d - theta */
	double *scale;       /* [m] 1 / norm of ranks; 0: no value, or all of them 0 */
	double *around_norm; /* [m] */
	struct {
		double *observed; /* [m] the statistic without a flip */
		size_t *order;    /* [m] metrics, most extreme first */
		size_t *exceed;   /* [m] by place in order: flips at least as extreme */
		double *largest;  /* [count] of each flip, around the estimates */
	} tail[FLIPS_TAILS];
	double *sums, *signs;        /* scratch: [m], [n] */
	struct flips_ranked *sorted; /* scratch: [n] */
};

/* flips_deinit also after a failure. 0 or -ENOMEM. */
int flips_init(struct flips *f, size_t n, size_t m, size_t count);
void flips_deinit(struct flips *f);

/*
 * Both fill column `metric` of out with signed ranks of d[.][metric] - centre, 0 where missing, and
 * return their norm. For p-values: equal sizes share the mean rank, and a difference of 0 has none.
 * Around an estimate, which is an average of two values and makes their sizes equal: ranks 1..n
 * whatever is equal, so that the critical value is that of n blocks without ties.
 */
double flips_rank(const struct flips *f, const double *d, size_t metric, double centre,
		  double *out);
double flips_rank_around(const struct flips *f, const double *d, size_t metric, double centre,
			 double *out);

/* With ranks and scale in place; has_around: around and around_norm, too, for flips_critical. */
void flips_run(struct flips *f, bool has_around, uint64_t seed);

/* Step-down p-values p[m] of one tail. */
void flips_p_values(const struct flips *f, enum flips_tail tail, double *p);

/* What the most extreme metric exceeds with probability at most level; infinite: never shown. */
double flips_critical(const struct flips *f, enum flips_tail tail, double level);

#endif
