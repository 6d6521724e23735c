/*
 * read_gbench.c - Google Benchmark's JSON: CPU and wall time per iteration of each repetition. A
 * file of aggregates only (--benchmark_report_aggregates_only) gives its medians as one value.
 * Benchmarks that failed are left out.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/err.h"
#include "reports/read/others.h"

/* 0: a unit that is not known. */
static double unit_ns(const json_t *one)
{
	const char *unit = json_string_value(json_object_get(one, "time_unit"));

	if (!unit || strcmp(unit, "ns") == 0)
		return 1;
	return strcmp(unit, "us") == 0   ? 1e3
	       : strcmp(unit, "ms") == 0 ? 1e6
	       : strcmp(unit, "s") == 0  ? 1e9
					 : 0;
}

static bool is_run(const json_t *one)
{
	const char *type = json_string_value(json_object_get(one, "run_type"));

	return !json_is_true(json_object_get(one, "error_occurred")) &&
	       !json_is_true(json_object_get(one, "skipped")) &&
	       (!type || strcmp(type, "iteration") == 0);
}

static bool is_median(const json_t *one)
{
	const char *aggregate = json_string_value(json_object_get(one, "aggregate_name"));

	return aggregate && strcmp(aggregate, "median") == 0;
}

static int add_time(struct others *out, const char *benchmark, const char *key, double ns)
{
	struct others_metric *metric = NULL;
	char name[OTHERS_NAME_BYTES];
	int rc = 0;

	snprintf(name, sizeof(name), "%s %s", benchmark, key);
	for (size_t i = out->count; i-- > 0 && !metric;) /* repetitions follow each other */
		if (strcmp(out->metrics[i].name, name) == 0)
			metric = &out->metrics[i];
	if (!metric)
		rc = others_add(out, name, "ns", false, &metric);
	return rc < 0 ? rc : others_add_value(metric, ns);
}

static int read_one(const char *name, const json_t *one, struct others *out, struct err *err)
{
	static const char *const keys[] = { "cpu_time", "real_time" };
	const char *benchmark = json_string_value(json_object_get(one, "run_name"));

	if (!benchmark)
		benchmark = json_string_value(json_object_get(one, "name"));
	if (!benchmark)
		return err_set(err, -EPROTO, "%s: a benchmark has no name", name);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *time = json_object_get(one, keys[i]);
		double ns = json_number_value(time) * unit_ns(one);
		int rc;

		if (!time)
			continue;
		if (!json_is_number(time) || !(ns >= 0) || !isfinite(ns) || unit_ns(one) < 1)
			return err_set(err, -EPROTO, "%s: %s of %.64s is no time", name, keys[i],
				       benchmark);
		rc = add_time(out, benchmark, keys[i], ns);
		if (rc < 0)
			return err_set(err, rc, "%s: too many benchmarks, or out of memory", name);
	}
	return 0;
}

int read_gbench(const char *name, const json_t *root, struct others *out, struct err *err)
{
	const json_t *all = json_object_get(root, "benchmarks");
	const json_t *context = json_object_get(root, "context");
	const char *host = json_string_value(json_object_get(context, "host_name"));
	size_t n = json_array_size(all);
	int rc = 0;

	snprintf(out->machine, sizeof(out->machine), "%s", host ? host : "");
	for (size_t i = 0; i < n && rc == 0; i++)
		if (is_run(json_array_get(all, i)))
			rc = read_one(name, json_array_get(all, i), out, err);
	if (out->count > 0)
		return rc;
	for (size_t i = 0; i < n && rc == 0; i++)
		if (is_median(json_array_get(all, i)))
			rc = read_one(name, json_array_get(all, i), out, err);
	return rc;
}
