/* pair_print.c - the table of effects. Its words come from intervals, never from estimates. */
#include <math.h>
#include <stdio.h>

#include "loadgen/pair/pair_sitting.h"
#include "loadgen/report/progress.h"

enum { CELL = 32 };

static const char *format_value(enum pair_unit unit, double v, char *out)
{
	if (unit == PAIR_NS)
		return format_time((uint64_t)v, out, CELL);
	if (unit == PAIR_BYTES)
		snprintf(out, CELL, "%.2f MiB", v / (1 << 20));
	else
		snprintf(out, CELL, "%.3g", v);
	return out;
}

static const char *format_percent(double v, char *out)
{
	if (isfinite(v))
		snprintf(out, CELL, "%+.*f %%", fabs(v) < 10 ? 2 : 1, v);
	else
		snprintf(out, CELL, "-");
	return out;
}

static const char *words_of(const struct pair_effect *e)
{
	if (e->high_pct < 0)
		return "lower";
	return e->low_pct > 0 ? "higher" : "no difference shown";
}

/* The text in so many columns, to the right; UTF-8's following bytes take none. */
static void put_right(FILE *out, const char *text, int columns)
{
	for (const char *s = text; *s; s++)
		columns -= (*s & 0xc0) != 0x80;
	fprintf(out, "%*s%s", columns > 0 ? columns : 0, "", text);
}

static void print_row(const struct pair_sitting *s, const struct pair_effect *e, FILE *out)
{
	char base[CELL], arm[CELL], change[CELL], low[CELL], high[CELL], span[2 * CELL + 8];
	char detectable[CELL], p[CELL] = "-";

	format_value(e->metric->unit, e->base_median, base);
	format_value(e->metric->unit, e->arm_median, arm);
	if (isinf(e->low_pct) || isinf(e->high_pct))
		snprintf(span, sizeof(span), "needs more blocks");
	else
		snprintf(span, sizeof(span), "%s .. %s", format_percent(e->low_pct, low),
			 format_percent(e->high_pct, high));
	if (!isnan(e->p_adjusted))
		snprintf(p, sizeof(p), "%.4f", e->p_adjusted);
	if (isnan(e->detectable_pct))
		snprintf(detectable, sizeof(detectable), "-");
	else
		snprintf(detectable, sizeof(detectable), "%.2f %%", e->detectable_pct);
	fprintf(out, "%c  %-30s ", s->setup->arms[e->arm].name, e->metric->label);
	put_right(out, base, 11);
	put_right(out, arm, 12);
	fprintf(out, " %10s  %-24s %7s %10s  %s\n", format_percent(e->change_pct, change), span, p,
		detectable, words_of(e));
}

static void print_refused(const struct pair_sitting *s, FILE *out)
{
	size_t refused = s->records_count - s->valid_count;

	if (refused)
		fprintf(out, "%zu of %zu blocks do not count; the file says why\n", refused,
			s->records_count);
}

void pair_sitting_print(const struct pair_sitting *s, FILE *out)
{
	const struct pair_setup *setup = s->setup;

	for (uint32_t i = 0; i < setup->design.arms_count; i++)
		fprintf(out, "%c: %s\n", setup->arms[i].name, setup->arms[i].spec);
	fprintf(out, "%zu blocks, %.0f requests/s, workload %s, seed %llu\n", s->valid_count,
		setup->load.rate_per_s, setup->workload->name,
		(unsigned long long)setup->design.seed);
	print_refused(s, out);
	if (!s->effects.count) {
		fprintf(out, "a comparison needs at least two blocks that count\n");
		return;
	}
	fprintf(out, "\n   %-30s %11s %11s %10s  %-24s %7s %10s  %s\n", "metric (less is better)",
		"A", "it", "change", "95 % interval", "p adj.", "detectable", "what it shows");
	for (int judged = 1; judged >= 0; judged--) {
		if (!judged)
			fprintf(out, "not judged, each interval by itself:\n");
		for (size_t i = 0; i < s->effects.count; i++)
			if (s->effects.rows[i].metric->is_judged == judged)
				print_row(s, &s->effects.rows[i], out);
	}
	fprintf(out,
		"\nThe intervals of the judged metrics hold together at 95 %%. Detectable: the "
		"change that this\nmany blocks show with 80 %% probability.\n");
}
