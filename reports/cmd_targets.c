/* cmd_targets.c - goxel-report targets and machine: what is expected, and of what machine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "daemon/base/cli.h"
#include "daemon/base/err.h"
#include "daemon/base/json_out.h"
#include "reports/cmd.h"
#include "reports/doc.h"
#include "reports/lib/fingerprint.h"
#include "reports/target.h"

struct options {
	const char *targets;
	bool json;
};

static const struct cli_opt target_opts[] = {
	{ .name = "targets",
	  .type = CLI_TEXT,
	  .offset = offsetof(struct options, targets),
	  .arg = "FILE",
	  .help = "list these instead of the targets of v15" },
	{ .name = "json",
	  .type = CLI_FLAG,
	  .offset = offsetof(struct options, json),
	  .help = "print the file itself" },
	{ 0 },
};
static const struct cli_opt no_opts[] = { { 0 } };

static const struct cli_prog targets_prog = {
	.name = "goxel-report targets",
	.usage = "goxel-report targets [options]",
	.summary = "Lists what a version is expected to reach, and which command measures it.",
	.opts = target_opts,
};
static const struct cli_prog machine_prog = {
	.name = "goxel-report machine",
	.usage = "goxel-report machine",
	.summary = "Prints this machine's fingerprint as JSON, for run.json.",
	.opts = no_opts,
};

static int parse(const struct cli_prog *prog, struct options *o, int argc, char **argv,
		 struct err *err)
{
	int at;
	int rc = cli_defaults(prog, o, err);

	if (rc == 0)
		rc = cli_parse(prog, o, argc, argv, &at, err);
	if (rc == 0 && at != argc)
		rc = err_set(err, -EINVAL, "unexpected '%s'; see --help", argv[at]);
	return rc;
}

static void print_targets(const struct targets *t)
{
	struct strbuf out = { 0 };
	struct doc d;

	doc_init(&d, t->name);
	doc_table(&d, "Target|>Limit|>v14 claimed|Metric|Measured by");
	for (size_t i = 0; i < t->count; i++) {
		const struct target *one = &t->list[i];

		doc_cell(&d, TONE_NONE, "%s", one->title);
		doc_cell(&d, TONE_NONE, "%s", target_fmt(one).s);
		doc_cell(&d, TONE_NONE, "%s", metric_fmt(one->metric, one->v14_claim).s);
		doc_cell(&d, TONE_NONE, "%s", one->metric->key);
		doc_cell(&d, TONE_NONE, "%s", one->measured_by ? one->measured_by : "–");
	}
	doc_text(&d, &out);
	fputs(strbuf_span(&out).ptr, stdout);
	strbuf_deinit(&out);
	doc_deinit(&d);
}

static void print_json(const json_t *root)
{
	char *text = json_dumps(root, JSON_INDENT(2));

	if (text)
		puts(text);
	free(text);
}

int cmd_targets(int argc, char **argv)
{
	struct options o = { 0 };
	struct targets targets = { 0 };
	struct err err = ERR_INIT;
	int rc = parse(&targets_prog, &o, argc, argv, &err);

	if (rc == 1)
		return EXIT_OK;
	if (rc == 0)
		rc = targets_open(o.targets, &targets, &err);
	if (rc < 0)
		return cmd_fail(argv[0], &err, cmd_exit_code(rc));
	if (o.json)
		print_json(targets.root);
	else
		print_targets(&targets);
	targets_close(&targets);
	return EXIT_OK;
}

int cmd_machine(int argc, char **argv)
{
	struct options o = { 0 };
	struct fingerprint f;
	struct strbuf sb = { 0 };
	struct json_out j = { .sb = &sb, .indent = 2 };
	struct err err = ERR_INIT;
	int rc = parse(&machine_prog, &o, argc, argv, &err);

	if (rc == 1)
		return EXIT_OK;
	if (rc < 0)
		return cmd_fail(argv[0], &err, cmd_exit_code(rc));
	fingerprint_take(&f);
	fingerprint_write(&j, NULL, &f);
	puts(strbuf_span(&sb).ptr);
	strbuf_deinit(&sb);
	return EXIT_OK;
}
