#include "bench/until.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench_file.h"
#include "bench/child.h"
#include "bench/options.h"
#include "bench/progress.h"
#include "bench/results.h"
#include "daemon/base/cli/cli.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "reports/lib/stats.h"

enum {
	RUNS_MIN = 6, /* fewer cannot give a 95 % interval: 2 * 2^-6 < 0.05 */
	RUNS_MAX = 500,
};

struct estimate {
	double values[RUNS_MAX]; /* logarithms of ns */
	size_t count;
	double ns, low_ns, high_ns; /* pseudo-median and its 95 % interval */
	double half_pct;            /* half the interval, of the time */
};

/* The process is the unit: iterations inside one process share its layout and other random
 * effects. */
static int update(struct estimate *e, struct err *err)
{
	struct stats_signed_rank rank;

	if (e->count < RUNS_MIN)
		return 0;
	if (stats_signed_rank(e->values, e->count, 0.05, &rank) < 0)
		return err_set(err, -ENOMEM, "statistics: out of memory");
	e->ns = exp(rank.theta);
	e->low_ns = exp(rank.low);
	e->high_ns = exp(rank.high);
	e->half_pct = 50 * (e->high_ns - e->low_ns) / e->ns;
	return 0;
}

static void add_run(json_t *benchmarks, json_t *run, size_t index)
{
	json_object_set_new(run, "repetition_index", json_integer((json_int_t)index));
	json_array_append(benchmarks, run);
}

/* The row that compare.py uses for the whole. */
static void add_median(json_t *benchmarks, const struct estimate *e, double wanted_pct)
{
	size_t last = json_array_size(benchmarks) - 1;
	json_t *run = json_array_get(benchmarks, last), *row = json_deep_copy(run);
	const char *which = results_is_real(json_string_value(json_object_get(run, "name")))
				    ? "real_time"
				    : "cpu_time";
	double unit = child_ns(run) / json_number_value(json_object_get(run, which));
	char name[512];

	snprintf(name, sizeof(name), "%s_median", json_string_value(json_object_get(run, "name")));
	json_object_set_new(row, "name", json_string(name));
	json_object_set_new(row, "run_type", json_string("aggregate"));
	json_object_set_new(row, "aggregate_name", json_string("median"));
	json_object_set_new(row, "aggregate_unit", json_string("time"));
	json_object_del(row, "repetition_index");
	json_object_set_new(row, "iterations", json_integer((json_int_t)e->count));
	/* Both, because compare.py needs both; only one was estimated. */
	json_object_set_new(row, "real_time", json_real(e->ns / unit));
	json_object_set_new(row, "cpu_time", json_real(e->ns / unit));
	json_object_set_new(row, "ci_low", json_real(e->low_ns / unit));
	json_object_set_new(row, "ci_high", json_real(e->high_ns / unit));
	json_object_set_new(row, "ci_pct", json_real(e->half_pct));
	json_object_set_new(row, "ci_is_met", json_boolean(e->half_pct <= wanted_pct));
	for (size_t i = last + 1 - e->count; i <= last; i++)
		json_object_set_new(json_array_get(benchmarks, i), "repetitions",
				    json_integer((json_int_t)e->count));
	json_object_set_new(row, "repetitions", json_integer((json_int_t)e->count));
	json_array_append_new(benchmarks, row);
}

static int repeat(const struct bench_options *o, const char *program, const char *name,
		  struct estimate *e, json_t *root, struct err *err)
{
	uint64_t deadline_ns = clock_ns() + o->time_cap_ns;
	json_t *benchmarks = json_object_get(root, "benchmarks");

	*e = (struct estimate){ .half_pct = INFINITY, .ns = NAN, .low_ns = NAN, .high_ns = NAN };
	while (e->count < RUNS_MAX && e->half_pct > o->until_ci_pct) {
		json_t *run, *context;
		int rc;

		if (clock_ns() >= deadline_ns && e->count >= RUNS_MIN)
			break;
		rc = child_run(program, name, o->min_time_ns, &run, &context, err);
		if (rc < 0)
			return rc;
		add_run(benchmarks, run, e->count);
		e->values[e->count++] = log(child_ns(run));
		json_decref(run);
		json_object_set_new(root, "context", context);
		rc = update(e, err);
		if (rc < 0)
			return rc;
	}
	add_median(benchmarks, e, o->until_ci_pct);
	return 0;
}

static void print_row(FILE *out, const char *name, const struct estimate *e, double wanted_pct)
{
	fprintf(out, "%-56s %12.2f ns  +- %5.2f%%  %3zu runs  %s\n", name, e->ns, e->half_pct,
		e->count, e->half_pct <= wanted_pct ? "met" : "NOT met within the time cap");
	fflush(out);
}

static int run_names(const struct bench_options *o, const char *program, const json_t *names,
		     json_t *root, FILE *out, struct err *err)
{
	struct estimate *e = malloc(sizeof(*e));
	struct progress progress;
	int code = EXIT_OK, rc = 0;
	json_t *name;
	size_t i;

	if (!e)
		return err_set(err, -ENOMEM, "out of memory");
	progress_begin(&progress, "benchmarks", json_array_size(names));
	json_array_foreach(names, i, name)
	{
		bool is_failed;

		rc = repeat(o, program, json_string_value(name), e, root, err);
		is_failed = rc < 0;
		if (rc == -EBADMSG) {
			fprintf(out, "%s\n", err->msg);
			*err = ERR_INIT;
			code = EXIT_NO;
			rc = 0;
		} else if (rc < 0) {
			break;
		} else {
			print_row(out, json_string_value(name), e, o->until_ci_pct);
		}
		progress_step(&progress, is_failed);
	}
	progress_end(&progress);
	free(e);
	return rc < 0 ? rc : code;
}

int until_run(const struct bench_options *o, FILE *out, struct err *err)
{
	uint64_t start_wall_ns = clock_wall_ns();
	char self[CHILD_PATH_MAX];
	json_t *names = NULL, *root = json_pack("{s:{}, s:[]}", "context", "benchmarks");
	int rc = child_beside(NULL, self, err), written;

	if (rc == 0)
		rc = child_names(self, o->filter, &names, err);
	if (rc == 0)
		rc = run_names(o, self, names, root, out, err);
	if (rc >= 0 && bench_file_is_wanted(o)) {
		written = bench_file_write(o, root, start_wall_ns, err);
		rc = written < 0 ? written : rc;
	}
	json_decref(names);
	json_decref(root);
	return rc;
}
