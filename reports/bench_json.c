/* bench_json.c - see bench_json.h. */
#include "reports/bench_json.h"

#include <math.h>
#include <string.h>

static double to_ns(const char *unit)
{
	if (unit && strcmp(unit, "us") == 0)
		return 1e3;
	if (unit && strcmp(unit, "ms") == 0)
		return 1e6;
	return unit && strcmp(unit, "s") == 0 ? 1e9 : 1;
}

static int is_called(const char *have, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(have, "bench_", 6) == 0)
		have += 6;
	return strncmp(have, name, len) == 0 && (have[len] == '\0' || have[len] == '/');
}

double bench_best_ns(const json_t *bench, const char *name)
{
	const json_t *list = json_object_get(bench, "benchmarks"), *one;
	double best = NAN;
	size_t i;

	json_array_foreach(list, i, one)
	{
		const char *have = json_string_value(json_object_get(one, "name"));
		const char *aggregate = json_string_value(json_object_get(one, "aggregate_name"));
		const json_t *time = json_object_get(one, "real_time");

		if (!have || !is_called(have, name) || !json_is_number(time))
			continue;
		if (aggregate && strcmp(aggregate, "median") != 0)
			continue;
		best = fmin(best,
			    json_number_value(time) *
				    to_ns(json_string_value(json_object_get(one, "time_unit"))));
	}
	return best;
}
