/* cmd_compare.c - goxel-report compare, and show, which is the same for one run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cli.h"
#include "daemon/base/err.h"
#include "reports/cmd.h"
#include "reports/compare_json.h"
#include "reports/files.h"
#include "reports/section.h"
#include "reports/target.h"

struct options {
	bool json;
	const char *out;
	const char *targets;
};

#define OUT_HELP(where) "write report.md, report.html and report.json there (default: " where ")"

static const struct cli_opt compare_opts[] = {
	{ .name = "json",
	  .type = CLI_FLAG,
	  .offset = offsetof(struct options, json),
	  .help = "print report.json instead of the text" },
	{ .name = "out",
	  .type = CLI_TEXT,
	  .offset = offsetof(struct options, out),
	  .arg = "DIR",
	  .help = OUT_HELP("OPTIMIZED/compare/<name of BASELINE>") },
	{ .name = "targets",
	  .type = CLI_TEXT,
	  .offset = offsetof(struct options, targets),
	  .arg = "FILE",
	  .help = "judge against these instead of the targets of v15" },
	{ 0 },
};

static const struct cli_opt show_opts[] = {
	{ .name = "json",
	  .type = CLI_FLAG,
	  .offset = offsetof(struct options, json),
	  .help = "print report.json instead of the text" },
	{ .name = "out",
	  .type = CLI_TEXT,
	  .offset = offsetof(struct options, out),
	  .arg = "DIR",
	  .help = OUT_HELP("the run directory") },
	{ .name = "targets",
	  .type = CLI_TEXT,
	  .offset = offsetof(struct options, targets),
	  .arg = "FILE",
	  .help = "judge against these instead of the targets of v15" },
	{ 0 },
};

static const struct cli_prog compare_prog = {
	.name = "goxel-report compare",
	.usage = "goxel-report compare BASELINE OPTIMIZED [options]",
	.summary = "Explains the difference of two run directories, side by side and against the "
		   "targets.",
	.opts = compare_opts,
};

static const struct cli_prog show_prog = {
	.name = "goxel-report show",
	.usage = "goxel-report show RUN [options]",
	.summary = "Summarizes one run directory.",
	.opts = show_opts,
};

static void build(struct doc *d, const struct pair *p, const struct targets *t)
{
	section_subtitle(d, p);
	section_tiles(d, p);
	section_statement(d, p);
	if (p->b && section_differences(NULL, p))
		doc_note(d, TONE_BAD,
			 "The two runs were made under unlike conditions: see Setup before reading "
			 "on.");
	section_figures(d, p);
	section_targets(d, p, t);
	if (p->b)
		section_rule(d, p);
	section_latency(d, p, t);
	section_intervals(d, p);
	section_stages(d, p);
	section_startup(d, p);
	section_allocs(d, p);
	section_memory(d, p);
	section_counters(d, p);
	section_functions(d, p);
	section_flames(d, p);
	section_setup(d, p);
	section_missing(d, p);
}

/* The last part of a path. */
static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int report(const struct pair *p, const struct targets *t, const struct options *o,
		  struct err *err)
{
	struct strbuf json = { 0 }, text = { 0 };
	struct doc d;
	char title[400];
	char *dir = NULL;
	int rc;

	if (p->b)
		snprintf(title, sizeof(title), "%s → %s", p->name_a, p->name_b);
	else
		snprintf(title, sizeof(title), "Run %s", p->name_a);
	doc_init(&d, title);
	build(&d, p, t);
	rc = p->b ? compare_json(p, t, &json) : show_json(p, t, &json);
	if (rc == 0)
		rc = doc_text(&d, &text);
	if (rc == 0 && o->out)
		dir = strdup(o->out);
	else if (rc == 0 && !p->b)
		dir = strdup(p->a->dir.path);
	else if (rc == 0 &&
		 asprintf(&dir, "%s/compare/%s", p->b->dir.path, last_part(p->a->dir.path)) < 0)
		dir = NULL;
	if (rc < 0 || !dir)
		rc = err_set(err, -ENOMEM, "out of memory");
	else
		rc = files_write(&d, strbuf_span(&json), dir, err);
	if (rc == 0) {
		fputs(o->json ? strbuf_span(&json).ptr : strbuf_span(&text).ptr, stdout);
		fprintf(o->json ? stderr : stdout, "%sreport: %s/report.html\n",
			o->json ? "" : "\n", dir);
	}
	free(dir);
	doc_deinit(&d);
	strbuf_deinit(&json);
	strbuf_deinit(&text);
	return rc;
}

/* Runs the command on operands_count run directories. */
static int run(const struct cli_prog *prog, int argc, char **argv, int operands_count)
{
	struct options o = { 0 };
	struct targets targets = { 0 };
	struct view *views = calloc(2, sizeof(*views)); /* too big for the stack */
	struct err err = ERR_INIT;
	struct pair pair;
	int at = 0, code, opened = 0;
	int rc = views ? cli_defaults(prog, &o, &err) : err_set(&err, -ENOMEM, "out of memory");

	if (rc == 0)
		rc = cli_parse(prog, &o, argc, argv, &at, &err);
	if (rc == 1) {
		free(views);
		return EXIT_OK;
	}
	if (rc == 0 && argc - at != operands_count)
		rc = err_set(&err, -EINVAL, "%d run director%s given, not %d; see --help",
			     argc - at, argc - at == 1 ? "y" : "ies", operands_count);
	if (rc == 0)
		rc = targets_open(o.targets, &targets, &err);
	for (; rc == 0 && opened < operands_count; opened++) {
		rc = view_open(argv[at + opened], &views[opened], &err);
		if (rc < 0)
			break;
	}
	code = rc < 0 ? cmd_exit_code(rc) : EXIT_OK;
	if (rc == 0) {
		pair_init(&pair, &views[0], operands_count == 2 ? &views[1] : NULL);
		rc = report(&pair, &targets, &o, &err);
		code = rc < 0 ? EXIT_FAILED : EXIT_OK;
	}
	while (opened-- > 0)
		view_close(&views[opened]);
	free(views);
	targets_close(&targets);
	return rc < 0 ? cmd_fail(argv[0], &err, code) : EXIT_OK;
}

int cmd_compare(int argc, char **argv)
{
	return run(&compare_prog, argc, argv, 2);
}

int cmd_show(int argc, char **argv)
{
	return run(&show_prog, argc, argv, 1);
}
