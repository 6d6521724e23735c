/*
 * noise.h - simulated sittings: paired differences of several metrics between arms that are alike
 * or differ by a known shift, under the kinds of noise that shared machines make.
 */
#ifndef REPORTS_TEST_NOISE_H
#define REPORTS_TEST_NOISE_H

#include <stddef.h>

#include "daemon/base/rng.h"

double noise_normal(struct rng *rng);
double noise_t3(struct rng *rng);

/* Kinds of single values, all symmetric around 0 with a typical size of 1. */
enum noise_kind {
	NOISE_NORMAL,
	NOISE_T3, /* Student's t with 3 degrees of freedom */
	NOISE_LAPLACE,
	NOISE_TENTH,   /* one in ten is 10 times as large */
	NOISE_QUARTER, /* one in four is 12 times as large: most pairs agree, some do not at all */
	NOISE_KINDS
};
extern const char *const noise_names[NOISE_KINDS];
double noise_value(struct rng *rng, enum noise_kind kind);

/*
 * A sitting of n blocks and m metrics: d[n][m] = shift[m] + noise. Both arms of a block see the
 * same drift (a random walk over the blocks), which cancels; a slow neighbour comes and goes and
 * takes an unequal part of each arm; bursts hit one arm alone. All metrics of a block are hit
 * together, each by scale[m] times as much. Arms are exchangeable, so d is symmetric around the
 * shift.
 */
void noise_sitting(struct rng *rng, size_t n, size_t m, const double *scale, const double *shift,
		   double *d);

#endif
