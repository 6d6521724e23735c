/*
 * arrival.h - when requests of an open loop are due: a schedule that never looks at the replies.
 *
 * Constant: the n-th arrival is at start + n / rate, computed from n, so that rounding does not
 * add up. Poisson: gaps are exponential with mean 1 / rate. A schedule may be one of several that
 * share a rate (one per thread): of a constant one each takes every k-th arrival; of a Poisson one
 * each is a separate Poisson process with its share of the rate, which together form one.
 */
#ifndef LOADGEN_ENGINE_ARRIVAL_H
#define LOADGEN_ENGINE_ARRIVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/rng.h"

#define ARRIVAL_NEVER UINT64_MAX

enum arrival_kind { ARRIVAL_CONSTANT, ARRIVAL_POISSON, ARRIVAL_KINDS };

/* The name of each kind, then NULL: for options, results and summary. */
extern const char *const arrival_names[ARRIVAL_KINDS + 1];

struct arrival_cfg {
	enum arrival_kind kind;
	double rate_per_s; /* of all shares together; 0 = no arrivals */
	uint64_t start_ns;
	uint64_t end_ns; /* arrivals lie in start_ns .. end_ns - 1 */
	uint32_t share;  /* 0 .. shares_count - 1 */
	uint32_t shares_count;
	uint64_t seed;
};

struct arrival {
	struct arrival_cfg cfg;
	double gap_mean_ns; /* Poisson: of this share */
	double offset_ns;   /* Poisson: of the next arrival, from the start */
	uint64_t taken;     /* constant: arrivals of this share so far */
	uint64_t next_ns;
	struct rng rng;
};

void arrival_init(struct arrival *a, const struct arrival_cfg *cfg);

/* Time of the next arrival; ARRIVAL_NEVER after the last. */
static inline uint64_t arrival_peek(const struct arrival *a)
{
	return a->next_ns;
}

/* Advances to the next arrival. */
void arrival_take(struct arrival *a);

#endif
