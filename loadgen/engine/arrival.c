/* arrival.c - constant and Poisson schedules. */
#include "loadgen/engine/arrival.h"

#include <assert.h>
#include <math.h>

#include "daemon/base/clock.h"

const char *const arrival_names[ARRIVAL_KINDS + 1] = {
	[ARRIVAL_CONSTANT] = "constant",
	[ARRIVAL_POISSON] = "poisson",
};

/* Seeds of arrivals must differ from those of request contents. */
enum { ARRIVAL_STREAM = 1 << 24 };

static uint64_t constant_at(const struct arrival *a)
{
	uint64_t n = a->cfg.share + a->taken * a->cfg.shares_count;
	/* 64 bits of mantissa hold nanoseconds of centuries exactly. */
	long double offset_ns = (long double)n * NSEC_PER_SEC / (long double)a->cfg.rate_per_s;

	return a->cfg.start_ns + (uint64_t)offset_ns;
}

static uint64_t poisson_at(struct arrival *a)
{
	a->offset_ns -= log(rng_unit(&a->rng)) * a->gap_mean_ns;
	return a->cfg.start_ns + (uint64_t)a->offset_ns;
}

static void advance(struct arrival *a)
{
	uint64_t at = a->cfg.kind == ARRIVAL_CONSTANT ? constant_at(a) : poisson_at(a);

	a->next_ns = at < a->cfg.end_ns ? at : ARRIVAL_NEVER;
}

void arrival_init(struct arrival *a, const struct arrival_cfg *cfg)
{
	assert(cfg->shares_count > 0);
	assert(cfg->share < cfg->shares_count);
	*a = (struct arrival){ .cfg = *cfg, .next_ns = ARRIVAL_NEVER };
	if (cfg->rate_per_s <= 0)
		return;
	a->gap_mean_ns = (double)NSEC_PER_SEC * cfg->shares_count / cfg->rate_per_s;
	rng_init(&a->rng, cfg->seed, ARRIVAL_STREAM + cfg->share);
	advance(a);
}

void arrival_take(struct arrival *a)
{
	assert(a->next_ns != ARRIVAL_NEVER);
	a->taken++;
	advance(a);
}
