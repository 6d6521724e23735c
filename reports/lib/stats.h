/*
 * stats.h - paired statistics on blocks: the block is the unit, never the request.
 *
 * d[i] = ln B_i - ln A_i of one metric in block i. Randomised order inside a block makes d
 * symmetric around 0 when A and B are the same, so signed-rank levels are exact whatever the
 * noise. 100 * (exp(theta) - 1) is the effect in percent.
 * Sources: Hodges & Lehmann 1963 (estimate); Wilcoxon 1945 (test), exact by counting subset sums;
 * Tukey's Walsh averages (interval); Westfall & Young 1993 (step-down max-T).
 * Functions that allocate return -ENOMEM; n is at most STATS_N_MAX.
 */
#ifndef REPORTS_LIB_STATS_H
#define REPORTS_LIB_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	STATS_N_MAX = 4096,
	STATS_EXACT_N_MAX = 50,           /* signed-rank distribution by counting; normal above */
	STATS_FLIPS_ENUMERATE_N_MAX = 13, /* 2^13 sign vectors are enumerated */
	STATS_FLIPS_COUNT = 9999,
};

/* The two-sided level of every interval and verdict of the reports. */
#define STATS_ALPHA 0.05

/* Sorts v. n = 0 gives NaN. */
double stats_median(double *v, size_t n);
/* Median absolute deviation times 1.4826: the standard deviation when normal. Reorders v. */
double stats_robust_sd(double *v, size_t n);
double stats_mean(const double *v, size_t n);

double stats_normal_cdf(double z);
double stats_normal_quantile(double p);
double stats_t_quantile(double p, double df);

/* P(W <= w), W the sum of the positive ranks of n values under no effect; exact for n <= 50. */
double stats_signed_rank_cdf(size_t n, double w);

struct stats_signed_rank {
	size_t n;         /* pairs */
	double theta;     /* Hodges-Lehmann: median of the Walsh averages */
	double low, high; /* confidence interval, -inf/inf when n is too small for alpha */
	double p_greater; /* one-sided, H1: theta > 0 */
	double p_less;
	double p_two;               /* two-sided */
	double sign_low, sign_high; /* interval of the median from the sign test: no symmetry
				       needed */
	bool is_asymmetric;         /* the two intervals disagree on whether 0 is inside */
};

/* alpha: two-sided level of the intervals. Zero differences count half a rank each way. */
int stats_signed_rank(const double *d, size_t n, double alpha, struct stats_signed_rank *out);

/* Fewest pairs with which a one-sided test can reach alpha: 2^-n <= alpha. */
size_t stats_reachable_n(double alpha);

/*
 * Smallest effect (same unit as sd) that n pairs can show with this one-sided alpha and power:
 * (t_{1-alpha} + t_{power}) * sd / sqrt(n * 3/pi). NaN below 3 pairs.
 */
double stats_mde(double sd, size_t n, double alpha, double power);

/* One metric of a family judged together. */
struct stats_family_row {
	double theta;
	double low, high;  /* simultaneous band over the family at 1 - alpha */
	double p_raw;      /* two-sided signed-rank */
	double p_adjusted; /* two-sided, step-down max-T over the family */
};

/*
 * Joint sign flips over m metrics measured in the same n blocks. d[n][m], row-major. The same
 * flip is applied to all metrics of a block, which keeps their dependence. Deterministic in seed.
 * rows[m]. Returns 0, -EINVAL (n < 2, m < 1, too large), -ENOMEM.
 */
int stats_family(const double *d, size_t n, size_t m, double alpha, uint64_t seed,
		 struct stats_family_row *rows);

#endif
