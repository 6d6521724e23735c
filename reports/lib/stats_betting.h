/*
 * stats_betting.h - a test that may be looked at after every block and stopped at any time.
 *
 * Under H0 (the median of the difference is at most 0, the signs of the blocks fair coins or worse)
 * a player who bets a share lambda of his wealth on each positive sign cannot expect to win:
 * E_n, the mean over a grid of lambdas of prod_i (1 + lambda * sign(d_i)), has expectation at most
 * 1 at every n. So the largest E so far reaches 1 / alpha with probability at most alpha (Ville's
 * inequality), however often it is looked at. It asks for a few more blocks than planned looks do
 * (stats_looks.h), which are better when the number of blocks is known.
 *
 * 0 bets nothing won or lost; a value that is not finite is left out.
 * Sources: Ville 1939; Shafer 2021 (testing by betting); Ramdas et al. 2023 (e-processes).
 * Threads: one writer for each object. Nothing allocates.
 */
#ifndef REPORTS_LIB_STATS_BETTING_H
#define REPORTS_LIB_STATS_BETTING_H

#include <stddef.h>

enum { STATS_BETTING_GRID = 10 }; /* lambda .1 .2 ... .9 .95 */

struct stats_betting {
	size_t n;                              /* values that counted */
	double log_wealth[STATS_BETTING_GRID]; /* ln of the product, one for each lambda */
	double log_e;                          /* ln E_n */
	double log_e_max;                      /* ln of the largest E so far, at least 0 */
};

void stats_betting_init(struct stats_betting *b);

/* H1: d > 0. For the other direction give -d, for a margin d - margin. */
void stats_betting_add(struct stats_betting *b, double d);

/* p-value that holds at any time: min(1, 1 / largest E so far). At or below alpha: reject. */
double stats_betting_p(const struct stats_betting *b);

#endif
