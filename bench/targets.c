#include "bench/targets.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <jansson.h>

#include "bench/results.h"
#include "daemon/base/err.h"
#include "daemon/server/options.h"
#include "daemon/server/preset.h"
#include "targets_v15.h"

/* Which backend is whose, and which benchmark yields a metric that has no name of its own. */
static const struct {
	const char *metric;
	const char *family;
} families[] = {
	{ "startup_ns", "startup_time" },
	{ "first_request_ns", "first_request" },
};

/* "bench_NAME_ns" is the time of NAME; *out is in buf or static. NULL: no benchmark measures it. */
static const char *family_of(const char *metric, char *buf, size_t cap)
{
	size_t len = strlen(metric);

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (strcmp(metric, families[i].metric) == 0)
			return families[i].family;
	if (strncmp(metric, "bench_", 6) != 0 || len < 10 || strcmp(metric + len - 3, "_ns") != 0)
		return NULL;
	snprintf(buf, cap, "%.*s", (int)(len - 9), metric + 6);
	return buf;
}

/* The rest of a name behind "family/"; NULL when it is of another family. */
static const char *rest_of(const char *name, const char *family)
{
	size_t len = strlen(family);

	return strncmp(name, family, len) == 0 && name[len] == '/' ? name + len + 1 : NULL;
}

/* First part of the rest: a backend or a preset. */
static bool is_of(const char *rest, const char *word)
{
	size_t len = strlen(word);

	return strncmp(rest, word, len) == 0 && (rest[len] == '\0' || rest[len] == '/');
}

static bool belongs_to(const char *rest, const struct axes *axes)
{
	return is_of(rest, axes->preset) || is_of(rest, axes->parser) ||
	       is_of(rest, axes->dispatch);
}

/* Median of the family's benchmark in that architecture; NaN when it was not run. */
static double measured_ns(const struct results *results, const char *family, const char *preset)
{
	struct options options = { .preset = preset };
	struct err unused = ERR_INIT;
	struct axes axes;

	if (preset_resolve(&options, &axes, &unused) < 0)
		return NAN;
	for (size_t i = 0; i < results->count; i++) {
		const char *rest = rest_of(results->list[i].name, family);

		/* What does not differ between the two is the same benchmark for both. */
		if (rest && (belongs_to(rest, &axes) || is_of(rest, "both")))
			return results_median_ns(results, results->list[i].name);
	}
	return NAN;
}

static void print_time(FILE *out, double ns)
{
	if (isnan(ns))
		fprintf(out, " %12s", "-");
	else if (ns < 1e4)
		fprintf(out, " %9.1f ns", ns);
	else if (ns < 1e7)
		fprintf(out, " %9.1f us", ns / 1e3);
	else
		fprintf(out, " %9.1f ms", ns / 1e6);
}

static json_t *number_or_null(double value)
{
	return isnan(value) ? json_null() : json_real(value);
}

/* A new reference, or NULL when no benchmark measures it or none was run. */
static json_t *judge(const struct results *results, const json_t *target)
{
	const char *metric = json_string_value(json_object_get(target, "metric"));
	const char *title = json_string_value(json_object_get(target, "title"));
	const json_t *claim = json_object_get(target, "v14_claim");
	double limit = json_number_value(json_object_get(target, "below")), v14, v15;
	char buf[128];
	const char *family = metric ? family_of(metric, buf, sizeof(buf)) : NULL;

	if (!family || !title)
		return NULL;
	v14 = measured_ns(results, family, "v14");
	v15 = measured_ns(results, family, "v15");
	if (isnan(v14) && isnan(v15))
		return NULL;
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:f, s:s}", "title", title, "metric", metric,
			 "v14_claim_ns",
			 number_or_null(json_is_number(claim) ? json_number_value(claim) : NAN),
			 "v14_ns", number_or_null(v14), "v15_ns", number_or_null(v15), "limit_ns",
			 limit, "verdict",
			 isnan(v15)    ? "not measured"
			 : v15 < limit ? "met"
				       : "missed");
}

int targets_judge(const struct results *results, json_t **out, struct err *err)
{
	json_error_t why;
	json_t *root = json_loads(TARGETS_V15, 0, &why), *target, *row;
	size_t i;

	if (!root)
		return err_set(err, -EPROTO, "targets of v15: line %d: %s", why.line, why.text);
	*out = json_array();
	json_array_foreach(json_object_get(root, "targets"), i, target)
	{
		row = judge(results, target);
		if (row)
			json_array_append_new(*out, row);
	}
	json_decref(root);
	return 0;
}

static void print_key(FILE *out, const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);

	print_time(out, json_is_number(value) ? json_number_value(value) : NAN);
}

void targets_print(const json_t *rows, FILE *out)
{
	const json_t *row;
	size_t i;

	if (json_array_size(rows) == 0)
		return;
	fprintf(out, "\n%-28s %12s %12s %12s %12s  verdict\n", "Targets", "v14 claimed", "v14 here",
		"v15 here", "target");
	json_array_foreach(rows, i, row)
	{
		fprintf(out, "%-28s", json_string_value(json_object_get(row, "title")));
		print_key(out, row, "v14_claim_ns");
		print_key(out, row, "v14_ns");
		print_key(out, row, "v15_ns");
		print_key(out, row, "limit_ns");
		fprintf(out, "  %s\n", json_string_value(json_object_get(row, "verdict")));
	}
}
