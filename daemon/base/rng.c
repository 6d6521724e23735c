#include "daemon/base/rng.h"

static uint64_t rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

/* SplitMix64 (Steele, Lea, Flood 2014), which the authors of xoshiro recommend for filling the
 * state. */
static uint64_t splitmix(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

void rng_init(struct rng *r, uint64_t seed, uint64_t stream)
{
	/*
	 * The stream number is mixed before it is combined with the mixed seed, so that (1, 2) and
	 * (2, 1) have different states, and neighbouring streams are not shifted copies of one
	 * SplitMix sequence.
	 */
	uint64_t stream_state = stream + 0xd1342543de82ef95u;
	uint64_t state = splitmix(&seed) ^ rotl(splitmix(&stream_state), 17);

	for (int i = 0; i < 4; i++)
		r->s[i] = splitmix(&state);
}

uint64_t rng_next(struct rng *r)
{
	uint64_t *s = r->s;
	uint64_t result = rotl(s[0] + s[3], 23) + s[0];
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

/* Lemire 2019, "Fast random integer generation in an interval": one multiplication, and a division
 * only in the rare case that could cause bias. */
uint64_t rng_below(struct rng *r, uint64_t bound)
{
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)rng_next(r) * bound;
	uint64_t low = (uint64_t)product;

	if (low < bound) {
		uint64_t least = -bound % bound;

		while (low < least) {
			product = (wide)rng_next(r) * bound;
			low = (uint64_t)product;
		}
	}
	return (uint64_t)(product >> 64);
}

double rng_unit(struct rng *r)
{
	/* 53 bits, shifted from [0, 1) to (0, 1]. */
	return (double)((rng_next(r) >> 11) + 1) * 0x1p-53;
}
