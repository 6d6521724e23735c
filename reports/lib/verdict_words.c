/* verdict_words.c - the names of verdicts and the sentence that people read. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reports/lib/verdict_private.h"

/* clang-format off */
static const struct {
	const char *name;
	enum verdict_action action;
	const char *meaning;
} joints[VERDICT_JOINTS] = {
	[VERDICT_INCONCLUSIVE] = { "INCONCLUSIVE", VERDICT_MORE,
		"These blocks show neither a change beyond the margins nor that there is none." },
	[VERDICT_REGRESSED] = { "REGRESSED", VERDICT_BLOCK,
		"B is slower or larger than A by more than the margin." },
	[VERDICT_HIDDEN] = { "HIDDEN", VERDICT_BLOCK,
		"B costs more CPU time; wall time does not show it beyond its margin." },
	[VERDICT_WORK_UP] = { "WORK_UP", VERDICT_WARN,
		"B does more work for each request; no change in CPU time is shown." },
	[VERDICT_LAYOUT] = { "LAYOUT", VERDICT_RELINK,
		"B costs more CPU time for the same work: memory layout, cache or contention. "
		"Measure with other link orders." },
	[VERDICT_ENVIRONMENT] = { "ENVIRONMENT", VERDICT_CONFIRM,
		"Wall time is worse, work and CPU time are not: waiting, or the machine. "
		"A second sitting decides." },
	[VERDICT_IMPROVED] = { "IMPROVED", VERDICT_PASS,
		"B is faster or smaller than A by more than the margin, and nothing is worse." },
	[VERDICT_EQUIVALENT] = { "EQUIVALENT", VERDICT_PASS,
		"No required metric of B is worse than A by more than its margin." },
};
/* clang-format on */

const char *verdict_joint_name(enum verdict_joint joint)
{
	return joints[joint].name;
}

const char *verdict_joint_meaning(enum verdict_joint joint)
{
	return joints[joint].meaning;
}

enum verdict_action verdict_joint_action(enum verdict_joint joint)
{
	return joints[joint].action;
}

const char *verdict_answer_name(enum verdict_answer answer)
{
	static const char *const names[] = { "INCONCLUSIVE", "REGRESSED", "IMPROVED", "EQUIVALENT",
					     "NOT_WORSE" };

	return names[answer];
}

const char *verdict_signal_name(enum verdict_signal signal)
{
	static const char *const names[] = { "up", "flat", "down", "unknown", "not measured" };

	return names[signal];
}

/* Appends; what does not fit is cut. */
static void say(struct verdict *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct verdict *v, const char *fmt, ...)
{
	size_t len = strlen(v->sentence);
	va_list args;

	va_start(args, fmt);
	vsnprintf(v->sentence + len, sizeof(v->sentence) - len, fmt, args);
	va_end(args);
}

static double pct(double ln)
{
	return 100 * expm1(ln);
}

static void say_row(struct verdict *v, const struct verdict_row *row)
{
	if (row->n == 0) {
		say(v, " %s: no value.", row->metric->key);
		return;
	}
	say(v, " %s %+.2f %%", row->metric->key, pct(row->theta));
	if (isfinite(row->lower) && isfinite(row->upper))
		say(v, " [%+.2f, %+.2f]", pct(row->lower), pct(row->upper));
	if (isfinite(row->detectable_ln))
		say(v, ", seen from %.1f %%.", pct(row->detectable_ln));
	else
		say(v, ", too few blocks for any answer.");
}

static bool is_worth_saying(const struct verdict *v, const struct verdict_row *row)
{
	return verdict_is_awaited(v, row) ||
	       (row->metric->family == VERDICT_BLOCKING && row->answer == VERDICT_ROW_REGRESSED);
}

/* Rows that regressed first. */
static void say_rows(struct verdict *v)
{
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < v->rows_count; i++)
			if (is_worth_saying(v, &v->rows[i]) &&
			    (v->rows[i].answer == VERDICT_ROW_REGRESSED) == (pass == 0))
				say_row(v, &v->rows[i]);
}

void verdict_say(struct verdict *v)
{
	v->sentence[0] = 0;
	say(v, "%s after %zu blocks: %s", verdict_joint_name(v->joint), v->blocks_count,
	    verdict_joint_meaning(v->joint));
	if (v->is_mixed)
		say(v, " Something else is better: a trade.");
	for (size_t i = 0; i < v->counts_count; i++)
		if (v->counts_rows[i].signal == VERDICT_UP)
			say(v, " %s %+.4g.", v->counts_rows[i].count->key,
			    v->counts_rows[i].change_abs);
	say_rows(v);
	if (v->blocks_needed == SIZE_MAX)
		say(v, " No number of blocks up to 100000 is likely to decide.");
	else if (v->blocks_needed > 0)
		say(v, " About %zu blocks in all are needed to decide.", v->blocks_needed);
}
