#include "reports/judge/target.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/err.h"
#include "reports/judge/metric.h"
#include "reports/lib/rundir.h"
#include "reports/read/view.h"

#include "targets_speed.h"
#include "targets_v15.h"

static const struct {
	const char *name;
	const char *text;
} built_in[] = { { "v15", TARGETS_V15 }, { "speed", TARGETS_SPEED } };

static int check_keys(const json_t *one, size_t index, struct err *err)
{
	static const char *const known[] = { "title", "metric",    "figure",      "unit",
					     "over",  "minus",     "benchmark",   "below",
					     "above", "v14_claim", "measured_by", "needs_zero" };
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)one, key, value)
	{
		bool is_known = false;

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			is_known |= strcmp(key, known[i]) == 0;
		if (!is_known)
			return err_set(err, -EPROTO, "targets[%zu] has the unknown key '%.40s'",
				       index, key);
	}
	return 0;
}

static int read_metric(const json_t *one, const char *key, const struct metric **out,
		       struct err *err)
{
	const char *name = view_text(one, key);

	if (!name)
		return 0;
	*out = metric_find(name);
	if (!*out)
		return err_set(err, -ENOENT, "%s '%.60s' is not a metric", key, name);
	return 0;
}

/* A figure that is defined in this file only. */
static int read_figure(const json_t *one, struct target *t, struct err *err)
{
	const char *unit = view_text(one, "unit");

	t->key = view_text(one, "figure");
	t->benchmark = view_text(one, "benchmark");
	t->over = view_text(one, "over");
	t->minus = view_text(one, "minus");
	if (!unit || !unit_find(unit, &t->unit))
		return err_set(err, -EPROTO,
			       "'%.60s' has the unit '%.20s'; ns, bytes, per_s, "
			       "count or ratio is expected",
			       t->key, unit ? unit : "");
	if ((t->over || t->minus) && (!t->benchmark || (t->over && t->minus)))
		return err_set(err, -EPROTO,
			       "'%.60s' needs a benchmark, and at most one of over and minus",
			       t->key);
	return 0;
}

static int read_limit(const json_t *one, struct target *t)
{
	double below = view_number(one, "below"), above = view_number(one, "above");

	if (!isnan(below) && !isnan(above))
		return -EPROTO;
	t->relation = !isnan(below) ? TARGET_BELOW : !isnan(above) ? TARGET_ABOVE : TARGET_SHOWN;
	t->limit = !isnan(below) ? below : above;
	return 0;
}

static int read_one(const json_t *one, size_t index, struct target *out, struct err *err)
{
	struct target t = { .title = view_text(one, "title"),
			    .v14_claim = view_number(one, "v14_claim"),
			    .measured_by = view_text(one, "measured_by") };
	int rc = check_keys(one, index, err);

	if (rc == 0)
		rc = read_metric(one, "metric", &t.metric, err);
	if (rc == 0)
		rc = read_metric(one, "needs_zero", &t.needs_zero, err);
	if (rc < 0)
		return rc;
	if (!t.title || !t.metric == !view_text(one, "figure") || read_limit(one, &t) < 0)
		return err_set(
			err, -EPROTO,
			"targets[%zu] needs a title, one of metric and figure, and at most one of "
			"below and above",
			index);
	if (!t.metric) {
		rc = read_figure(one, &t, err);
	} else {
		t.key = t.metric->key;
		t.unit = t.metric->unit;
		t.benchmark = t.metric->benchmark;
	}
	if (rc == 0)
		*out = t;
	return rc;
}

static int read_list(struct targets *t, struct err *err)
{
	const json_t *list = json_object_get(t->root, "targets");
	size_t count = json_array_size(list);

	if (count == 0 || count > TARGETS_MAX)
		return err_set(err, -EPROTO, "%zu targets, not 1..%d", count, TARGETS_MAX);
	for (size_t i = 0; i < count; i++) {
		int rc = read_one(json_array_get(list, i), i, &t->list[i], err);

		if (rc < 0)
			return rc;
	}
	t->count = count;
	t->name = view_text(t->root, "name");
	t->name = t->name ? t->name : "targets";
	return 0;
}

static const char *built_in_text(const char *name)
{
	for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++)
		if (strcmp(built_in[i].name, name) == 0)
			return built_in[i].text;
	return NULL;
}

int targets_open(const char *which, struct targets *out, struct err *err)
{
	const char *name = which ? which : "v15", *text = built_in_text(name);
	struct targets t = { 0 };
	int rc = 0;

	if (text)
		rc = result_json_parse(name, span_str(text), "goxel-targets", 1, &t.root, err);
	else
		rc = result_json_read(name, "goxel-targets", 1, &t.root, err);
	if (rc == 0) {
		rc = read_list(&t, err);
		if (rc < 0)
			err_wrap(err, rc, "targets '%s'", name);
	}
	if (rc < 0)
		targets_close(&t);
	else
		*out = t;
	return rc;
}

void targets_close(struct targets *t)
{
	json_decref(t->root);
	*t = (struct targets){ 0 };
}

double targets_limit(const struct targets *t, const char *key)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->list[i].key, key) == 0)
			return t->list[i].limit;
	return NAN;
}

struct fmt target_fmt(const struct target *t)
{
	struct fmt out = { "" }, limit = unit_fmt(t->unit, t->limit);

	if (t->relation != TARGET_SHOWN)
		snprintf(out.s, sizeof(out.s), "%s %.40s", t->relation == TARGET_BELOW ? "<" : "≥",
			 limit.s);
	return out;
}
