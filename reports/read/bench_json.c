#include "reports/read/bench_json.h"

#include <math.h>
#include <stdio.h>
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

/* goxel-bench uses plain names; other programs may use bench_NAME. */
static const char *name_of(const json_t *one)
{
	const char *name = json_string_value(json_object_get(one, "run_name"));

	if (!name)
		name = json_string_value(json_object_get(one, "name"));
	return name && strncmp(name, "bench_", 6) == 0 ? name + 6 : name;
}

/* Whether rest is only what the library appends to a name: "/real_time/threads:2". */
static bool is_appended(const char *rest)
{
	static const char *const known[] = { "/iterations:", "/repeats:",    "/threads:",
					     "/real_time",   "/manual_time", "/process_time" };

	while (*rest) {
		size_t i = 0, count = sizeof(known) / sizeof(known[0]);

		while (i < count && strncmp(rest, known[i], strlen(known[i])) != 0)
			i++;
		if (i == count)
			return false;
		rest += 1 + strcspn(rest + 1, "/");
	}
	return true;
}

static bool is_called(const json_t *one, const char *name)
{
	const char *have = name_of(one);
	size_t len = strlen(name);

	return have && strncmp(have, name, len) == 0 && is_appended(have + len);
}

static bool is_bad(const json_t *one)
{
	return json_is_true(json_object_get(one, "error_occurred")) ||
	       json_is_true(json_object_get(one, "skipped"));
}

static double time_ns(const json_t *one)
{
	const char *name = name_of(one);
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
		double ns = is_called(one, name) && !is_bad(one) ? time_ns(one) : NAN;

		if (isnan(ns))
			continue;
		if (!aggregate)
			values[n++] = ns;
		else if (strcmp(aggregate, "median") == 0)
			median = ns; /* the only value in a file of aggregates */
	}
	if (n)
		median = stats_median(values, n);
	free(values);
	return median;
}

bool bench_pattern_fill(const struct bench_arch *arch, const char *pattern, char *out, size_t cap)
{
	size_t before = strcspn(pattern, "{"), inside, len;
	const char *used;
	char axis[64];

	if (!pattern[before])
		return snprintf(out, cap, "%s", pattern) < (int)cap;
	inside = strcspn(pattern + before + 1, "}");
	snprintf(axis, sizeof(axis), "%.*s", (int)inside, pattern + before + 1);
	used = strcmp(axis, "preset") == 0 ? arch->preset
					   : json_string_value(json_object_get(arch->axes, axis));
	if (!used)
		return false;
	len = (size_t)snprintf(out, cap, "%.*s%s%s", (int)before, pattern, used,
			       pattern + before + 1 + inside + 1);
	return len < cap;
}

double bench_pattern_ns(const json_t *bench, const struct bench_arch *arch, const char *pattern)
{
	char name[160];

	return bench_pattern_fill(arch, pattern, name, sizeof(name)) ? bench_ns(bench, name) : NAN;
}
