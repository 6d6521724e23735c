/* section_repeats.c - the result of several pairs of runs together. */
#include <math.h>
#include <stdio.h>

#include "reports/doc/fmt.h"
#include "reports/doc/plot.h"
#include "reports/judge/metric.h"
#include "reports/lib/stats.h"
#include "reports/section/repeats.h"
#include "reports/section/section.h"

static struct fmt p_text(double p)
{
	struct fmt out;

	snprintf(out.s, sizeof(out.s), p < 0.001 ? "%.1g" : "%.3f", p);
	return out;
}

/* In the form of all changes: a factor from 2 on. */
static struct fmt effect_text(double pct)
{
	return pct >= 100 ? fmt_ratio(1 + pct / 100) : fmt_signed_pct(pct);
}

static bool has_interval(const struct repeats_row *r)
{
	return !isinf(r->high_pct) && r->low_pct > -100;
}

static void put_interval(struct doc *d, const struct repeats_row *r)
{
	if (has_interval(r))
		doc_cell(d, TONE_NONE, "%s … %s", effect_text(r->low_pct).s,
			 effect_text(r->high_pct).s);
	else
		doc_cell(d, TONE_DIM, "too few pairs");
}

/* Good or bad when a difference is detected, none when it is not, dim when it is not judged. */
static enum doc_tone verdict_of(const struct repeats_row *r)
{
	if (!r->is_judged)
		return TONE_DIM;
	if (r->p_adjusted > STATS_ALPHA)
		return TONE_NONE;
	return (r->effect_pct > 0) == (r->metric->better > 0) ? TONE_GOOD : TONE_BAD;
}

static void put_verdict(struct doc *d, const struct repeats_row *r)
{
	static const char *const names[] = { [TONE_NONE] = "no difference detected",
					     [TONE_GOOD] = "better",
					     [TONE_BAD] = "worse",
					     [TONE_DIM] = "not judged" };
	enum doc_tone verdict = verdict_of(r);

	doc_cell(d, verdict == TONE_NONE ? TONE_DIM : verdict, "%s", names[verdict]);
}

void section_repeats_tiles(struct doc *d, const struct repeats *r)
{
	doc_tiles(d);
	for (size_t i = 0; i < r->rows_count && r->rows[i].is_judged; i++) {
		const struct repeats_row *row = &r->rows[i];

		doc_cell(d, TONE_NONE, "%s", row->metric->title);
		doc_cell(d, verdict_of(row), "%s", effect_text(row->effect_pct).s);
		if (!has_interval(row))
			doc_cell(d, TONE_NONE, "too few pairs for an interval");
		else
			doc_cell(d, TONE_NONE, "%s … %s%s", effect_text(row->low_pct).s,
				 effect_text(row->high_pct).s,
				 verdict_of(row) == TONE_NONE ? " · no difference detected" : "");
	}
}

static void put_rows(struct doc *d, const struct repeats *r)
{
	doc_table(d, "Figure|>Effect|>95 % interval|>p corrected|>p "
		     "alone|>Smallest detectable|Verdict");
	for (size_t i = 0; i < r->rows_count; i++) {
		const struct repeats_row *row = &r->rows[i];

		doc_cell(d, TONE_NONE, "%s", row->metric->title);
		doc_cell(d, TONE_NONE, "%s", effect_text(row->effect_pct).s);
		put_interval(d, row);
		doc_cell(d, TONE_NONE, "%s", row->is_judged ? p_text(row->p_adjusted).s : "");
		doc_cell(d, TONE_NONE, "%s", p_text(row->p_raw).s);
		doc_cell(d, TONE_NONE, "%s", fmt_effect(row->detectable_pct).s);
		put_verdict(d, row);
	}
}

/* Effect by quantile with its band; NULL when the band is not bounded. */
static char *band_plot(const struct repeats *r)
{
	double q[REPEATS_METRICS_MAX], mid[REPEATS_METRICS_MAX];
	double low[REPEATS_METRICS_MAX], high[REPEATS_METRICS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < r->rows_count; i++) {
		const struct repeats_row *row = &r->rows[i];

		if (!row->is_judged || row->metric->group != GROUP_LOAD ||
		    row->metric->quantile <= 0 || row->metric->quantile >= 1 ||
		    row->metric->key[0] != 'r' || isinf(row->high_pct))
			continue;
		q[count] = row->metric->quantile;
		mid[count] = 1 + row->effect_pct / 100;
		low[count] = 1 + row->low_pct / 100;
		high[count++] = 1 + row->high_pct / 100;
	}
	return plot_lines(
		&(struct plot){ .alt = "Response time, optimized over baseline, by percentile, "
				       "with its 95 % band",
				.series = { { "ratio", 'b', q, mid, count },
					    { "95 % band", 'c', q, low, count },
					    { "", 'c', q, high, count } },
				.y_unit = PLOT_PLAIN,
				.is_percentile = true,
				.target = 1,
				.target_name = "equal" });
}

static bool has_shown_across_zero(const struct repeats *r)
{
	for (size_t i = 0; i < r->rows_count; i++) {
		const struct repeats_row *row = &r->rows[i];

		if (row->is_judged && row->p_adjusted <= STATS_ALPHA && row->low_pct < 0 &&
		    row->high_pct > 0)
			return true;
	}
	return false;
}

void section_repeats(struct doc *d, const struct repeats *r)
{
	size_t reachable = repeats_reachable(r->judged_count ? r->judged_count : 1);

	doc_heading(d, 1, "All pairs together");
	doc_note(
		d, TONE_NONE,
		"%zu pairs. Each pair counts once, whatever its number of requests: the effect is "
		"the median of the averages of every two pairs. Intervals and p-values are exact "
		"when the order inside the pairs is random or alternates. %zu figures, chosen "
		"before any measurement, are judged; their intervals hold simultaneously and their "
		"p-values are corrected for their number. The others are shown without a verdict.",
		r->pairs_count, r->judged_count);
	if (r->pairs_count < reachable)
		doc_note(d, TONE_WARN,
			 "Too few pairs to reach the 5 %% level after correction, whatever the "
			 "result: run at least %zu.",
			 reachable);
	if (r->lacking[0])
		doc_note(d, TONE_WARN, "Not judged, because it is missing in some run: %s.",
			 r->lacking);
	doc_figure(d, "Response time ratio by percentile", band_plot(r), false,
		   "Optimized over baseline: below the dashed line the optimized side is faster. "
		   "The band holds for all "
		   "quantiles at once.");
	put_rows(d, r);
	if (has_shown_across_zero(r))
		doc_para(d,
			 "A difference can be detected although the interval includes no change: "
			 "step-down p-values are slightly more powerful than intervals that "
			 "hold simultaneously.");
	doc_para(d,
		 "“Smallest detectable” is the smallest true effect that this many pairs with this "
		 "variation detect with a power of 90 %% at the one-sided 1 %% level. The sections "
		 "below show the first pair alone.");
}
