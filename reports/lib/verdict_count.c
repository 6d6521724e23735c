/*
 * verdict_count.c - counts that do not depend on the clock.
 *
 * Two runs of A say how far a count repeats. One that moves by more than half of its margin between
 * them cannot show a change of the margin, and is left out; one that moves less has its own
 * movement added to the margin. Context switches usually fall out that way, instructions never.
 */
#include <math.h>

#include "reports/lib/verdict_private.h"

void verdict_count_judge(const struct verdict_count *count, struct verdict_count_row *row)
{
	double noise = fabs(count->a_again - count->a);
	double margin = fmax(count->margin_abs, count->margin_ratio * fabs(count->a));

	*row = (struct verdict_count_row){
		.count = count,
		.signal = VERDICT_ABSENT,
		.change_abs = count->b - count->a,
		.change_ratio = count->a > 0 ? (count->b - count->a) / count->a : NAN,
		.margin = margin,
	};
	if (!isfinite(count->a) || !isfinite(count->b))
		return;
	row->signal = VERDICT_UNKNOWN;
	if (!isfinite(noise) || noise > margin / 2)
		return;
	row->is_exact = noise == 0; /* NOLINT(clang-diagnostic-float-equal): the same number */
	row->margin = margin + noise;
	/* A rounding of a - b must not turn a change of just the margin into a larger one. */
	if (row->change_abs > row->margin * (1 + 1e-9))
		row->signal = VERDICT_UP;
	else if (row->change_abs < -row->margin * (1 + 1e-9))
		row->signal = VERDICT_DOWN;
	else
		row->signal = VERDICT_FLAT;
}

/* One that is up decides; one that is unknown says nothing about those that are known. */
enum verdict_signal verdict_counts_signal(const struct verdict_count_row *rows, size_t n)
{
	bool is_down = false, is_flat = false, is_unknown = false;

	for (size_t i = 0; i < n; i++) {
		if (rows[i].signal == VERDICT_UP)
			return VERDICT_UP;
		is_down = is_down || rows[i].signal == VERDICT_DOWN;
		is_flat = is_flat || rows[i].signal == VERDICT_FLAT;
		is_unknown = is_unknown || rows[i].signal == VERDICT_UNKNOWN;
	}
	return is_down      ? VERDICT_DOWN
	       : is_flat    ? VERDICT_FLAT
	       : is_unknown ? VERDICT_UNKNOWN
			    : VERDICT_ABSENT;
}
