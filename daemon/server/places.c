#include "daemon/server/places.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *join(const char *dir, const char *name)
{
	char *path = NULL;

	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

/* The requirements of the variable's specification: absolute, ours, not accessible to others. */
static bool is_private(const char *dir)
{
	struct stat st;

	return dir[0] == '/' && stat(dir, &st) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_uid == geteuid() && (st.st_mode & 07777) == 0700;
}

char *places_in_runtime_dir(const char *name)
{
	const char *dir = getenv("XDG_RUNTIME_DIR"); /* NOLINT(concurrency-mt-unsafe): at start */

	return dir && is_private(dir) ? join(dir, name) : NULL;
}

char *places_in_tmp(const char *name)
{
	return join("/tmp", name);
}

char *places_default(const char *name)
{
	char *path = places_in_runtime_dir(name);

	return path ? path : places_in_tmp(name);
}

char *places_absolute(const char *path)
{
	char *dir;
	char *whole;

	if (path[0] == '/')
		return strdup(path);
	dir = getcwd(NULL, 0);
	whole = dir ? join(dir, path) : NULL;
	free(dir);
	return whole;
}
