/* cmd_machine.c - goxel-report machine: prints this machine's fingerprint, as stored in results. */
#include <errno.h>
#include <stdio.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"
#include "daemon/base/json_out.h"
#include "reports/cmd.h"
#include "reports/lib/fingerprint.h"

static const struct cli_opt opts[] = { { 0 } };

static const struct cli_prog prog = {
	.name = "goxel-report machine",
	.usage = "goxel-report machine",
	.summary = "Prints this machine's fingerprint as JSON, as stored in results.",
	.opts = opts,
};

int cmd_machine(int argc, char **argv)
{
	struct fingerprint f;
	struct strbuf sb = { 0 };
	struct json_out j = { .sb = &sb, .indent = 2 };
	struct err err = ERR_INIT;
	int at = 0;
	int rc = cli_parse(&prog, &(char){ 0 }, argc, argv, &at, &err);

	if (rc == 1)
		return EXIT_OK;
	if (rc == 0 && at != argc)
		rc = err_set(&err, -EINVAL, "unexpected '%s'; see --help", argv[at]);
	if (rc < 0)
		return cmd_fail(argv[0], &err, cmd_exit_code(rc));
	fingerprint_take(&f);
	fingerprint_write(&j, NULL, &f);
	puts(strbuf_span(&sb).ptr);
	strbuf_deinit(&sb);
	return EXIT_OK;
}
