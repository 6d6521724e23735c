/* main.c - goxel-load: reads the command line, runs the load, reports, and sets the exit code. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "loadgen/echo.h"
#include "loadgen/engine/affinity.h"
#include "loadgen/options.h"
#include "loadgen/report/outcome.h"
#include "loadgen/report/results.h"
#include "loadgen/report/summary.h"
#include "loadgen/run.h"
#include "loadgen/workload/plan.h"
#include "loadgen/workload/workload.h"
#include "reports/lib/runfile.h"

static int fail(int exit_code, const struct err *err)
{
	fprintf(stderr, "goxel-load: %s\n", err->msg);
	return exit_code;
}

static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static int serve_echo(const struct options *o)
{
	struct err err = ERR_INIT;
	int cpu;

	if (affinity_cpu(o->affinity, 0, &cpu, &err))
		return fail(EXIT_USAGE, &err);
	return echo_serve(&o->addr, cpu, &err) ? fail(EXIT_FAILED, &err) : EXIT_OK;
}

static int report(const struct outcome *o, struct err *err)
{
	const struct options *opt = o->plan->options;
	struct strbuf json = { 0 };
	int rc = 0;

	results_json(o, &json);
	if (json.failed)
		rc = err_set(err, -ENOMEM, "out of memory for the results");
	if (!rc && opt->out_dir)
		rc = results_write(o, strbuf_span(&json), opt->out_dir, err);
	if (!rc && opt->json)
		fwrite(json.ptr, 1, json.len, stdout);
	summary_print(o, opt->json ? stderr : stdout);
	strbuf_deinit(&json);
	if (!rc && fflush(stdout))
		rc = err_set(err, -errno, "write to standard output");
	return rc;
}

/* The exit code for the outcome of a run. */
static int judge(const struct outcome *o)
{
	double errors_pct = o->ops_count ? (double)o->errors_count * 100 / (double)o->ops_count : 0;

	if (o->run->state != RUN_COMPLETE) {
		fprintf(stderr, "goxel-load: %s\n", o->run->message);
		return EXIT_FAILED;
	}
	if (o->ops_count == o->failed_count) {
		fprintf(stderr, "goxel-load: no operation succeeded\n");
		return o->ops_count ? EXIT_NO : EXIT_FAILED;
	}
	if (errors_pct > o->plan->options->errors_allowed_pct) {
		fprintf(stderr,
			"goxel-load: %llu errors in %llu operations: %.3g %% (allowed: %.3g %%)\n",
			(unsigned long long)o->errors_count, (unsigned long long)o->ops_count,
			errors_pct, o->plan->options->errors_allowed_pct);
		return EXIT_NO;
	}
	if (!o->check.is_valid) {
		fprintf(stderr, "goxel-load: the result is invalid: %s\n",
			o->check.reasons.text[0]);
		return EXIT_UNFIT;
	}
	return EXIT_OK;
}

static int exit_code_of(int rc)
{
	return rc == -EMFILE ? EXIT_UNFIT : EXIT_FAILED;
}

static int run_plan(struct plan *plan)
{
	const char *dir = plan->options->out_dir;
	struct err err = ERR_INIT;
	struct run_result run = { 0 };
	struct outcome outcome = { 0 };
	char log_path[PATH_MAX];
	int rc = 0, code;

	if (dir && snprintf(log_path, sizeof(log_path), "%s/%s", dir,
			    runfile_name(RUNFILE_LATENCY_LOG)) >= (int)sizeof(log_path))
		rc = err_set(&err, -ENAMETOOLONG, "--out: a path of %zu bytes", strlen(dir));
	if (!rc && dir)
		rc = file_make_dirs(dir, &err);
	if (!rc)
		rc = run_load(plan, dir ? log_path : NULL, &run, &err);
	if (!rc)
		rc = outcome_init(&outcome, plan, &run, &err);
	if (!rc)
		rc = report(&outcome, &err);
	code = rc ? fail(exit_code_of(rc), &err) : judge(&outcome);
	outcome_deinit(&outcome);
	run_result_deinit(&run);
	return code;
}

static int load(const struct options *o)
{
	struct err err = ERR_INIT;
	struct workload *workload = NULL;
	struct plan plan = { 0 };
	int rc, code;

	rc = affinity_check(o->affinity, &err);
	if (!rc)
		rc = workload_open(o->workload, &workload, &err);
	if (!rc)
		rc = plan_init(&plan, o, workload, &err);
	if (rc) {
		code = fail(EXIT_USAGE, &err);
	} else if (o->dry_run) {
		plan_dump(&plan, stdout);
		code = EXIT_OK;
	} else {
		block_signals();
		code = run_plan(&plan);
	}
	plan_deinit(&plan);
	workload_close(workload);
	return code;
}

int main(int argc, char **argv)
{
	struct options o;
	struct err err = ERR_INIT;
	int rc = options_parse(&o, argc, argv, &err);

	if (rc > 0)
		return EXIT_OK;
	if (rc < 0)
		return fail(EXIT_USAGE, &err);
	return o.serve_echo ? serve_echo(&o) : load(&o);
}
