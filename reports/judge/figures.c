#include "reports/judge/figures.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/base/err.h"
#include "daemon/base/strbuf.h"
#include "reports/judge/judge.h"
#include "reports/judge/metric.h"
#include "reports/lib/rundir.h"
#include "reports/read/bench_json.h"
#include "reports/read/view.h"

/* The presets that a file of goxel-bench compares. */
#define BEFORE "v14"
#define NOW    "v15"

static int add_value(double **list, size_t *count, double value)
{
	double *more;

	if (isnan(value))
		return 0;
	more = realloc(*list, (*count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	*list = more;
	more[(*count)++] = value;
	return 0;
}

double target_bench_value(const struct target *t, const json_t *bench,
			  const struct bench_arch *arch)
{
	double value = t->benchmark ? bench_pattern_ns(bench, arch, t->benchmark) : NAN;

	if (t->over)
		value /= bench_pattern_ns(bench, arch, t->over);
	if (t->minus)
		value -= bench_pattern_ns(bench, arch, t->minus);
	return value;
}

static struct bench_arch arch_of(const json_t *bench, const char *preset)
{
	return (struct bench_arch){ preset,
				    json_object_get(json_object_get(bench, "presets"), preset) };
}

static int read_bench(struct figures *f, const json_t *bench)
{
	struct bench_arch now = arch_of(bench, NOW), before = arch_of(bench, BEFORE);
	int rc = 0;

	f->lacks_axes |= !now.axes;
	for (size_t i = 0; i < f->targets->count && rc == 0; i++) {
		const struct target *t = &f->targets->list[i];
		struct figure *one = &f->list[i];

		rc = add_value(&one->values, &one->count, target_bench_value(t, bench, &now));
		if (rc == 0 && t->benchmark && strchr(t->benchmark, '{'))
			rc = add_value(&one->v14, &one->v14_count,
				       target_bench_value(t, bench, &before));
	}
	return rc;
}

static int read_values(struct figures *f, const json_t *root)
{
	const json_t *all = json_object_get(root, "values"), *value;
	int rc = 0;
	size_t k;

	for (size_t i = 0; i < f->targets->count; i++) {
		struct figure *one = &f->list[i];

		json_array_foreach(json_object_get(all, f->targets->list[i].key), k,
				   value) if (rc == 0 && json_is_number(value)) rc =
			add_value(&one->values, &one->count, json_number_value(value));
	}
	return rc;
}

static int read_run(struct figures *f, const char *path, struct err *err)
{
	struct view *v = calloc(1, sizeof(*v)); /* too big for the stack */
	int rc = v ? view_open(path, v, err) : err_set(err, -ENOMEM, "%s: out of memory", path);

	if (rc < 0 || !v) {
		free(v);
		return rc;
	}
	for (size_t i = 0; i < f->targets->count && rc == 0; i++) {
		const struct target *t = &f->targets->list[i];

		rc = add_value(&f->list[i].values, &f->list[i].count, target_read(t, v));
		f->list[i].is_spoiled |= t->needs_zero && metric_read(t->needs_zero, v) > 0;
	}
	view_close(v);
	free(v);
	return rc;
}

static int read_file(struct figures *f, const char *path, struct err *err)
{
	const char *schema;
	json_t *root;
	int rc = result_json_read(path, NULL, 0, &root, err);

	if (rc < 0)
		return rc;
	schema = json_string_value(json_object_get(root, "schema"));
	if (schema && strcmp(schema, "goxel-bench/1") == 0)
		rc = read_bench(f, root);
	else if (schema && strcmp(schema, "goxel-ceiling/1") == 0)
		rc = read_values(f, root);
	else
		rc = err_set(err, -EPROTO,
			     "%s has the schema '%.60s'; expected "
			     "goxel-bench/1, goxel-ceiling/1 or a run directory",
			     path, schema ? schema : "");
	json_decref(root);
	return rc;
}

int figures_read(struct figures *f, const char *path, struct err *err)
{
	struct stat st;
	int rc;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		rc = read_run(f, path, err);
	else
		rc = read_file(f, path, err);
	return rc == -ENOMEM ? err_set(err, rc, "%s: out of memory", path) : rc;
}

void figures_deinit(struct figures *f)
{
	for (size_t i = 0; i < TARGETS_MAX; i++) {
		free(f->list[i].values);
		free(f->list[i].v14);
	}
	*f = (struct figures){ 0 };
}

static void add_name(struct strbuf *sb, const struct bench_arch *arch, const char *pattern)
{
	char name[160];

	if (pattern && bench_pattern_fill(arch, pattern, name, sizeof(name)))
		strbuf_addf(sb, "%s%s", sb->len ? "|" : "^(", name);
}

char *figures_benchmarks(const struct targets *t, const json_t *bench)
{
	struct bench_arch now = arch_of(bench, NOW);
	struct strbuf sb = { 0 };
	char *text;

	for (size_t i = 0; i < t->count; i++) {
		add_name(&sb, &now, t->list[i].benchmark);
		add_name(&sb, &now, t->list[i].over);
		add_name(&sb, &now, t->list[i].minus);
	}
	/* Allows for what the library appends; empty when no benchmark is needed. */
	if (sb.len)
		strbuf_add_str(&sb, ")(/(iterations|repeats|threads):[0-9]+|/[a-z]+_time)*$");
	text = sb.failed ? NULL : strdup(strbuf_span(&sb).ptr);
	strbuf_deinit(&sb);
	return text;
}
