/*
 * stats_looks.c - see stats_looks.h.
 *
 * B is the test statistic as a Brownian motion over information fractions: B(t) has variance t, and
 * z = B(t) / sqrt(t). `density` holds the density of B at a look, of those paths that no earlier
 * look stopped, on an even grid from far below up to the look's boundary. The next boundary is the
 * one above which the paths from there carry the error that the look may spend; Simpson's rule.
 */
#include "reports/lib/stats_looks.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "reports/lib/stats.h"

enum { GRID = 400 }; /* steps, even; 400 against 1600 changes the levels by less than 1e-8 */
static const double GRID_SIGMAS = 8;

static const size_t DEFAULT_LOOKS[] = { 12, 20, 28, 40 };

struct paths {
	double at[GRID + 1];
	double density[GRID + 1];
	double step;
};

static double normal_density(double z)
{
	return exp(-z * z / 2) / sqrt(2 * M_PI);
}

static double simpson(const struct paths *p, size_t i)
{
	double weight = i == 0 || i == GRID ? 1 : i % 2 ? 4 : 2;

	return weight * p->step / 3 * p->density[i];
}

/* Probability that a path that went on ends above the boundary after a step of deviation sd. */
static double mass_above(const struct paths *p, double sd, double boundary)
{
	double sum = 0;

	for (size_t i = 0; i <= GRID; i++)
		sum += simpson(p, i) * stats_normal_cdf((p->at[i] - boundary) / sd);
	return sum;
}

static double find_boundary(const struct paths *p, double sd, double mass, double t)
{
	double low = -GRID_SIGMAS * sqrt(t), high = -low * 2;

	for (int i = 0; i < 80; i++) {
		double mid = (low + high) / 2;

		if (mass_above(p, sd, mid) > mass)
			low = mid;
		else
			high = mid;
	}
	return high;
}

static void lay_grid(struct paths *p, double t, double boundary)
{
	double low = -GRID_SIGMAS * sqrt(t);

	p->step = (boundary - low) / GRID;
	for (size_t i = 0; i <= GRID; i++)
		p->at[i] = low + (double)i * p->step;
}

/* The density after a step of deviation sd, up to the boundary at t. */
static void advance(struct paths *p, double sd, double t, double boundary)
{
	struct paths next;

	lay_grid(&next, t, boundary);
	for (size_t k = 0; k <= GRID; k++) {
		double sum = 0;

		for (size_t i = 0; i <= GRID; i++)
			sum += simpson(p, i) * normal_density((next.at[k] - p->at[i]) / sd) / sd;
		next.density[k] = sum;
	}
	*p = next;
}

static void start(struct paths *p, double t, double boundary)
{
	lay_grid(p, t, boundary);
	for (size_t i = 0; i <= GRID; i++)
		p->density[i] = normal_density(p->at[i] / sqrt(t)) / sqrt(t);
}

static int check(const struct stats_looks_cfg *c)
{
	if (c->count < 1 || c->count > STATS_LOOKS_MAX || !(c->alpha > 0 && c->alpha < 0.5) ||
	    !(c->rho >= 0.1 && c->rho <= 10))
		return -EINVAL;
	for (size_t k = 0; k < c->count; k++)
		if (c->n[k] < 1 || c->n[k] > c->n_max || (k > 0 && c->n[k] <= c->n[k - 1]))
			return -EINVAL;
	return 0;
}

static struct stats_looks_cfg with_defaults(struct stats_looks_cfg c)
{
	if (!c.n) {
		c.n = DEFAULT_LOOKS;
		c.count = sizeof(DEFAULT_LOOKS) / sizeof(DEFAULT_LOOKS[0]);
		c.n_max = DEFAULT_LOOKS[c.count - 1];
	}
	c.alpha = c.alpha == 0 ? 0.01 : c.alpha; /* NOLINT(clang-diagnostic-float-equal) */
	c.rho = c.rho == 0 ? 2 : c.rho;          /* NOLINT(clang-diagnostic-float-equal) */
	c.metrics_count = c.metrics_count ? c.metrics_count : 1;
	return c;
}

/* What each of m independent metrics may do so that any of them does it with probability p. */
static double share_of_one(double p, size_t m)
{
	return -expm1(log1p(-p) / (double)m);
}

static double of_all(double p, size_t m)
{
	return -expm1(log1p(-p) * (double)m);
}

int stats_looks_plan(const struct stats_looks_cfg *cfg, struct stats_looks *out)
{
	const struct stats_looks_cfg c = with_defaults(*cfg);
	struct stats_looks looks = { .count = c.count,
				     .n_max = c.n_max,
				     .metrics_count = c.metrics_count,
				     .alpha = c.alpha };
	double t = 0, boundary = 0, own_spent = 0;
	struct paths paths;

	if (check(&c) < 0)
		return -EINVAL;
	for (size_t k = 0; k < c.count; k++) {
		double before = t, own_before = own_spent, sd;

		t = (double)c.n[k] / (double)c.n_max;
		sd = sqrt(t - before);
		looks.n[k] = c.n[k];
		looks.spent[k] = c.alpha * pow(t, c.rho);
		own_spent = share_of_one(looks.spent[k], c.metrics_count);
		if (k == 0) {
			boundary = -stats_normal_quantile(own_spent) * sqrt(t);
			start(&paths, t, boundary);
		} else {
			boundary = find_boundary(&paths, sd, own_spent - own_before, t);
			if (k + 1 < c.count)
				advance(&paths, sd, t, boundary);
		}
		looks.level[k] = of_all(stats_normal_cdf(-boundary / sqrt(t)), c.metrics_count);
	}
	*out = looks;
	return 0;
}

size_t stats_looks_first_reachable(const struct stats_looks *looks)
{
	double m = (double)looks->metrics_count;
	size_t k = 0;

	while (k < looks->count && looks->n[k] < stats_reachable_n(looks->level[k] / m))
		k++;
	return k;
}

int stats_looks_decide(const struct stats_looks *looks, size_t look, const double *d, double margin,
		       struct stats_looks_decision *out)
{
	struct stats_signed_rank rank;
	double *shifted, level;
	size_t n;
	int rc;

	if (look >= looks->count)
		return -EINVAL;
	n = looks->n[look];
	level = looks->level[look];
	shifted = malloc(n * sizeof(*shifted));
	if (!shifted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		shifted[i] = d[i] - margin;
	rc = stats_signed_rank(shifted, n, level, &rank);
	free(shifted);
	if (rc < 0)
		return rc;
	out->p_above = rank.p_greater;
	out->p_below = rank.p_less;
	if (rank.p_greater <= level)
		out->answer = STATS_LOOKS_ABOVE;
	else if (rank.p_less <= level)
		out->answer = STATS_LOOKS_BELOW;
	else
		out->answer = look + 1 < looks->count ? STATS_LOOKS_GO_ON : STATS_LOOKS_UNDECIDED;
	return 0;
}
