#include "reports/judge/judge.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "reports/judge/figures.h"
#include "reports/judge/metric.h"
#include "reports/judge/target.h"
#include "reports/lib/stats.h"
#include "reports/read/bench_json.h"
#include "reports/read/view.h"

static bool is_within(const struct target *t, double value)
{
	return t->relation == TARGET_BELOW ? value < t->limit : value >= t->limit;
}

static enum verdict verdict_of(const struct target *t, const struct judged *j)
{
	bool is_low_within, is_high_within;

	if (t->relation == TARGET_SHOWN)
		return VERDICT_SHOWN;
	if (j->count == 1)
		return is_within(t, j->value) ? VERDICT_MET : VERDICT_MISSED;
	is_low_within = is_within(t, j->low);
	is_high_within = is_within(t, j->high);
	if (is_low_within != is_high_within)
		return VERDICT_UNSETTLED;
	return is_low_within ? VERDICT_MET : VERDICT_MISSED;
}

/* A difference may be 0 or negative; every other figure is positive, except counts, which
 * may be 0. */
static bool has_logarithms(const struct target *t, const double *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!(values[i] > 0))
			return false;
	return !t->minus;
}

static int find_interval(const struct target *t, const double *values, size_t count,
			 struct judged *out)
{
	bool is_log = has_logarithms(t, values, count);
	double *copy = malloc(count * sizeof(*copy));
	struct stats_signed_rank s;
	int rc = copy ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && rc == 0; i++)
		copy[i] = is_log ? log(values[i]) : values[i];
	if (rc == 0)
		rc = stats_signed_rank(copy, count, STATS_ALPHA, &s);
	free(copy);
	if (rc < 0)
		return rc;
	out->value = is_log ? exp(s.theta) : s.theta;
	out->low = is_log ? exp(s.low) : s.low;
	out->high = is_log ? exp(s.high) : s.high;
	return 0;
}

int judge_values(const struct target *t, const double *values, size_t count, struct judged *out)
{
	struct judged j = { .count = count, .value = NAN, .low = NAN, .high = NAN };
	int rc = 0;

	if (count == 1)
		j.value = values[0];
	else if (count > 1)
		rc = find_interval(t, values, count, &j);
	if (rc < 0)
		return rc;
	j.verdict = count ? verdict_of(t, &j) : VERDICT_UNMEASURED;
	*out = j;
	return 0;
}

double target_read(const struct target *t, const struct view *v)
{
	return t->metric ? metric_read(t->metric, v)
			 : target_bench_value(
				   t, v->bench,
				   &(struct bench_arch){ view_text(v->dir.run, "preset"),
							 json_object_get(v->dir.run, "axes") });
}

int judge_runs(const struct target *t, const struct view *views, size_t count, size_t step,
	       struct judged *out)
{
	double *values = calloc(count + 1, sizeof(*values));
	bool is_zero = true;
	size_t n = 0;
	int rc;

	if (!values)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct view *v = &views[i * step];
		double value = target_read(t, v);
		double zero = t->needs_zero ? metric_read(t->needs_zero, v) : 0;

		if (isnan(value) || isnan(zero))
			continue;
		values[n++] = value;
		is_zero &= zero == 0;
	}
	rc = judge_values(t, values, n, out);
	if (rc == 0 && !is_zero)
		out->verdict = VERDICT_MISSED;
	free(values);
	return rc;
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = { "not measured", "met", "missed", "not settled",
					     "shown" };

	return names[verdict];
}
