/* target.c - see target.h. */
#include "reports/target.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/err.h"
#include "reports/lib/rundir.h"
#include "reports/view.h"

#include "targets_v15.h"

static int check_keys(const json_t *one, size_t index, struct err *err)
{
	static const char *const known[] = { "title",     "metric",      "below",     "above",
					     "v14_claim", "measured_by", "needs_zero" };
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

static int read_one(const json_t *one, size_t index, struct target *out, struct err *err)
{
	double below = view_number(one, "below"), above = view_number(one, "above");
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
	if (!t.title || !t.metric || isnan(below) == isnan(above))
		return err_set(err, -EPROTO,
			       "targets[%zu] needs a title, a metric, and one of below and above",
			       index);
	t.is_below = !isnan(below);
	t.limit = t.is_below ? below : above;
	*out = t;
	return 0;
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

int targets_open(const char *path, struct targets *out, struct err *err)
{
	struct targets t = { 0 };
	int rc = 0;

	if (path)
		rc = result_json_read(path, "goxel-targets", 1, &t.root, err);
	else
		t.root = json_loads(TARGETS_V15, 0, NULL);
	if (rc == 0 && !t.root)
		rc = err_set(err, -ENOMEM, "the targets built in: out of memory");
	if (rc == 0) {
		rc = read_list(&t, err);
		if (rc < 0)
			err_wrap(err, rc, "%s", path ? path : "the targets built in");
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

enum target_verdict target_judge(const struct target *t, const struct view *v, double *value)
{
	double have = metric_read(t->metric, v);
	double zero = t->needs_zero ? metric_read(t->needs_zero, v) : 0;

	*value = have;
	if (isnan(have) || isnan(zero))
		return TARGET_UNMEASURED;
	if (zero != 0)
		return TARGET_MISSED;
	if (t->is_below)
		return have < t->limit ? TARGET_MET : TARGET_MISSED;
	return have >= t->limit ? TARGET_MET : TARGET_MISSED;
}

const char *target_verdict_name(enum target_verdict verdict)
{
	static const char *const names[] = { "not measured", "met", "missed" };

	return names[verdict];
}

struct fmt target_fmt(const struct target *t)
{
	struct fmt out, limit = metric_fmt(t->metric, t->limit);

	snprintf(out.s, sizeof(out.s), "%s %.40s", t->is_below ? "<" : "≥", limit.s);
	return out;
}
