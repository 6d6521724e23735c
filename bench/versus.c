#include "bench/versus.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench_file.h"
#include "bench/child.h"
#include "bench/options.h"
#include "bench/progress.h"
#include "daemon/base/cli/cli.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "reports/lib/stats.h"

#define ALPHA 0.05

struct versus {
	const struct bench_options *o;
	char self[CHILD_PATH_MAX];
	json_t *names; /* benchmarks that both have */
	size_t n, m;   /* blocks, names */
	double *ns[2]; /* [n][m], of A and B */
	double *d;     /* [n][m], ln B - ln A */
	struct stats_family_row *rows;
	json_t *root;
};

static int find_common(struct versus *v, struct err *err)
{
	json_t *theirs = NULL, *ours = NULL, *name;
	int rc = child_names(v->self, v->o->filter, &ours, err);
	size_t i;

	if (rc == 0)
		rc = child_names(v->o->versus, v->o->filter, &theirs, err);
	v->names = json_array();
	json_array_foreach(ours, i, name)
	{
		size_t k = 0;

		while (k < json_array_size(theirs) && !json_equal(name, json_array_get(theirs, k)))
			k++;
		if (k < json_array_size(theirs))
			json_array_append(v->names, name);
	}
	json_decref(ours);
	json_decref(theirs);
	if (rc < 0)
		return rc;
	v->m = json_array_size(v->names);
	return v->m ? 0 : err_set(err, -ENOENT, "the two have no benchmark in common");
}

static int make_room(struct versus *v, struct err *err)
{
	v->n = (size_t)v->o->blocks;
	v->ns[0] = calloc(v->n * v->m, sizeof(double));
	v->ns[1] = calloc(v->n * v->m, sizeof(double));
	v->d = calloc(v->n * v->m, sizeof(double));
	v->rows = calloc(v->m, sizeof(*v->rows));
	v->root = json_pack("{s:{}, s:[], s:[]}", "context", "benchmarks", "comparisons");
	if (!v->ns[0] || !v->ns[1] || !v->d || !v->rows || !v->root)
		return err_set(err, -ENOMEM, "out of memory");
	return 0;
}

/* One run of one side. The results of B go to the file. */
static int run_side(struct versus *v, size_t block, size_t which, bool is_b, struct err *err)
{
	const char *name = json_string_value(json_array_get(v->names, which));
	json_t *run, *context;
	int rc = child_run(is_b ? v->self : v->o->versus, name, v->o->min_time_ns, &run, &context,
			   err);
	double ns;

	if (rc < 0)
		return err_wrap(err, rc, "%s", is_b ? "this program" : v->o->versus);
	ns = child_ns(run);
	if (is_b) {
		json_object_set_new(run, "repetition_index", json_integer((json_int_t)block));
		json_object_set_new(run, "repetitions", json_integer((json_int_t)v->n));
		json_array_append(json_object_get(v->root, "benchmarks"), run);
		json_object_set(v->root, "context", context);
	}
	json_decref(context);
	json_decref(run);
	if (!(ns > 0))
		return err_set(err, -EPROTO, "%s has no time", name);
	v->ns[is_b][block * v->m + which] = ns;
	return 0;
}

static int run_pair(struct versus *v, size_t block, size_t which, struct err *err)
{
	bool b_first = block % 2;
	int rc = run_side(v, block, which, b_first, err);
	size_t at = block * v->m + which;

	if (rc == 0)
		rc = run_side(v, block, which, !b_first, err);
	if (rc == 0)
		v->d[at] = log(v->ns[1][at]) - log(v->ns[0][at]);
	return rc;
}

static int run_blocks(struct versus *v, struct err *err)
{
	struct progress progress;
	int rc = 0;

	progress_begin(&progress, "pairs of runs", v->n * v->m);
	for (size_t i = 0; i < v->n * v->m && rc == 0; i++) {
		rc = run_pair(v, i / v->m, i % v->m, err);
		progress_step(&progress, rc < 0);
	}
	progress_end(&progress);
	return rc;
}

static double median_of(const struct versus *v, bool is_b, size_t which)
{
	double *values = malloc(v->n * sizeof(*values)), median;

	if (!values)
		return NAN;
	for (size_t i = 0; i < v->n; i++)
		values[i] = v->ns[is_b][i * v->m + which];
	median = stats_median(values, v->n);
	free(values);
	return median;
}

static double to_pct(double log_ratio)
{
	return 100 * expm1(log_ratio);
}

static const char *verdict_of(const struct stats_family_row *row)
{
	if (row->p_adjusted >= ALPHA)
		return "no difference detected";
	return row->theta > 0 ? "SLOWER" : "faster";
}

static bool report_row(struct versus *v, size_t which, FILE *out)
{
	const struct stats_family_row *row = &v->rows[which];
	const char *name = json_string_value(json_array_get(v->names, which));
	double a = median_of(v, false, which), b = median_of(v, true, which);

	fprintf(out, "%-52s %11.2f %11.2f ns %+7.2f%% [%+.2f%%, %+.2f%%] p %.4f  %s\n", name, a, b,
		to_pct(row->theta), to_pct(row->low), to_pct(row->high), row->p_adjusted,
		verdict_of(row));
	json_array_append_new(json_object_get(v->root, "comparisons"),
			      json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:i, s:s}",
					"name", name, "a_median_ns", a, "b_median_ns", b,
					"effect_pct", to_pct(row->theta), "low_pct",
					isfinite(row->low) ? to_pct(row->low) : -100.0, "high_pct",
					isfinite(row->high) ? to_pct(row->high) : 1e9, "p_raw",
					row->p_raw, "p_adjusted", row->p_adjusted, "blocks_count",
					(int)v->n, "verdict", verdict_of(row)));
	return row->p_adjusted < ALPHA && row->theta > 0;
}

static int report(struct versus *v, FILE *out, struct err *err)
{
	size_t slower = 0;

	if (stats_family(v->d, v->n, v->m, ALPHA, 1, v->rows) < 0)
		return err_set(err, -ENOMEM, "statistics: out of memory");
	fprintf(out, "A: %s\nB: this program\n", v->o->versus);
	for (size_t i = 0; i < v->m; i++)
		slower += report_row(v, i, out);
	if (v->n < stats_reachable_n(ALPHA / 2))
		fprintf(out,
			"%zu blocks cannot show a difference at the %g level; at least %zu are needed\n",
			v->n, ALPHA, stats_reachable_n(ALPHA / 2));
	return slower ? EXIT_NO : EXIT_OK;
}

static int compare(struct versus *v, FILE *out, struct err *err)
{
	uint64_t start_wall_ns = clock_wall_ns();
	int rc = child_beside(NULL, v->self, err), written;

	if (rc == 0)
		rc = find_common(v, err);
	if (rc == 0)
		rc = make_room(v, err);
	if (rc == 0)
		rc = run_blocks(v, err);
	if (rc == 0)
		rc = report(v, out, err);
	if (rc >= 0 && bench_file_is_wanted(v->o)) {
		written = bench_file_write(v->o, v->root, start_wall_ns, err);
		rc = written < 0 ? written : rc;
	}
	return rc;
}

int versus_run(const struct bench_options *o, FILE *out, struct err *err)
{
	struct versus v = { .o = o };
	int rc = compare(&v, out, err);

	free(v.rows);
	free(v.d);
	free(v.ns[0]);
	free(v.ns[1]);
	json_decref(v.names);
	json_decref(v.root);
	return rc;
}
