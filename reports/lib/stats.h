/*
 * stats.h - paired statistics on blocks: the block is the unit, never the request.
 *
 * d[i] = ln B_i - ln A_i of one metric in block i. Randomized order inside a block makes d
 * symmetric around 0 when A and B are the same, so signed-rank levels are exact whatever the
 * noise. 100 * (exp(theta) - 1) is the effect in percent.
 * Sources: Hodges & Lehmann 1963 (estimate); Wilcoxon 1945 (test), exact by counting subset sums;
 * Tukey's Walsh averages (interval); Westfall & Young 1993 (step-down max-T).
 * Functions that allocate return -ENOMEM; n is at most STATS_N_MAX.
 * Threads: no state; any number of threads may call any function.
 */
#ifndef REPORTS_LIB_STATS_H
#define REPORTS_LIB_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reports/lib/stats_dist.h"

enum {
	STATS_N_MAX = 4096,
	STATS_EXACT_N_MAX = 50,           /* signed-rank distribution by counting; normal above */
	STATS_FLIPS_ENUMERATE_N_MAX = 13, /* 2^13 sign vectors are enumerated */
	STATS_FLIPS_COUNT = 9999,
	STATS_FLIPS_COUNT_MAX = 999999,
};

/* The two-sided level of every interval and verdict of the reports. */
#define STATS_ALPHA 0.05

/* Sorts v. n = 0 gives NaN. */
double stats_median(double *v, size_t n);
/* Median absolute deviation times 1.4826: the standard deviation when normal. Reorders v. */
double stats_robust_sd(double *v, size_t n);
double stats_mean(const double *v, size_t n);
double stats_sd(const double *v, size_t n); /* n - 1 below the line */

/* P(W <= w), W the sum of the positive ranks of n values under no effect; exact for n <= 50. */
double stats_signed_rank_cdf(size_t n, double w);

struct stats_signed_rank {
	size_t n;            /* pairs */
	double theta;        /* Hodges-Lehmann: median of the Walsh averages */
	double low, high;    /* two-sided interval, -inf/inf when n is too small for alpha */
	double lower, upper; /* one-sided bounds, each at 1 - alpha */
	double p_greater;    /* one-sided, H1: theta > 0 */
	double p_less;
	double p_two;               /* two-sided */
	double sign_low, sign_high; /* interval of the median from the sign test: no symmetry
				       needed */
	bool is_asymmetric;         /* the two intervals disagree on whether 0 is inside */
};

/*
 * alpha: two-sided level of the intervals. Zero differences count half a rank each way.
 * Errors: -EINVAL (n out of range, a value that is not finite), -ENOMEM.
 */
int stats_signed_rank(const double *d, size_t n, double alpha, struct stats_signed_rank *out);

/* ---- power: stats_power.c -------------------------------------------------------------- */

/* Fewest pairs with which a one-sided test can reach alpha: 2^-n <= alpha. */
size_t stats_reachable_n(double alpha);

/*
 * The deviation of pairs that a stated detectable effect may rest on: that at which a t interval
 * would be as wide as the pairs' own signed-rank interval at the level, at its upper 75 % bound
 * (few pairs know their spread badly), times (SD / MAD-SD)^(5/n), between 1 and 10^(5/n), where a
 * few pairs with long tails happened to agree. The MAD alone understates heavy tails up to 8 times.
 *
 * Realized power at the effect stated for level .01 and power .90 (4000 rounds of mde_choice each;
 * wanted: 80 to 95 % everywhere). "Quarter" are pairs of which one in four is 12 times as large.
 *	                             N=9   12   20   40      MAD-SD alone
 *	normal                        93   94   93   93       70   72   80   84
 *	t, 3 degrees of freedom       88   87   91   92       62   58   70   78
 *	quarter                       84   84   84   88       38   31   50   62
 *	recorded 1-s runs, p50        82   81   85   88       34   29   42   54
 *	recorded 50-ms slices, p50    84   82   89   92       52   49   61   69
 *	recorded 50-ms slices, CPU    89   88   90   90       56   54   62   66
 * All 64 cells of the experiment lie in 80 to 95.
 *
 * 0 when all pairs are equal. Errors: -EINVAL (n < 3, not finite), -ENOMEM.
 */
int stats_spread(const double *d, size_t n, double level, double *sd);

/*
 * Smallest effect (same unit as sd) that n pairs can show with this one-sided alpha and power:
 * (t_{1-alpha} + t_{power}) * sd / sqrt(n * 3/pi). NaN below 3 pairs.
 */
double stats_mde(double sd, size_t n, double alpha, double power);
/* Pairs needed to see an effect; 0 when the effect is not positive. */
size_t stats_pairs_needed(double sd, double effect, double alpha, double power);

/* ---- families: stats_family.c ---------------------------------------------------------- */

/* One metric of a family judged together. */
struct stats_family_row {
	size_t n;            /* pairs that have this metric */
	double theta;        /* NaN when n = 0 */
	double low, high;    /* simultaneous band over the family, two-sided at 1 - alpha */
	double lower, upper; /* simultaneous one-sided bounds, each at 1 - level */
	double own_level;    /* what `level` leaves to this metric alone; 0: not reachable */
	double p_raw;        /* two-sided signed-rank */
	double p_adjusted;   /* two-sided, step-down max-T over the family */
	double p_greater;    /* one-sided, H1: theta > 0, step-down max-T */
	double p_less;
};

struct stats_family_cfg {
	double alpha; /* of the two-sided band */
	double level; /* of each one-sided bound */
	uint64_t seed;
	size_t flips_count; /* 0: STATS_FLIPS_COUNT. Not used when all flips are enumerated. */
	bool has_no_bands;  /* p-values of the family only, sooner; theta and p_raw are NaN */
};

/*
 * Joint sign flips over m metrics measured in the same n blocks. d[n][m], row-major; a value that
 * is not finite is a missing one, and each metric is judged on the blocks that have it. The same
 * flip is applied to all metrics of a block, which keeps their dependence. A metric without values
 * has theta and p-values NaN and infinite bounds. Deterministic in seed.
 * rows[m]. Returns 0, -EINVAL (n < 2, m < 1, too large, levels not in 0..1), -ENOMEM.
 * Cost: flips * n * m additions, twice.
 */
int stats_family_judge(const struct stats_family_cfg *cfg, const double *d, size_t n, size_t m,
		       struct stats_family_row *rows);

/* The same with level = alpha and the usual number of flips. */
int stats_family(const double *d, size_t n, size_t m, double alpha, uint64_t seed,
		 struct stats_family_row *rows);

/*
 * Whether a family of m metrics with n pairs each can reach a one-sided level at all, however large
 * the effects: m * 2^-n <= level, and enough flips. A gate that cannot reach its level never fails.
 */
bool stats_family_can_reach(const struct stats_family_cfg *cfg, size_t n, size_t m);
/* Fewest pairs for which that holds; 0 when no number of pairs is enough with these flips. */
size_t stats_family_reachable_n(const struct stats_family_cfg *cfg, size_t m);

#endif
