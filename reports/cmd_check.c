/*
 * cmd_check.c - goxel-report check: is a run directory what it says it is? Every file that
 * run.json lists is there, every part reads, and what two files both tell agrees.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cli.h"
#include "daemon/base/err.h"
#include "daemon/base/hist.h"
#include "reports/cmd.h"
#include "reports/view.h"

static const struct cli_opt opts[] = { { 0 } };

static const struct cli_prog prog = {
	.name = "goxel-report check",
	.usage = "goxel-report check RUN",
	.summary = "Validates a run directory; exit 1 when something in it contradicts itself.",
	.opts = opts,
};

static int complain(const char *text)
{
	printf("  wrong: %s\n", text);
	return 1;
}

static int check_files(const struct view *v)
{
	const json_t *files = json_object_get(v->dir.run, "files"), *one;
	int wrong = 0;
	size_t i;

	json_array_foreach(files, i, one)
	{
		const char *name = json_string_value(one);
		char text[300];

		if (name && rundir_has(&v->dir, name))
			continue;
		snprintf(text, sizeof(text), "run.json lists %.200s, which is not there",
			 name ? name : "something that is no name");
		wrong += complain(text);
	}
	return wrong;
}

/* The log and the results count the same requests. */
static int check_counts(const struct view *v)
{
	double ops = view_number(v->load, "response_time_ns.count");
	char text[200];

	if (!v->response || isnan(ops) || (double)v->response->total == ops)
		return 0;
	snprintf(text, sizeof(text),
		 "latency.hlog holds %llu response times, load-test-results.json says %.0f",
		 (unsigned long long)v->response->total, ops);
	return complain(text);
}

/* Quantiles agree to the width of a bucket, which is a thousandth. */
static int check_quantiles(const struct view *v)
{
	static const struct {
		const char *key;
		double q;
	} keys[] = { { "response_time_ns.p50", 0.5 },
		     { "response_time_ns.p99", 0.99 },
		     { "response_time_ns.p99_9", 0.999 },
		     { "response_time_ns.max", 1 } };
	int wrong = 0;

	for (size_t i = 0; v->response && i < sizeof(keys) / sizeof(keys[0]); i++) {
		double said = view_number(v->load, keys[i].key);
		double have = (double)hist_quantile_ns(v->response, keys[i].q);
		char text[200];

		if (isnan(said) || fabs(have - said) <= 0.001 * said + 1)
			continue;
		snprintf(text, sizeof(text),
			 "%s is %.0f in load-test-results.json and %.0f in latency.hlog",
			 keys[i].key, said, have);
		wrong += complain(text);
	}
	return wrong;
}

static int check(const struct view *v)
{
	int wrong = 0;

	printf("%s\n", v->dir.path);
	wrong += check_files(v);
	wrong += check_counts(v);
	wrong += check_quantiles(v);
	for (size_t i = 0; i < v->missing_count; i++)
		printf("  note: %s\n", v->missing[i]);
	for (size_t i = 0; i < v->missing_count; i++)
		wrong += strstr(v->missing[i], "was not used") != NULL;
	puts(wrong ? "not valid" : "valid");
	return wrong;
}

int cmd_check(int argc, char **argv)
{
	struct view *v = calloc(1, sizeof(*v));
	struct err err = ERR_INIT;
	char cfg = 0;
	int at = 0, wrong = 0;
	int rc = v ? cli_parse(&prog, &cfg, argc, argv, &at, &err)
		   : err_set(&err, -ENOMEM, "out of memory");

	if (rc == 0 && argc - at != 1)
		rc = err_set(&err, -EINVAL, "%d run directories given, not 1; see --help",
			     argc - at);
	if (rc == 0)
		rc = view_open(argv[at], v, &err);
	if (rc == 0 && v) {
		wrong = check(v);
		view_close(v);
	}
	free(v);
	if (rc < 0)
		return cmd_fail(argv[0], &err, cmd_exit_code(rc));
	return wrong ? EXIT_NO : EXIT_OK;
}
