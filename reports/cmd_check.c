/*
 * cmd_check.c - goxel-report check: checks that a run directory is consistent: every file listed in
 * run.json exists, every part can be read, and values that occur in two files agree.
 */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "daemon/base/json_out.h"
#include "reports/cmd.h"
#include "reports/lib/quantiles.h"
#include "reports/read/view.h"

enum { FINDINGS_MAX = 32 };

struct options {
	bool json;
};

static const struct cli_opt opts[] = {
	{ .name = "json",
	  .type = CLI_FLAG,
	  .offset = offsetof(struct options, json),
	  .help = "print one JSON document" },
	{ 0 },
};

/* The errors found, as sentences. */
struct findings {
	char text[FINDINGS_MAX][320];
	size_t count;
};

static const struct cli_prog prog = {
	.name = "goxel-report check",
	.usage = "goxel-report check RUN",
	.summary = "Validates a run directory; exit 1 when it is inconsistent.",
	.opts = opts,
};

__attribute__((format(printf, 2, 3))) static void complain(struct findings *f, const char *fmt, ...)
{
	va_list args;

	if (f->count == FINDINGS_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(f->text[f->count++], sizeof(f->text[0]), fmt, args);
	va_end(args);
}

static void check_files(const struct view *v, struct findings *f)
{
	const json_t *files = json_object_get(v->dir.run, "files"), *one;
	size_t i;

	json_array_foreach(files, i, one)
	{
		const char *name = json_string_value(one);

		if (!name || !rundir_has_name(&v->dir, name))
			complain(f, "%s lists %.200s, which does not exist",
				 runfile_name(RUNFILE_RUN),
				 name ? name : "something that is no name");
	}
}

/* The log and the results must count the same requests. */
static void check_counts(const struct view *v, struct findings *f)
{
	double ops = view_number(v->load, "response_time_ns.count");

	if (v->response && !isnan(ops) && (double)v->response->total != ops)
		complain(f, "%s has %llu response times, %s says %.0f",
			 runfile_name(RUNFILE_LATENCY_LOG), (unsigned long long)v->response->total,
			 runfile_name(RUNFILE_LOAD_RESULTS), ops);
}

/* Quantiles must agree to the width of a bucket, which is a thousandth. */
static void check_quantiles(const struct view *v, struct findings *f)
{
	const json_t *times = json_object_get(v->load, "response_time_ns");

	for (size_t i = 0; v->response && i < QUANTILES_COUNT; i++) {
		double said = view_number(times, quantiles[i].key);
		double have = (double)hist_quantile_ns(v->response, quantiles[i].q);

		if (fabs(have - said) > 0.001 * said + 1)
			complain(f, "response_time_ns.%s is %.0f in %s and %.0f in %s",
				 quantiles[i].key, said, runfile_name(RUNFILE_LOAD_RESULTS), have,
				 runfile_name(RUNFILE_LATENCY_LOG));
	}
}

static void check(const struct view *v, struct findings *f)
{
	check_files(v, f);
	check_counts(v, f);
	check_quantiles(v, f);
	for (size_t i = 0; i < v->missing_count; i++)
		if (strstr(v->missing[i], "was not used"))
			complain(f, "%s", v->missing[i]);
}

static void print_text(const struct view *v, const struct findings *f)
{
	printf("%s\n", v->dir.path);
	for (size_t i = 0; i < f->count; i++)
		printf("  wrong: %s\n", f->text[i]);
	for (size_t i = 0; i < v->missing_count; i++)
		printf("  note: %s\n", v->missing[i]);
	puts(f->count ? "not valid" : "valid");
}

static void print_json(const struct view *v, const struct findings *f)
{
	struct strbuf sb = { 0 };
	struct json_out j = { .sb = &sb, .indent = 2 };

	json_object_open(&j, NULL);
	json_str(&j, "schema", "goxel-check/1");
	json_str(&j, "run", v->dir.path);
	json_bool(&j, "valid", f->count == 0);
	json_array_open(&j, "wrong");
	for (size_t i = 0; i < f->count; i++)
		json_str(&j, NULL, f->text[i]);
	json_close(&j);
	json_array_open(&j, "notes");
	for (size_t i = 0; i < v->missing_count; i++)
		json_str(&j, NULL, v->missing[i]);
	json_close(&j);
	json_close(&j);
	puts(strbuf_span(&sb).ptr);
	strbuf_deinit(&sb);
}

int cmd_check(int argc, char **argv)
{
	struct view *v = calloc(1, sizeof(*v));
	struct findings *f = calloc(1, sizeof(*f));
	struct options o = { 0 };
	struct err err = ERR_INIT;
	int at = 0, code = EXIT_OK;
	int rc = v && f ? cli_parse(&prog, &o, argc, argv, &at, &err)
			: err_set(&err, -ENOMEM, "out of memory");

	if (rc == 0 && argc - at != 1)
		rc = err_set(&err, -EINVAL, "%d run directories given, not 1; see --help",
			     argc - at);
	if (rc == 0 && v)
		rc = view_open(argv[at], v, &err);
	if (rc == 0 && v && f) {
		check(v, f);
		(o.json ? print_json : print_text)(v, f);
		code = f->count ? EXIT_NO : EXIT_OK;
		view_close(v);
	}
	free(v);
	free(f);
	return rc < 0 ? cmd_fail(argv[0], &err, cmd_exit_code(rc)) : code;
}
