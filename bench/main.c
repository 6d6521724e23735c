/*
 * main.c - goxel-bench: the benchmark suite, and running it in several ways.
 *
 * Without --until-ci, --vs or --profile the benchmarks run here, by the library. The others start
 * this program again for each benchmark: a fresh process is the unit of their statistics.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench_file.h"
#include "bench/child.h"
#include "bench/exact.h"
#include "bench/instructions.h"
#include "bench/options.h"
#include "bench/profiled.h"
#include "bench/progress.h"
#include "bench/results.h"
#include "bench/suite/memory.h"
#include "bench/suite/suite.h"
#include "bench/until.h"
#include "bench/versus.h"
#include "daemon/base/cli/cli.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/base/log.h"
#include "daemon/base/version.h"

enum { TEXTS_MAX = 12, ARGS_MAX = LIBRARY_ARGS_MAX + 1 + TEXTS_MAX, ARG_BYTES_MAX = 4096 + 64 };

/* The command line for the library. */
struct library_args {
	char *argv[ARGS_MAX + 1];
	int argc;
	char text[TEXTS_MAX][ARG_BYTES_MAX];
	size_t texts_count;
	bool is_cut; /* a text was too long */
};

static void __attribute__((format(printf, 2, 3)))
add_arg(struct library_args *a, const char *fmt, ...)
{
	char *text = a->text[a->texts_count];
	va_list args;

	assert(a->texts_count < TEXTS_MAX);
	a->texts_count++;
	va_start(args, fmt);
	a->is_cut |= vsnprintf(text, ARG_BYTES_MAX, fmt, args) >= ARG_BYTES_MAX;
	va_end(args);
	a->argv[a->argc++] = text;
}

/* Our flags come first, so that the library's own flags on the command line win. */
static void fill_args(struct library_args *a, const struct bench_options *o, char *prog,
		      const char *raw)
{
	a->argv[a->argc++] = prog;
	add_arg(a, "--benchmark_min_time=%.9fs", (double)o->min_time_ns * 1e-9);
	if (o->repetitions > 1)
		add_arg(a, "--benchmark_repetitions=%lld", (long long)o->repetitions);
	if (o->filter)
		add_arg(a, "--benchmark_filter=%s", o->filter);
	if (o->list)
		add_arg(a, "--benchmark_list_tests=true");
	if (o->counters)
		add_arg(a, "--benchmark_perf_counters=%s", o->counters);
	if (o->require_counters)
		add_arg(a, "--require_counters");
	if (o->show)
		add_arg(a, "--show=%s", o->show);
	if (raw)
		add_arg(a, "--benchmark_out=%s", raw);
	for (int i = 0; i < o->library_count; i++)
		a->argv[a->argc++] = o->library_args[i];
}

static void add_context(void)
{
	bench_add_context("goxel_revision", version_revision());
	bench_add_context("goxel_variant", version_variant());
	bench_add_context("goxel_compiler", version_compiler());
	bench_add_context("goxel_flags", version_flags());
	bench_add_context("library_version_known", bench_library_version());
}

/* Registers and runs. Returns an exit code. */
static int run_library(const struct bench_options *o, char *prog, const char *raw,
		       struct results *results)
{
	static struct library_args args;
	size_t failed_count;
	int rc;

	fill_args(&args, o, prog, raw);
	if (args.is_cut) {
		fprintf(stderr, "goxel-bench: an option of more than 4096 bytes\n");
		return EXIT_USAGE;
	}
	rc = bench_initialize(BENCH_ABI, &args.argc, args.argv);
	if (rc < 0)
		return rc == -EOPNOTSUPP ? EXIT_UNFIT : EXIT_USAGE;
	if (bench_has_unrecognized(args.argc, args.argv))
		return EXIT_USAGE;
	add_context();
	if (!o->exact)
		memory_count();
	for (size_t i = 0; suites[i]; i++)
		suites[i]->add();
	results_collect(results);
	if (bench_run(&failed_count) == 0)
		return EXIT_USAGE; /* the library has printed that nothing matches */
	return failed_count ? EXIT_NO : EXIT_OK;
}

/* What comes after the library's table. */
static int finish(const struct bench_options *o, const char *raw, struct results *results,
		  struct err *err)
{
	int rc = 0;

	if (results->out_of_memory)
		return err_set(err, -ENOMEM, "results: out of memory");
	if (o->instructions)
		rc = instructions_count(results, err);
	if (rc == 0 && bench_file_is_wanted(o))
		rc = bench_file_finish(o, raw, results, err);
	return rc;
}

/* What the library will take: the last of its own flags wins. */
static const char *filter_of(const struct bench_options *o)
{
	static const char flag[] = "--benchmark_filter=";
	const char *value = o->filter;

	for (int i = 0; i < o->library_count; i++)
		if (strncmp(o->library_args[i], flag, strlen(flag)) == 0)
			value = o->library_args[i] + strlen(flag);
	return value;
}

static int run_here(const struct bench_options *o, char *prog, struct err *err)
{
	char dir[CHILD_PATH_MAX], raw[CHILD_PATH_MAX + 16];
	struct progress progress = { 0 };
	struct results results = { .start_wall_ns = clock_wall_ns(),
				   .filter = filter_of(o),
				   .progress = o->exact ? NULL : &progress };
	int rc = 0, code;

	/* Otherwise every request of v14 prints a line on the terminal. */
	log_set_level(LOG_ERROR);
	if (o->exact)
		rc = exact_use(o->exact, err);
	if (rc == 0 && bench_file_is_wanted(o))
		rc = child_temp_dir(dir, err);
	if (rc < 0)
		return rc;
	if (bench_file_is_wanted(o))
		snprintf(raw, sizeof(raw), "%s/raw.json", dir);
	progress_begin(&progress, "benchmarks", 0);
	code = run_library(o, prog, bench_file_is_wanted(o) ? raw : NULL, &results);
	progress_end(&progress);
	if (!o->list && (code == EXIT_OK || code == EXIT_NO))
		rc = finish(o, raw, &results, err);
	if (bench_file_is_wanted(o))
		child_remove_dir(dir);
	results_deinit(&results);
	return rc < 0 ? rc : code;
}

static int run(const struct bench_options *o, char *prog, struct err *err)
{
	int rc = o->out ? bench_file_check(o->out, err) : 0;

	if (rc < 0)
		return rc;
	if (o->until_ci_pct > 0)
		return until_run(o, stdout, err);
	if (o->versus)
		return versus_run(o, stdout, err);
	if (o->profile)
		return profiled_run(o, stdout, err);
	return run_here(o, prog, err);
}

/* Keeps stdout for the JSON: all other output goes to stderr. */
static int keep_stdout(struct bench_options *o, struct err *err)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);

	o->json_to = fd < 0 ? NULL : fdopen(fd, "w");
	if (!o->json_to || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return err_set(err, -errno, "keep stdout: %s", strerrordesc_np(errno));
	return 0;
}

int main(int argc, char **argv)
{
	struct bench_options o = { 0 };
	struct err err = ERR_INIT;
	int rc = bench_options_read(&o, argc, argv, &err);

	if (rc == 1)
		return EXIT_OK;
	if (rc < 0) {
		fprintf(stderr, "goxel-bench: %s\n", err.msg);
		return EXIT_USAGE;
	}
	rc = o.json ? keep_stdout(&o, &err) : 0;
	if (rc == 0)
		rc = run(&o, argv[0], &err);
	if (rc >= 0)
		return rc;
	fprintf(stderr, "goxel-bench: %s\n", err.msg);
	return rc == -ENOENT || rc == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}
