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

static bool print_target(const struct results *results, const json_t *target, bool has_head,
			 FILE *out)
{
	const char *metric = json_string_value(json_object_get(target, "metric"));
	const char *title = json_string_value(json_object_get(target, "title"));
	const json_t *claim = json_object_get(target, "v14_claim");
	double limit = json_number_value(json_object_get(target, "below")), v14, v15;
	char buf[128];
	const char *family = metric ? family_of(metric, buf, sizeof(buf)) : NULL;

	if (!family || !title)
		return has_head;
	v14 = measured_ns(results, family, "v14");
	v15 = measured_ns(results, family, "v15");
	if (isnan(v14) && isnan(v15))
		return has_head;
	if (!has_head)
		fprintf(out, "\n%-28s %12s %12s %12s %12s  verdict\n", "Targets", "v14 claimed",
			"v14 here", "v15 here", "target");
	fprintf(out, "%-28s", title);
	print_time(out, json_is_number(claim) ? json_number_value(claim) : NAN);
	print_time(out, v14);
	print_time(out, v15);
	print_time(out, limit);
	fprintf(out, "  %s\n", isnan(v15) ? "not measured" : v15 < limit ? "met" : "missed");
	return true;
}

int targets_print(const struct results *results, FILE *out, struct err *err)
{
	json_error_t why;
	json_t *root = json_loads(TARGETS_V15, 0, &why), *target;
	bool has_head = false;
	size_t i;

	if (!root)
		return err_set(err, -EPROTO, "targets of v15: line %d: %s", why.line, why.text);
	json_array_foreach(json_object_get(root, "targets"), i, target)
	{
		has_head = print_target(results, target, has_head, out);
	}
	json_decref(root);
	return 0;
}
