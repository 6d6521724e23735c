/* bench_json.c - see bench_json.h. */
#include "reports/bench_json.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "reports/lib/stats.h"

static double to_ns(const char *unit)
{
	if (unit && strcmp(unit, "us") == 0)
		return 1e3;
	if (unit && strcmp(unit, "ms") == 0)
		return 1e6;
	return unit && strcmp(unit, "s") == 0 ? 1e9 : 1;
}

/* goxel-bench writes its names as they are; others may call theirs bench_NAME. */
static bool is_called(const json_t *one, const char *name)
{
	const char *have = json_string_value(json_object_get(one, "run_name"));

	if (!have)
		have = json_string_value(json_object_get(one, "name"));
	if (have && strncmp(have, "bench_", 6) == 0)
		have += 6;
	return have && strcmp(have, name) == 0;
}

static bool is_bad(const json_t *one)
{
	return json_is_true(json_object_get(one, "error_occurred")) ||
	       json_is_true(json_object_get(one, "skipped"));
}

static double time_ns(const json_t *one, const char *name)
{
	bool is_real = strstr(name, "/real_time") || strstr(name, "/manual_time") ||
		       json_integer_value(json_object_get(one, "threads")) > 1;
	const json_t *time = json_object_get(one, is_real ? "real_time" : "cpu_time");

	if (!json_is_number(time))
		time = json_object_get(one, "real_time");
	return json_is_number(time)
		       ? json_number_value(time) *
				 to_ns(json_string_value(json_object_get(one, "time_unit")))
		       : NAN;
}

double bench_ns(const json_t *bench, const char *name)
{
	const json_t *list = json_object_get(bench, "benchmarks"), *one;
	double *values = malloc((json_array_size(list) + 1) * sizeof(*values));
	double median = NAN;
	size_t n = 0, i;

	if (!values)
		return NAN;
	json_array_foreach(list, i, one)
	{
		const char *aggregate = json_string_value(json_object_get(one, "aggregate_name"));
		double ns = is_called(one, name) && !is_bad(one) ? time_ns(one, name) : NAN;

		if (isnan(ns))
			continue;
		if (!aggregate)
			values[n++] = ns;
		else if (strcmp(aggregate, "median") == 0)
			median = ns; /* all there is in a file of aggregates */
	}
	if (n)
		median = stats_median(values, n);
	free(values);
	return median;
}
