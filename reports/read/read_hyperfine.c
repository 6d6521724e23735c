/*
 * read_hyperfine.c - `hyperfine --export-json`: for each command the wall time of each run, in
 * seconds. A result without its runs gives its mean as one value.
 */
#include <errno.h>
#include <math.h>

#include "daemon/base/err.h"
#include "reports/read/others.h"

static int read_result(const char *name, const json_t *one, struct others *out, struct err *err)
{
	const char *command = json_string_value(json_object_get(one, "command"));
	const json_t *times = json_object_get(one, "times"), *mean = json_object_get(one, "mean");
	struct others_metric *metric;
	int rc;

	if (!command)
		return err_set(err, -EPROTO, "%s: a result has no command", name);
	rc = others_add(out, command, "ns", false, &metric);
	for (size_t i = 0; i < json_array_size(times) && rc == 0; i++) {
		const json_t *time = json_array_get(times, i);
		double s = json_is_number(time) ? json_number_value(time) : NAN;

		if (!(s >= 0) || !isfinite(s))
			return err_set(err, -EPROTO, "%s: run %zu of '%.64s' has no time", name,
				       i + 1, command);
		rc = others_add_value(metric, s * 1e9);
	}
	if (rc == 0 && metric->count == 0) {
		if (!json_is_number(mean) || !(json_number_value(mean) >= 0))
			return err_set(err, -EPROTO, "%s: '%.64s' has no times", name, command);
		rc = others_add_value(metric, json_number_value(mean) * 1e9);
	}
	return rc < 0 ? err_set(err, rc, "%s: too many runs, or out of memory", name) : 0;
}

int read_hyperfine(const char *name, const json_t *root, struct others *out, struct err *err)
{
	const json_t *results = json_object_get(root, "results");
	int rc = 0;

	for (size_t i = 0; i < json_array_size(results) && rc == 0; i++)
		rc = read_result(name, json_array_get(results, i), out, err);
	return rc;
}
