/*
 * stats_looks.h - group-sequential looks: a sitting may stop early without raising its error.
 *
 * At information fraction t = blocks / blocks planned, the error spent so far is alpha * t^rho
 * (power family; rho = 2 by default). The nominal one-sided level of each look follows from the
 * joint normal distribution of the test statistic at the looks, by numerical integration. With
 * looks at 12, 20, 28, 40 of 40 and alpha .01 the levels are .00090 .00191 .00338 .00716.
 * Looks need not be those planned, as long as the data did not choose them: after Ctrl-C the look
 * at hand is one more, and spends what its fraction allows.
 *
 * Two mirrored tests use the same levels: theta <= margin against worse, and theta >= margin
 * against equivalent; each errs with probability at most alpha over all looks.
 * Sources: Lan & DeMets 1983; Kim & DeMets 1987 (power family); Armitage, McPherson & Rowe 1969
 * (the integration). Threads: no state. Nothing allocates.
 */
#ifndef REPORTS_LIB_STATS_LOOKS_H
#define REPORTS_LIB_STATS_LOOKS_H

#include <stddef.h>

enum { STATS_LOOKS_MAX = 32 };

struct stats_looks {
	size_t count;
	size_t n[STATS_LOOKS_MAX];     /* blocks at the look, rising */
	double spent[STATS_LOOKS_MAX]; /* cumulative error after the look */
	double level[STATS_LOOKS_MAX]; /* nominal one-sided level at the look, of the family */
	size_t n_max;                  /* blocks planned; the fraction is n / n_max */
	size_t metrics_count;
	double alpha;
};

struct stats_looks_cfg {
	const size_t *n; /* [count] blocks at each look, rising; NULL: 12 20 28 40 of 40 */
	size_t count;
	size_t n_max;         /* blocks planned */
	double alpha;         /* of all looks together; 0: 0.01 */
	double rho;           /* of the power family; 0: 2 */
	size_t metrics_count; /* judged together at each look; 0: 1 */
};

/*
 * Plans the looks. With several metrics the level at a look is that of the whole family: the
 * largest of them crosses its boundary at one look and not at another more often than one metric
 * does, so the later levels are lower (the last .00659 instead of .00716 for seven); computed for
 * independent metrics, which is the worst case.
 *
 * Returns 0 or -EINVAL: no look or more than STATS_LOOKS_MAX, n not rising or above n_max, alpha
 * not in 0..0.5, rho not in 0.1..10. Cost: a few ms a look.
 */
int stats_looks_plan(const struct stats_looks_cfg *cfg, struct stats_looks *out);

/*
 * First look at which the metrics judged together can reach the level at all, m * 2^-n <= level;
 * `count` when none can: such a plan can never reject, and must be refused.
 */
size_t stats_looks_first_reachable(const struct stats_looks *looks);

enum stats_looks_answer {
	STATS_LOOKS_GO_ON,    /* neither test rejects; more looks are planned */
	STATS_LOOKS_ABOVE,    /* theta > margin is shown */
	STATS_LOOKS_BELOW,    /* theta < margin is shown */
	STATS_LOOKS_UNDECIDED /* the last look, and neither test rejects */
};

struct stats_looks_decision {
	enum stats_looks_answer answer;
	double p_above, p_below; /* one-sided p-values of the two tests */
};

/*
 * The decision on one metric at a look (0..count-1): d[n[look]] are its paired differences.
 * Returns 0; -EINVAL (no such look, a value not finite), -ENOMEM.
 */
int stats_looks_decide(const struct stats_looks *looks, size_t look, const double *d, double margin,
		       struct stats_looks_decision *out);

#endif
