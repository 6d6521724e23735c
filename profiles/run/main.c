/* main.c - goxel-run: one run of the main job; see run.h. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"
#include "profiles/run/options.h"
#include "profiles/run/run.h"
#include "profiles/run/target.h"
#include "reports/lib/target_file.h"

static int check_programs(const char *bin, struct err *err)
{
	static const char *const needed[] = { "goxel-start", "goxel-load", "goxel-profile",
					      "goxel-report" };
	char path[4096];

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", bin, needed[i]);
		if (access(path, X_OK) < 0)
			return err_set(err, -EINVAL, "%s is missing: run make first", path);
	}
	return 0;
}

static int read_target(const struct run_options *o, struct target_file *t, struct err *err)
{
	char name[64];

	snprintf(name, sizeof(name), "goxel-%s", o->preset);
	return run_target_read(o->target ? o->target : name, o->root, t, err);
}

static int start(const struct run_options *o, const struct target_file *t, struct err *err)
{
	struct run r;
	int rc = run_init(&r, o, t, err), code = EXIT_FAILED;

	if (rc == 0)
		code = run_check_load(&r);
	if (rc == 0 && code == EXIT_OK && !o->dry_run)
		code = run_do(&r);
	for (size_t i = 0; rc == 0 && o->dry_run && i < r.command.count; i++)
		printf("%s%s", r.command.list[i], i + 1 < r.command.count ? " " : "\n");
	run_deinit(&r);
	return rc < 0 ? rc : code;
}

int main(int argc, char **argv)
{
	struct run_options o;
	struct target_file target = { 0 };
	struct err err = ERR_INIT;
	int rc = run_options_read(&o, argc, argv, &err), code = EXIT_USAGE;

	if (rc == 1)
		return EXIT_OK;
	if (rc == 0)
		rc = check_programs(o.bin, &err);
	if (rc == 0)
		rc = read_target(&o, &target, &err);
	if (rc == 0) {
		rc = start(&o, &target, &err);
		code = rc < 0 ? EXIT_FAILED : rc;
	}
	if (rc < 0)
		fprintf(stderr, "goxel-run: %s\n", err.msg);
	target_file_deinit(&target);
	return code;
}
