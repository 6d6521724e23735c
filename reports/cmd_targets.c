/*
 * cmd_targets.c - goxel-report targets: lists every limit of the project, and compares measured
 * figures with them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"
#include "reports/cmd.h"
#include "reports/doc/doc.h"
#include "reports/judge/figures.h"
#include "reports/judge/judged_print.h"
#include "reports/lib/rundir.h"

struct options {
	const char *targets;
	const char *benchmarks;
	bool json;
};

static const struct cli_opt opts[] = {
	{ .name = "targets",
	  .type = CLI_TEXT,
	  .offset = offsetof(struct options, targets),
	  .arg = "NAME|FILE",
	  .preset = "v15",
	  .help = "v15 (requirements), speed (levels to keep), or a file" },
	{ .name = "benchmarks",
	  .type = CLI_TEXT,
	  .offset = offsetof(struct options, benchmarks),
	  .arg = "FILE",
	  .help = "print the filter for goxel-bench that selects the benchmarks of the "
		  "targets; FILE is any result of goxel-bench, it says what v15 uses" },
	{ .name = "json",
	  .type = CLI_FLAG,
	  .offset = offsetof(struct options, json),
	  .help = "print one JSON document" },
	{ 0 },
};

static void print_more(FILE *out)
{
	fputs("Without FIGURES the targets are listed. FIGURES are run directories, results of\n"
	      "goxel-bench, and values of scripts/bench-ceiling.sh; each file counts as one\n"
	      "measurement. A target is met or missed when the 95 % interval of its figure lies "
	      "on\n"
	      "one side of the limit (signed rank, 6 values or more), and not settled otherwise; "
	      "a\n"
	      "figure measured once is compared directly.\n",
	      out);
}

static const struct cli_prog prog = {
	.name = "goxel-report targets",
	.usage = "goxel-report targets [options] [FIGURES...]",
	.summary = "Lists the targets, or judges measured figures by them.",
	.opts = opts,
	.help_more = print_more,
	.exit_codes = "  0  no target is missed\n"
		      "  1  a target is missed\n"
		      "  2  wrong usage, or no such file\n"
		      "  4  a file is damaged or of an unknown kind\n",
};

static void fill_list(struct doc *d, const struct targets *t)
{
	doc_table(d, "Target|>Limit|>v14 claimed|Metric|Measured by");
	for (size_t i = 0; i < t->count; i++) {
		const struct target *one = &t->list[i];

		doc_cell(d, TONE_NONE, "%s", one->title);
		doc_cell(d, TONE_NONE, "%s", target_fmt(one).s);
		doc_cell(d, TONE_NONE, "%s", unit_fmt(one->unit, one->v14_claim).s);
		doc_cell(d, TONE_NONE, "%s", one->key);
		doc_cell(d, TONE_NONE, "%s", one->measured_by ? one->measured_by : "–");
	}
}

static void print_doc(struct doc *d)
{
	struct strbuf out = { 0 };

	doc_text(d, &out);
	fputs(strbuf_span(&out).ptr, stdout);
	strbuf_deinit(&out);
}

static void list_targets(const struct targets *t, bool is_json)
{
	struct doc d;
	char *text;

	if (is_json) {
		text = json_dumps(t->root, JSON_INDENT(2));
		if (text)
			puts(text);
		free(text);
		return;
	}
	doc_init(&d, t->name);
	fill_list(&d, t);
	print_doc(&d);
	doc_deinit(&d);
}

static void print_judgement(const struct judgement *j, bool is_json)
{
	struct strbuf out = { 0 };
	char title[64];
	struct doc d;

	if (is_json) {
		judgement_json(&out, j);
		puts(strbuf_span(&out).ptr);
		strbuf_deinit(&out);
		return;
	}
	snprintf(title, sizeof(title), "Targets: %.40s", j->figures->targets->name);
	doc_init(&d, title);
	judgement_doc(&d, j);
	print_doc(&d);
	doc_deinit(&d);
}

/* The same file must not count as two measurements. */
static int check_distinct(char **paths, int count, struct err *err)
{
	for (int i = 0; i < count; i++)
		for (int k = 0; k < i; k++)
			if (strcmp(paths[i], paths[k]) == 0)
				return err_set(err, -EINVAL,
					       "%s is given twice: each file counts once",
					       paths[i]);
	return 0;
}

/* Returns an exit code, or a negative error. */
static int judge(const struct targets *t, char **paths, int count, bool is_json, struct err *err)
{
	struct figures figures = { .targets = t };
	struct judgement j;
	int rc = check_distinct(paths, count, err);

	for (int i = 0; i < count && rc == 0; i++)
		rc = figures_read(&figures, paths[i], err);
	if (rc == 0) {
		rc = judgement_make(&figures, &j);
		if (rc < 0)
			err_set(err, rc, "judge: %s", strerrordesc_np(-rc));
	}
	if (rc == 0) {
		print_judgement(&j, is_json);
		rc = j.counts[VERDICT_MISSED] ? EXIT_NO : EXIT_OK;
	}
	figures_deinit(&figures);
	return rc;
}

static int print_benchmarks(const struct targets *t, const char *path, struct err *err)
{
	json_t *bench;
	int rc = result_json_read(path, "goxel-bench", 1, &bench, err);
	char *text;

	if (rc < 0)
		return rc;
	text = figures_benchmarks(t, bench);
	json_decref(bench);
	if (!text)
		return err_set(err, -ENOMEM, "out of memory");
	puts(text);
	free(text);
	return 0;
}

int cmd_targets(int argc, char **argv)
{
	struct options o = { 0 };
	struct targets targets = { 0 };
	struct err err = ERR_INIT;
	int at = 0;
	int rc = cli_defaults(&prog, &o, &err);

	if (rc == 0)
		rc = cli_parse(&prog, &o, argc, argv, &at, &err);
	if (rc == 1)
		return EXIT_OK;
	if (rc == 0)
		rc = targets_open(o.targets, &targets, &err);
	if (rc == 0 && o.benchmarks)
		rc = print_benchmarks(&targets, o.benchmarks, &err);
	else if (rc == 0 && at == argc)
		list_targets(&targets, o.json);
	else if (rc == 0)
		rc = judge(&targets, argv + at, argc - at, o.json, &err);
	targets_close(&targets);
	return rc < 0 ? cmd_fail(argv[0], &err, cmd_exit_code(rc)) : rc;
}
