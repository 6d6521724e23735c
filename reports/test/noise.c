#include "reports/test/noise.h"

#include <math.h>

const char *const noise_names[NOISE_KINDS] = { "normal", "t3", "laplace", "tenth x10",
					       "quarter x12" };

/* Box and Muller; rng_unit is never 0. */
double noise_normal(struct rng *rng)
{
	return sqrt(-2 * log(rng_unit(rng))) * cos(2 * M_PI * rng_unit(rng));
}

double noise_t3(struct rng *rng)
{
	double squares = 0;

	for (int i = 0; i < 3; i++) {
		double x = noise_normal(rng);

		squares += x * x;
	}
	return noise_normal(rng) / sqrt(squares / 3);
}

double noise_value(struct rng *rng, enum noise_kind kind)
{
	double u = rng_unit(rng);

	switch (kind) {
	case NOISE_T3:
		return noise_t3(rng);
	case NOISE_LAPLACE:
		return (rng_below(rng, 2) ? 1 : -1) * -log(u);
	case NOISE_TENTH:
		return noise_normal(rng) * (u <= 0.10 ? 10 : 1);
	case NOISE_QUARTER:
		return noise_normal(rng) * (u <= 0.25 ? 12 : 1);
	case NOISE_NORMAL:
	case NOISE_KINDS:
	default:
		return noise_normal(rng);
	}
}

/* What one arm of a block suffers beyond the shared drift. */
static double arm_disturbance(struct rng *rng, double neighbour)
{
	double burst = rng_unit(rng) < 0.05 ? 3 * fabs(noise_t3(rng)) : 0;

	return neighbour * rng_unit(rng) + burst;
}

void noise_sitting(struct rng *rng, size_t n, size_t m, const double *scale, const double *shift,
		   double *d)
{
	double neighbour = 0, drift = 0;

	for (size_t i = 0; i < n; i++) {
		double a, b;

		/* Episodes start in one block of ten and last three on average. */
		if (neighbour > 0)
			neighbour = rng_unit(rng) < 1.0 / 3 ? 0 : neighbour;
		else
			neighbour = rng_unit(rng) < 0.1 ? 4 * fabs(noise_normal(rng)) : 0;
		/* The arms take turns within the block: a thousandth of the drift is left. */
		drift += 0.3 * noise_normal(rng);
		a = arm_disturbance(rng, neighbour);
		b = arm_disturbance(rng, neighbour) + (rng_below(rng, 2) ? 0.001 : -0.001) * drift;
		for (size_t q = 0; q < m; q++) {
			double own = noise_normal(rng);

			d[i * m + q] = shift[q] + scale[q] * (b - a + own);
		}
	}
}
