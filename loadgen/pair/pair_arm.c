/* pair_arm.c - finds the programs and files that an arm's words mean. */
#include "loadgen/pair/pair_arm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"

/* The target used for the daemon of a build directory. */
#define BUILD_TARGET "goxel-v15"

static int join(char *out, const char *dir, const char *name, struct err *err)
{
	if (snprintf(out, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
		return err_set(err, -ENAMETOOLONG, "a path of more than %d bytes", PATH_MAX);
	return 0;
}

/* Removes the last component. */
static void go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash && slash != path)
		*slash = '\0';
}

int pair_home_find(const char *bin, struct pair_home *out, struct err *err)
{
	char here[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", here, sizeof(here) - 1);

	if (len < 0)
		return err_set(err, -ENOENT, "cannot tell where this program is");
	here[len] = '\0';
	/* ROOT/build/VARIANT/bin/goxel-pair */
	go_up(here);
	snprintf(out->root, sizeof(out->root), "%s", here);
	for (int i = 0; i < 3; i++)
		go_up(out->root);
	if (!realpath(bin ? bin : here, out->bin))
		return err_set(err, -ENOENT, "there is no directory %s", bin ? bin : here);
	return 0;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Finds the folder of a build's programs: the given one, its bin, or the release build of a source
 * tree. */
static int find_programs(struct pair_arm *a, const char *dir, struct err *err)
{
	static const char *const below[] = { ".", "bin", "release/bin", "build/release/bin" };

	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
		char folder[PATH_MAX], program[PATH_MAX];

		if (join(folder, dir, below[i], err) < 0 ||
		    join(program, folder, "goxel-daemon", err) < 0)
			return -ENAMETOOLONG;
		if (access(program, X_OK) == 0 && realpath(folder, a->bin))
			return 0;
	}
	return err_set(err, -ENOENT, "%.100s is no build directory: it has no goxel-daemon", dir);
}

static bool find_shipped(struct pair_arm *a, const char *name)
{
	static const char *const heads[] = { "", "goxel-" };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		int len = snprintf(a->file, PATH_MAX, "%s/profiles/targets/%s%s.target", a->root,
				   heads[i], name);

		if (len < PATH_MAX && file_exists(a->file))
			return true;
	}
	return false;
}

/* DIR or DIR:TARGET. 1: DIR is no directory. */
static int find_build(struct pair_arm *a, char *what, struct err *err)
{
	char *colon = strrchr(what, ':');
	const char *target = BUILD_TARGET;

	if (colon && !is_dir(what)) {
		*colon = '\0';
		target = colon + 1;
	}
	if (!is_dir(what)) {
		if (colon)
			*colon = ':';
		return 1;
	}
	if (!find_shipped(a, target))
		return err_set(err, -ENOENT, "there is no target '%.100s'", target);
	return find_programs(a, what, err);
}

static int find_target(struct pair_arm *a, char *what, struct err *err)
{
	int rc;

	if (!strchr(what, '/') && find_shipped(a, what))
		return 0;
	rc = find_build(a, what, err);
	if (rc <= 0)
		return rc;
	if (file_exists(what)) {
		snprintf(a->file, PATH_MAX, "%s", what);
		return 0;
	}
	return err_set(err, -ENOENT,
		       "'%.100s' is no preset, no shipped target, no target file and no build "
		       "directory",
		       what);
}

int pair_arm_open(const struct pair_home *home, char name, const char *spec, struct pair_arm *out,
		  struct err *err)
{
	char what[PATH_MAX];
	size_t len = strcspn(spec, " \t");
	int rc;

	*out = (struct pair_arm){ .name = name, .spec = spec };
	snprintf(out->root, sizeof(out->root), "%s", home->root);
	snprintf(out->bin, sizeof(out->bin), "%s", home->bin);
	if (!len || len >= sizeof(what))
		return err_set(err, -EINVAL, "arm %c is empty", name);
	memcpy(what, spec, len);
	what[len] = '\0';
	spec += len;
	spec += strspn(spec, " \t");
	out->args = *spec ? spec : NULL;
	rc = find_target(out, what, err);
	if (!rc)
		rc = target_file_read(out->file, &out->target, err);
	return rc ? err_wrap(err, rc, "arm %c", name) : 0;
}

void pair_arm_close(struct pair_arm *a)
{
	target_file_deinit(&a->target);
}
