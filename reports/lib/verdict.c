/* verdict.c - checks the input, runs the families, joins; see verdict.h. */
#include "reports/lib/verdict.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "daemon/base/err.h"
#include "reports/lib/stats.h"
#include "reports/lib/stats_looks.h"
#include "reports/lib/verdict_private.h"

enum { FLIPS_COUNT = 49999 };

static double or_default(double value, double otherwise)
{
	return value > 0 ? value : otherwise;
}

static bool is_share(double x)
{
	return x > 0 && x < 1;
}

static size_t count_blocking(const struct verdict_input *input)
{
	size_t count = 0;

	for (size_t i = 0; i < input->metrics_count; i++)
		count += input->metrics[i].family == VERDICT_BLOCKING;
	return count;
}

/* Enough flips that the smallest p-value is well below the level, or random flips decide. */
static size_t flips_for(const struct verdict_cfg *cfg, double level)
{
	size_t count = cfg->flips_count ? cfg->flips_count : FLIPS_COUNT;

	while (cfg->flips_count == 0 && count < STATS_FLIPS_COUNT_MAX && (double)count * level < 20)
		count = count * 10 + 9;
	return count < STATS_FLIPS_COUNT_MAX ? count : STATS_FLIPS_COUNT_MAX;
}

static int check_look(const struct stats_looks *looks, size_t look,
		      const struct verdict_input *input, struct err *err)
{
	if (look >= looks->count)
		return err_set(err, -EINVAL, "verdict: look %zu of %zu", look + 1, looks->count);
	if (looks->n[look] != input->blocks_count)
		return err_set(err, -EINVAL, "verdict: look %zu is at %zu blocks, not at %zu",
			       look + 1, looks->n[look], input->blocks_count);
	if (looks->metrics_count < count_blocking(input))
		return err_set(err, -EINVAL,
			       "verdict: the looks are planned for %zu metrics that block, not %zu",
			       looks->metrics_count, count_blocking(input));
	return 0;
}

static int make_terms(const struct verdict_cfg *cfg, const struct verdict_input *input,
		      struct verdict_terms *terms, struct err *err)
{
	int rc = 0;

	*terms = (struct verdict_terms){ .alpha = or_default(cfg->alpha, 0.01),
					 .band_alpha = or_default(cfg->band_alpha, 0.05),
					 .power = or_default(cfg->power, 0.90),
					 .seed = cfg->seed };
	if (!is_share(terms->alpha) || !is_share(terms->band_alpha) || !is_share(terms->power))
		return err_set(err, -EINVAL,
			       "verdict: a level or the power is not between 0 and 1");
	terms->level = terms->alpha;
	if (cfg->looks)
		rc = check_look(cfg->looks, cfg->look, input, err);
	if (rc < 0)
		return rc;
	if (cfg->looks)
		terms->level = cfg->looks->level[cfg->look];
	terms->flips_count = flips_for(cfg, terms->level);
	return 0;
}

static int check_metric(const struct verdict_metric *m, struct err *err)
{
	if (!(m->margin_ratio >= 0 && m->margin_ratio < 1) || !(m->resolution_ln >= 0) ||
	    !isfinite(m->resolution_ln))
		return err_set(err, -EINVAL, "verdict: margin or resolution of %s is out of range",
			       m->key);
	if (m->class >= VERDICT_CLASSES)
		return err_set(err, -EINVAL, "verdict: %s has no class", m->key);
	return 0;
}

static int check_input(const struct verdict_input *input, struct err *err)
{
	int rc = 0;

	if (input->metrics_count > VERDICT_METRICS_MAX || input->blocks_count > STATS_N_MAX ||
	    input->counts_count > VERDICT_COUNTS_MAX)
		return err_set(err, -EINVAL,
			       "verdict: more than %d metrics, %d blocks or %d counts",
			       VERDICT_METRICS_MAX, STATS_N_MAX, VERDICT_COUNTS_MAX);
	for (size_t i = 0; i < input->metrics_count && rc == 0; i++)
		rc = check_metric(&input->metrics[i], err);
	for (size_t i = 0; i < input->counts_count && rc == 0; i++)
		if (!(input->counts[i].margin_ratio >= 0) || !(input->counts[i].margin_abs >= 0))
			rc = err_set(err, -EINVAL, "verdict: margin of %s is out of range",
				     input->counts[i].key);
	return rc;
}

static int make_rows(const struct verdict_input *input, struct verdict *v)
{
	size_t m = input->metrics_count, c = input->counts_count;

	v->rows = calloc(m ? m : 1, sizeof(*v->rows));
	v->counts_rows = calloc(c ? c : 1, sizeof(*v->counts_rows));
	if (!v->rows || !v->counts_rows)
		return -ENOMEM;
	v->rows_count = m;
	v->counts_count = c;
	for (size_t i = 0; i < m; i++)
		verdict_row_init(input, i, &v->rows[i]);
	for (size_t i = 0; i < c; i++)
		verdict_count_judge(&input->counts[i], &v->counts_rows[i]);
	return 0;
}

static size_t reachable_n(const struct verdict_terms *terms, size_t blocking_count)
{
	struct stats_family_cfg cfg = { .level = terms->level, .flips_count = terms->flips_count };

	return blocking_count ? stats_family_reachable_n(&cfg, blocking_count) : 0;
}

int verdict_decide(const struct verdict_cfg *cfg, const struct verdict_input *input,
		   struct verdict *out, struct err *err)
{
	struct verdict v = { .blocks_count = input->blocks_count };
	struct verdict_terms terms;
	int rc = make_terms(cfg, input, &terms, err);

	if (rc == 0)
		rc = check_input(input, err);
	if (rc < 0)
		return rc;
	v.level = terms.level;
	v.reachable_n = reachable_n(&terms, count_blocking(input));
	rc = make_rows(input, &v);
	if (rc == 0)
		rc = verdict_blocking_judge(&terms, input, v.rows);
	if (rc == 0)
		rc = verdict_explaining_judge(&terms, input, v.rows);
	if (rc < 0) {
		verdict_deinit(&v);
		return err_set(err, rc, "verdict: %s",
			       rc == -EINVAL ? "too many metrics that block" : "out of memory");
	}
	verdict_conclude(!cfg->looks || cfg->look + 1 == cfg->looks->count, &v);
	*out = v;
	return 0;
}

void verdict_deinit(struct verdict *v)
{
	free(v->rows);
	free(v->counts_rows);
	*v = (struct verdict){ 0 };
}
