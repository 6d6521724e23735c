/*
 * read_k6.c - k6's summary: `--summary-export` (figures directly in a metric) and handleSummary's
 * data (figures in "values"). One value for each figure of a run: trends in ms, rates per second,
 * shares of failures.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/err.h"
#include "reports/read/others.h"

struct figure {
	const char *metric; /* NULL: any metric that ends in _duration or _waiting */
	const char *key;
	const char *label;
	const char *unit;
	double scale;
	bool is_bigger_better;
};

static const struct figure figures[] = {
	{ NULL, "avg", "mean", "ns", 1e6, false },
	{ NULL, "med", "p50", "ns", 1e6, false },
	{ NULL, "p(90)", "p90", "ns", 1e6, false },
	{ NULL, "p(95)", "p95", "ns", 1e6, false },
	{ NULL, "p(99)", "p99", "ns", 1e6, false },
	{ NULL, "p(99.9)", "p99.9", "ns", 1e6, false },
	{ "http_reqs", "rate", "rate", "1/s", 1, true },
	{ "iterations", "rate", "rate", "1/s", 1, true },
	{ "http_req_failed", "rate", "share", "", 1, false },
	{ "http_req_failed", "value", "share", "", 1, false },
};

static bool ends_in(const char *s, const char *end)
{
	size_t len = strlen(s), end_len = strlen(end);

	return len >= end_len && strcmp(s + len - end_len, end) == 0;
}

static bool is_of(const struct figure *f, const char *metric)
{
	return f->metric ? strcmp(f->metric, metric) == 0
			 : ends_in(metric, "_duration") || ends_in(metric, "_waiting");
}

static int read_figure(const char *name, const char *metric, const struct figure *f,
		       const json_t *value, struct others *out, struct err *err)
{
	char label[OTHERS_NAME_BYTES];
	struct others_metric *row;
	double x = json_number_value(value);
	int rc;

	if (!json_is_number(value) || !(x >= 0) || !isfinite(x))
		return err_set(err, -EPROTO, "%s: %s of %.64s is no number", name, f->key, metric);
	snprintf(label, sizeof(label), "%s %s", metric, f->label);
	rc = others_add(out, label, f->unit, f->is_bigger_better, &row);
	if (rc == 0)
		rc = others_add_value(row, x * f->scale);
	return rc < 0 ? err_set(err, rc, "%s: too many metrics, or out of memory", name) : 0;
}

int read_k6(const char *name, const json_t *root, struct others *out, struct err *err)
{
	json_t *metrics = json_object_get(root, "metrics"), *one;
	const char *metric;

	json_object_foreach(metrics, metric, one)
	{
		const json_t *values = json_object_get(one, "values");

		values = json_is_object(values) ? values : one;
		for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
			const json_t *value = json_object_get(values, figures[i].key);
			int rc;

			if (!value || !is_of(&figures[i], metric))
				continue;
			rc = read_figure(name, metric, &figures[i], value, out, err);
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}
