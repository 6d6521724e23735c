#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/test/cli_util.h"

static int parse_host(void *field, const char *value, struct err *err)
{
	if (!*value)
		return err_set(err, -EINVAL, "host is empty");
	*(int *)field = (int)strlen(value);
	return 0;
}

static void show_host(const void *field, FILE *out)
{
	fprintf(out, "%d letters", *(const int *)field);
}

const char *const cli_util_queues[] = { "mutex", "ring", "priority", NULL };
const char *const cli_util_colors[] = { "red", "green", "blue", NULL };

#define AT(field) .offset = offsetof(struct cli_cfg, field)

const struct cli_opt cli_util_opts[] = {
	{ .name = "Load", .type = CLI_GROUP },
	{ .name = "quiet", .letter = 'q', .type = CLI_FLAG, AT(quiet), .help = "say nothing" },
	{ .name = "fast-path",
	  .type = CLI_SWITCH,
	  AT(fast_path),
	  .preset = "on",
	  .help = "answer small requests in the thread that read them" },
	{ .name = "count",
	  .letter = 'n',
	  .type = CLI_INT,
	  AT(count),
	  .preset = "4",
	  .min = -5,
	  .max = 64,
	  .help = "how many" },
	{ .name = "ratio",
	  .type = CLI_REAL,
	  AT(ratio),
	  .preset = "0.5",
	  .min = 0,
	  .max = 1,
	  .help = "share of writes" },
	{ .name = "out",
	  .letter = 'o',
	  .type = CLI_TEXT,
	  AT(out),
	  .arg = "PATH",
	  .help = "where the results go, a folder that is made if it is not there yet" },
	{ .name = "Time and size", .type = CLI_GROUP },
	{ .name = "duration",
	  .letter = 'd',
	  .type = CLI_DURATION,
	  AT(duration_ns),
	  .preset = "30s",
	  .min = 1e6,
	  .max = 86400e9,
	  .help = "how long to measure" },
	{ .name = "block-size-of-the-transfer",
	  .type = CLI_BYTES,
	  AT(block_bytes),
	  .preset = "4KiB",
	  .help = "bytes of a block" },
	{ .name = "rate",
	  .letter = 'r',
	  .type = CLI_RATE,
	  AT(rate_per_s),
	  .preset = "50k",
	  .help = "requests per second" },
	{ .name = "queue",
	  .type = CLI_CHOICE,
	  AT(queue),
	  .preset = "ring",
	  .choices = cli_util_queues,
	  .help = "how requests reach the workers" },
	{ .name = "color",
	  .type = CLI_ENUM,
	  AT(color),
	  .preset = "green",
	  .choices = cli_util_colors,
	  .help = "of the lines" },
	{ .name = "limit",
	  .type = CLI_INT,
	  AT(limit),
	  .min = 1,
	  .max = 9,
	  .help = "at most; without it no limit" },
	{ .name = "host",
	  .type = CLI_CALL,
	  AT(host_len),
	  .parse = parse_host,
	  .show = show_host,
	  .help = "whom to ask" },
	{ .name = NULL },
};

const struct cli_prog cli_util_prog = {
	.name = "goxel-test",
	.usage = "goxel-test (--unix PATH | --tcp HOST:PORT) [options]\n"
		 "goxel-test --list",
	.summary = "Tests the table of options.",
	.opts = cli_util_opts,
};

void cli_util_run(struct cli_run *r, const char *words)
{
	char *rest = NULL;

	memset(r, 0, sizeof(*r));
	snprintf(r->text, sizeof(r->text), "prog %s", words);
	for (char *w = strtok_r(r->text, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
		r->argv[r->argc++] = w;
	assert_int_equal(cli_defaults(&cli_util_prog, &r->cfg, &r->err), 0);
	r->rc = cli_parse(&cli_util_prog, &r->cfg, r->argc, r->argv, &r->operand_index, &r->err);
}
