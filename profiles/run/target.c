#include "profiles/run/target.h"

#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/strbuf.h"
#include "reports/lib/target_file.h"

static int no_such_target(const char *path, const char *root, struct err *err)
{
	struct strbuf shipped = { 0 }, pattern = { 0 };
	glob_t found = { 0 };
	int rc;

	strbuf_addf(&pattern, "%s/profiles/targets/*.target", root);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	if (!pattern.failed && glob(pattern.ptr, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			strbuf_addf(&shipped, "%s%s", i ? " " : "", found.gl_pathv[i]);
	rc = err_set(err, -EINVAL, "no target file '%s' (shipped ones: %s)", path,
		     strbuf_span(&shipped).ptr);
	globfree(&found);
	strbuf_deinit(&pattern);
	strbuf_deinit(&shipped);
	return rc;
}

/* A name without a slash that is no file here is the name of a shipped target. */
static char *path_of(const char *which, const char *root)
{
	size_t len = strlen(which);
	bool has_suffix = len > 7 && strcmp(which + len - 7, ".target") == 0;
	char *path = NULL;

	if (strchr(which, '/') || file_exists(which))
		return strdup(which);
	return asprintf(&path, "%s/profiles/targets/%s%s", root, which,
			has_suffix ? "" : ".target") < 0
		       ? NULL
		       : path;
}

int run_target_read(const char *which, const char *root, struct target_file *out, struct err *err)
{
	char *path = path_of(which, root);
	int rc;

	if (!path)
		return err_set(err, -ENOMEM, "target '%s': out of memory", which);
	rc = file_exists(path) ? target_file_read(path, out, err) : no_such_target(path, root, err);
	free(path);
	return rc;
}
