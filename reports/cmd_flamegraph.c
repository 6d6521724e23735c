/* cmd_flamegraph.c - goxel-report flamegraph: draws folded stacks as an SVG. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "reports/cmd.h"
#include "reports/doc/flame.h"
#include "reports/read/folded.h"

struct options {
	const char *out;
	const char *title;
	const char *diff;
	bool merge;
};

static const struct cli_opt opts[] = {
	{ .name = "out",
	  .letter = 'o',
	  .type = CLI_TEXT,
	  .offset = offsetof(struct options, out),
	  .arg = "SVG",
	  .help = "write there instead of to stdout" },
	{ .name = "title",
	  .type = CLI_TEXT,
	  .offset = offsetof(struct options, title),
	  .preset = "CPU samples",
	  .arg = "TEXT",
	  .help = "heading of the picture" },
	{ .name = "diff",
	  .type = CLI_TEXT,
	  .offset = offsetof(struct options, diff),
	  .arg = "FOLDED",
	  .help = "colour by the change of the share since this profile" },
	{ .name = "merge-threads",
	  .type = CLI_FLAG,
	  .offset = offsetof(struct options, merge),
	  .help = "omit the outermost frames, which name threads" },
	{ 0 },
};

static const struct cli_prog prog = {
	.name = "goxel-report flamegraph",
	.usage = "goxel-report flamegraph FOLDED [options]",
	.summary = "Draws folded stacks (\"outer;inner;leaf count\" a line) as an interactive SVG.",
	.opts = opts,
};

static int read_samples(const char *path, bool merge, struct folded **out, struct err *err)
{
	struct folded *all = NULL;
	int rc = folded_read(path, &all, err);

	if (rc < 0 || !merge) {
		*out = all;
		return rc;
	}
	*out = folded_without_threads(all);
	folded_free(all);
	return *out ? 0 : err_set(err, -ENOMEM, "read %s: out of memory", path);
}

static int draw(const char *path, const struct options *o, struct err *err)
{
	struct folded *samples = NULL, *against = NULL;
	struct strbuf sb = { 0 };
	int rc = read_samples(path, o->merge, &samples, err);

	if (rc == 0 && o->diff)
		rc = read_samples(o->diff, o->merge, &against, err);
	if (rc == 0) {
		flame_svg(&sb,
			  &(struct flame){ .title = o->title,
					   .samples = samples,
					   .against = against,
					   .note = against ? "Red: a larger share of the time than "
							     "before. Blue: a smaller one."
							   : "Click a frame to zoom." });
		if (sb.failed)
			rc = err_set(err, -ENOMEM, "draw %s: out of memory", path);
	}
	if (rc == 0 && o->out)
		rc = file_write_atomic(o->out, strbuf_span(&sb), err);
	else if (rc == 0 && fwrite(sb.ptr, 1, sb.len, stdout) != sb.len)
		rc = err_set(err, -EIO, "write to stdout: %s", strerrordesc_np(errno));
	strbuf_deinit(&sb);
	folded_free(samples);
	folded_free(against);
	return rc;
}

int cmd_flamegraph(int argc, char **argv)
{
	struct options o = { 0 };
	struct err err = ERR_INIT;
	int at = 0;
	int rc = cli_defaults(&prog, &o, &err);

	if (rc == 0)
		rc = cli_parse(&prog, &o, argc, argv, &at, &err);
	if (rc == 1)
		return EXIT_OK;
	if (rc == 0 && argc - at != 1)
		rc = err_set(&err, -EINVAL, "%d files given, not 1; see --help", argc - at);
	if (rc == 0)
		rc = draw(argv[at], &o, &err);
	return rc < 0 ? cmd_fail(argv[0], &err, cmd_exit_code(rc)) : EXIT_OK;
}
