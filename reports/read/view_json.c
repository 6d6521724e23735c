/* view_json.c - looks up values in the JSON files of a run. */
#include <math.h>
#include <string.h>

#include "daemon/base/hist.h"
#include "reports/lib/quantiles.h"
#include "reports/read/view.h"

static const double RARE_SHARE =
	0.01; /* of the requests: below this, passing a stage is the exception */

const json_t *view_at(const json_t *root, const char *path)
{
	while (root && *path) {
		char name[64];
		size_t len = strcspn(path, ".");

		if (len >= sizeof(name))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		root = json_object_get(root, name);
		path += len + (path[len] == '.');
	}
	return root;
}

double view_number(const json_t *root, const char *path)
{
	const json_t *value = view_at(root, path);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *view_text(const json_t *root, const char *path)
{
	return json_string_value(view_at(root, path));
}

static double quantile_of(const struct view *v, const struct hist *h, const char *group, double q)
{
	const struct quantile *known = quantile_find(q);

	if (h && h->total)
		return (double)hist_quantile_ns(h, q);
	return known ? view_number(json_object_get(v->load, group), known->key) : NAN;
}

double view_quantile_ns(const struct view *v, double q)
{
	return quantile_of(v, v->response, "response_time_ns", q);
}

double view_service_quantile_ns(const struct view *v, double q)
{
	return quantile_of(v, v->service, "service_time_ns", q);
}

double view_profiled_requests(const struct view *v)
{
	double count = view_number(v->counters, "requests_count");

	if (isnan(count))
		count = view_number(v->allocs, "requests_count");
	if (isnan(count)) /* the load's own rate over the time that was profiled */
		count = view_number(v->counters, "duration_s") *
			view_number(v->load, "totals.throughput_per_s");
	return count > 0 ? count : NAN;
}

double view_stage_ns(const struct view *v, const char *stage, const char *key)
{
	const json_t *stages = v ? view_at(v->stages, "stages") : NULL;
	const json_t *one = json_object_get(stages, stage);
	double count = view_number(one, "count"), all = view_number(stages, "total.count");

	return count == 0 || count < RARE_SHARE * all ? NAN : view_number(one, key);
}
