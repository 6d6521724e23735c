/* cmd_compare.c - goxel-report compare, and show, which does the same for one run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"
#include "reports/cmd.h"
#include "reports/compare_json.h"
#include "reports/doc/files.h"
#include "reports/judge/target.h"
#include "reports/lib/runfile.h"
#include "reports/section/gnuplot.h"
#include "reports/section/repeats.h"
#include "reports/section/section.h"

struct options {
	bool json;
	const char *out;
	const char *targets;
	const char *bench;
	bool png;
};

static const struct cli_opt opts[] = {
	{ .name = "json",
	  .type = CLI_FLAG,
	  .offset = offsetof(struct options, json),
	  .help = "print the JSON document instead of the text" },
	{ .name = "out",
	  .type = CLI_TEXT,
	  .offset = offsetof(struct options, out),
	  .arg = "DIR",
	  .help = "write the report there, as Markdown, HTML and JSON (default: the run's "
		  "directory; of a comparison OPTIMIZED/compare/<name of BASELINE>)" },
	{ .name = "targets",
	  .type = CLI_TEXT,
	  .offset = offsetof(struct options, targets),
	  .arg = "FILE",
	  .help = "judge against these instead of the targets of v15" },
	{ .name = "bench",
	  .type = CLI_TEXT,
	  .offset = offsetof(struct options, bench),
	  .arg = "FILE",
	  .help = "Google Benchmark JSON of goxel-bench, for the targets that it measures" },
	{ .name = "png",
	  .type = CLI_FLAG,
	  .offset = offsetof(struct options, png),
	  .help = "draw the plots as PNG files, too (needs gnuplot)" },
	{ 0 },
};

static const struct cli_prog compare_prog = {
	.name = "goxel-report compare",
	.usage = "goxel-report compare BASELINE OPTIMIZED [BASELINE OPTIMIZED]... [options]",
	.summary = "Explains the difference of two run directories, side by side and against the "
		   "targets. With several pairs, made in alternating order, it gives effects with "
		   "intervals and corrected p-values.",
	.opts = opts,
};

static const struct cli_prog show_prog = {
	.name = "goxel-report show",
	.usage = "goxel-report show RUN [options]",
	.summary = "Reports on one run directory, as compare does on two.",
	.opts = opts,
};

static void build(struct doc *d, const struct pair *p, const struct targets *t,
		  const struct repeats *repeats)
{
	section_subtitle(d, p);
	if (repeats) {
		section_repeats_tiles(d, repeats);
		section_repeats(d, repeats);
	} else {
		section_tiles(d, p);
		section_statement(d, p);
	}
	if (p->b && section_differences(NULL, p))
		doc_note(d, TONE_BAD,
			 "The two runs were made under different "
			 "conditions: see Setup before reading on.");
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

static int report(const struct pair *p, const struct targets *t, const struct repeats *repeats,
		  const struct options *o, struct err *err)
{
	struct strbuf json = { 0 }, text = { 0 };
	struct doc d;
	char title[400];
	char *dir = NULL;
	int rc;

	if (repeats)
		snprintf(title, sizeof(title), "%s → %s, %zu pairs", p->name_a, p->name_b,
			 repeats->pairs_count);
	else if (p->b)
		snprintf(title, sizeof(title), "%s → %s", p->name_a, p->name_b);
	else
		snprintf(title, sizeof(title), "Run %s", p->name_a);
	doc_init(&d, title);
	build(&d, p, t, repeats);
	rc = p->b ? compare_json(p, t, repeats, &json) : show_json(p, t, &json);
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
	if (rc == 0 && o->png)
		rc = gnuplot_write(p, t, dir, err);
	if (rc == 0) {
		fputs(o->json ? strbuf_span(&json).ptr : strbuf_span(&text).ptr, stdout);
		fprintf(o->json ? stderr : stdout, "%sreport: %s/%s\n", o->json ? "" : "\n", dir,
			runfile_name(RUNFILE_REPORT_HTML));
	}
	free(dir);
	doc_deinit(&d);
	strbuf_deinit(&json);
	strbuf_deinit(&text);
	return rc;
}

/* Judges the runs and writes the reports; returns an exit code. */
static int judge(const char *name, struct view *views, int count, const struct targets *targets,
		 const struct options *o)
{
	struct repeats *repeats = NULL;
	struct err err = ERR_INIT;
	struct pair pair;
	int rc = 0;

	if (count > 2) {
		repeats = calloc(1, sizeof(*repeats));
		rc = repeats ? repeats_judge(views, (size_t)count / 2, repeats) : -ENOMEM;
		if (rc < 0)
			err_set(&err, rc, "judge %d pairs: %s", count / 2, strerrordesc_np(-rc));
	}
	pair_init(&pair, &views[0], count >= 2 ? &views[1] : NULL);
	if (repeats) {
		pair.views = views;
		pair.pairs_count = (size_t)count / 2;
		pair_name_sides(&pair);
	}
	if (rc == 0)
		rc = report(&pair, targets, repeats, o, &err);
	free(repeats);
	return rc < 0 ? cmd_fail(name, &err, EXIT_FAILED) : EXIT_OK;
}

/* The same run must not count as two observations. */
static int check_distinct(const struct view *views, int count, struct err *err)
{
	for (int i = 0; i < count; i++)
		for (int k = 0; k < i; k++)
			if (count > 2 && strcmp(views[i].dir.path, views[k].dir.path) == 0)
				return err_set(err, -EINVAL,
					       "%s is given twice: each run counts once",
					       views[i].dir.path);
	return 0;
}

/* One benchmark result serves all runs, since it has the implementations of both sides. */
static int give_bench(struct view *views, int count, const char *path, struct err *err)
{
	json_t *bench = NULL;
	int rc = result_json_read(path, NULL, 1, &bench, err);

	for (int i = 0; i < count && rc == 0; i++) {
		json_decref(views[i].bench);
		views[i].bench = json_incref(bench);
	}
	json_decref(bench);
	return rc;
}

static int check_operands(const struct cli_prog *prog, int count, struct err *err)
{
	if (prog == &show_prog && count != 1)
		return err_set(err, -EINVAL, "%d run directories given, not 1; see --help", count);
	if (prog == &compare_prog && (count < 2 || count % 2 || count > 2 * REPEATS_MAX))
		return err_set(err, -EINVAL,
			       "%d run director%s given; an even number "
			       "is needed, at most %d pairs; see --help",
			       count, count == 1 ? "y" : "ies", REPEATS_MAX);
	return 0;
}

static int run(const struct cli_prog *prog, int argc, char **argv)
{
	struct options o = { 0 };
	struct targets targets = { 0 };
	struct view *views = NULL; /* too big for the stack */
	struct err err = ERR_INIT;
	int at = 0, code, opened = 0, count = 0;
	int rc = cli_defaults(prog, &o, &err);

	if (rc == 0)
		rc = cli_parse(prog, &o, argc, argv, &at, &err);
	if (rc == 1)
		return EXIT_OK;
	if (rc == 0) {
		count = argc - at;
		rc = check_operands(prog, count, &err);
	}
	if (rc == 0)
		rc = targets_open(o.targets, &targets, &err);
	if (rc == 0) {
		views = calloc((size_t)count, sizeof(*views));
		rc = views ? 0 : err_set(&err, -ENOMEM, "out of memory");
	}
	for (; rc == 0 && views && opened < count; opened++) {
		rc = view_open(argv[at + opened], &views[opened], &err);
		if (rc < 0)
			break;
	}
	if (rc == 0 && views)
		rc = check_distinct(views, count, &err);
	if (rc == 0 && views && o.bench)
		rc = give_bench(views, count, o.bench, &err);
	code = rc < 0 || !views ? cmd_fail(argv[0], &err, cmd_exit_code(rc))
				: judge(argv[0], views, count, &targets, &o);
	while (views && opened-- > 0)
		view_close(&views[opened]);
	free(views);
	targets_close(&targets);
	return code;
}

int cmd_compare(int argc, char **argv)
{
	return run(&compare_prog, argc, argv);
}

int cmd_show(int argc, char **argv)
{
	return run(&show_prog, argc, argv);
}
