#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reports/test/gate.h"

#include <math.h>

#include "reports/test/noise.h"

void gate_init(struct gate *g, double alpha)
{
	/* cpu, cpu p99, throughput, p50, p90, p99, RSS */
	static const double scale[GATE_METRICS] = { 0.02, 0.03, 0.01, 0.015, 0.05, 0.3, 0.002 };

	struct stats_looks_cfg plan = { .alpha = alpha, .metrics_count = GATE_METRICS };

	*g = (struct gate){ .flips_count = 0 };
	assert_int_equal(stats_looks_plan(&plan, &g->looks), 0);
	for (size_t q = 0; q < GATE_METRICS; q++) {
		g->metrics[q] = verdict_metrics_default[q];
		g->scale[q] = scale[q];
	}
	g->counts[0] = *verdict_count_find("instructions_per_request");
	g->counts[0].a = g->counts[0].a_again = g->counts[0].b = 100000;
}

static void note_rows(const struct gate *g, const struct verdict *v, struct gate_end *end)
{
	for (size_t q = 0; q < GATE_METRICS; q++) {
		const struct verdict_row *row = &v->rows[q];
		double truth = g->metrics[q].is_bigger_better ? -g->shift[q] : g->shift[q];
		bool is_worse = g->shift[q] > row->margin_ln;

		if (row->answer == VERDICT_ROW_REGRESSED && !is_worse)
			end->has_false_regressed = true;
		if ((row->answer == VERDICT_ROW_EQUIVALENT ||
		     row->answer == VERDICT_ROW_NOT_WORSE) &&
		    g->shift[q] >= row->margin_ln)
			end->has_false_not_worse = true;
		if (row->low > truth || row->high < truth)
			end->has_uncovered = true;
	}
}

struct gate_end gate_run(const struct gate *g, struct rng *rng)
{
	struct verdict_cfg cfg = { .alpha = g->looks.alpha,
				   .looks = &g->looks,
				   .seed = rng_next(rng),
				   .flips_count = g->flips_count };
	struct verdict_input input = { .metrics = g->metrics,
				       .metrics_count = GATE_METRICS,
				       .counts = g->counts,
				       .counts_count = g->counts_count };
	double d[GATE_BLOCKS_MAX * GATE_METRICS];
	struct gate_end end = { 0 };
	bool wants_more = true;

	noise_sitting(rng, GATE_BLOCKS_MAX, GATE_METRICS, g->scale, g->shift, d);
	for (size_t i = 0; i < GATE_BLOCKS_MAX; i++)
		for (size_t q = 0; q < GATE_METRICS; q++)
			if (g->metrics[q].is_bigger_better)
				d[i * GATE_METRICS + q] = -d[i * GATE_METRICS + q];
	input.d = d;
	for (; wants_more && cfg.look < g->looks.count; cfg.look++) {
		struct verdict v;

		input.blocks_count = g->looks.n[cfg.look];
		assert_int_equal(verdict_decide(&cfg, &input, &v, NULL), 0);
		end.joint = v.joint;
		end.action = v.action;
		end.blocks_count = input.blocks_count;
		end.has_uncovered = false; /* bands are for one look, the last */
		note_rows(g, &v, &end);
		wants_more = v.wants_more;
		verdict_deinit(&v);
	}
	return end;
}
