/* rng.h - seeded, repeatable random numbers (xoshiro256++, Blackman and Vigna 2019). Not for keys.
 */
#ifndef DAEMON_BASE_RNG_H
#define DAEMON_BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t s[4];
};

/* Streams with the same seed and different stream numbers are independent. */
void rng_init(struct rng *r, uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t bound); /* uniform in 0..bound-1, bound > 0, no bias */
double rng_unit(struct rng *r);                    /* uniform in (0, 1]: its logarithm is finite */

#endif
