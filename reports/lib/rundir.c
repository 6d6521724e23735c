#include "reports/lib/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"

#define PARTIAL ".partial"

/* path without trailing slashes, plus suffix */
static char *join(const char *path, const char *suffix)
{
	size_t len = strlen(path);
	char *out = NULL;

	while (len > 1 && path[len - 1] == '/')
		len--;
	return asprintf(&out, "%.*s%s", (int)len, path, suffix) < 0 ? NULL : out;
}

int rundir_create(const char *path, struct rundir *out, struct err *err)
{
	struct rundir dir = { .path = join(path, ""), .partial = join(path, PARTIAL) };
	char *slash, *parent = join(path, "");
	int rc = 0;

	if (!dir.path || !dir.partial || !parent) {
		rc = err_set(err, -ENOMEM, "create run %s: out of memory", path);
		goto out;
	}
	slash = strrchr(parent, '/');
	if (slash && slash != parent) {
		*slash = '\0';
		rc = file_make_dirs(parent, err);
		if (rc < 0)
			goto out;
	}
	if (file_exists(dir.path))
		rc = err_set(err, -EEXIST, "create run %s: it already exists", dir.path);
	else if (mkdir(dir.partial, 0777) != 0)
		rc = err_set(err, -errno, "create run %s: %s", dir.partial, strerrordesc_np(errno));
out:
	free(parent);
	if (rc < 0)
		rundir_close(&dir);
	else
		*out = dir;
	return rc;
}

int rundir_complete(struct rundir *dir, struct err *err)
{
	if (rename(dir->partial, dir->path) != 0)
		return err_set(err, -errno, "complete run %s: %s", dir->path,
			       strerrordesc_np(errno));
	free(dir->partial);
	dir->partial = NULL;
	return 0;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static int check_directory(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return err_set(err, -errno, "%s: %s", path,
			       errno == ENOENT ? "there is no such run directory"
					       : strerrordesc_np(errno));
	if (!S_ISDIR(st.st_mode))
		return err_set(err, -ENOTDIR, "%s is a file, not a run directory", path);
	if (ends_with(path, PARTIAL))
		return err_set(err, -EAGAIN, "%s was interrupted before it was complete", path);
	return 0;
}

int rundir_open(const char *path, struct rundir *out, struct err *err)
{
	struct rundir dir = { .path = join(path, "") };
	const char *state;
	int rc;

	if (!dir.path)
		return err_set(err, -ENOMEM, "open %s: out of memory", path);
	rc = check_directory(dir.path, err);
	if (rc == 0)
		rc = rundir_json(&dir, RUNFILE_RUN, "goxel-run", 1, &dir.run, err);
	if (rc == -ENOENT && file_exists(dir.path))
		rc = err_set(err, -ENOTDIR, "%s is not a run directory: it has no %s", dir.path,
			     runfile_name(RUNFILE_RUN));
	if (rc == 0) {
		state = json_string_value(json_object_get(dir.run, "state"));
		if (!state || strcmp(state, "complete") != 0)
			rc = err_set(err, -EAGAIN, "%s was interrupted: %s says its state is '%s'",
				     dir.path, runfile_name(RUNFILE_RUN),
				     state ? state : "unknown");
	}
	if (rc < 0)
		rundir_close(&dir);
	else
		*out = dir;
	return rc;
}

static bool is_complete_run(const char *path, const char *preset)
{
	struct err unused = ERR_INIT;
	struct rundir dir = { 0 };
	const char *have;
	bool is;

	if (rundir_open(path, &dir, &unused) < 0)
		return false;
	have = json_string_value(json_object_get(dir.run, "preset"));
	is = have && strcmp(have, preset) == 0;
	rundir_close(&dir);
	return is;
}

int rundir_newest(const char *runs, const char *preset, char **out, struct err *err)
{
	struct dirent **list = NULL;
	int count = scandir(runs, &list, NULL, NULL), rc = 0;
	char *newest = NULL;

	for (int i = 0; i < count; i++) {
		char *path = NULL;

		if (list[i]->d_name[0] != '.' &&
		    asprintf(&path, "%s/%s", runs, list[i]->d_name) < 0) {
			path = NULL;
			rc = err_set(err, -ENOMEM, "out of memory");
		}
		if (path && (!newest || strcmp(path, newest) > 0) &&
		    is_complete_run(path, preset)) {
			free(newest);
			newest = path;
			path = NULL;
		}
		free(path);
		free(list[i]);
	}
	free(list);
	if (rc == 0 && !newest)
		rc = err_set(err, -ENOENT, "no complete %s run in %s", preset, runs);
	if (rc < 0)
		free(newest);
	else
		*out = newest;
	return rc;
}

void rundir_close(struct rundir *dir)
{
	free(dir->path);
	free(dir->partial);
	json_decref(dir->run);
	*dir = (struct rundir){ 0 };
}

static char *path_of(const struct rundir *dir, const char *name)
{
	char *out = NULL;

	return asprintf(&out, "%s/%s", dir->partial ? dir->partial : dir->path, name) < 0 ? NULL
											  : out;
}

char *rundir_path(const struct rundir *dir, enum runfile file)
{
	return path_of(dir, runfile_name(file));
}

bool rundir_has_name(const struct rundir *dir, const char *name)
{
	char *path = path_of(dir, name);
	bool has = path && file_exists(path);

	free(path);
	return has;
}

bool rundir_has(const struct rundir *dir, enum runfile file)
{
	return rundir_has_name(dir, runfile_name(file));
}

static int check_schema(const char *path, const json_t *root, const char *schema, int major,
			struct err *err)
{
	const char *have = json_string_value(json_object_get(root, "schema"));
	size_t len = strlen(schema);
	long have_major;
	char *end;

	if (!have)
		return err_set(err, -EPROTO, "%s has no \"schema\" key", path);
	if (strncmp(have, schema, len) != 0 || have[len] != '/')
		return err_set(err, -EPROTO, "%s has schema '%.60s', not '%s/%d'", path, have,
			       schema, major);
	have_major = strtol(have + len + 1, &end, 10);
	if (end == have + len + 1 || (*end != '\0' && *end != '.') || have_major != major)
		return err_set(err, -EOPNOTSUPP,
			       "%s has schema '%.60s'; this program reads %s/%d only", path, have,
			       schema, major);
	return 0;
}

int result_json_parse(const char *name, struct span text, const char *schema, int major,
		      json_t **out, struct err *err)
{
	json_error_t why;
	json_t *root = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &why);
	int rc = 0;

	if (!root)
		return err_set(err, -EPROTO, "%s:%d:%d: %.120s", name, why.line, why.column,
			       why.text);
	if (!json_is_object(root))
		rc = err_set(err, -EPROTO, "%s is JSON but not an object", name);
	else if (schema)
		rc = check_schema(name, root, schema, major, err);
	if (rc < 0)
		json_decref(root);
	else
		*out = root;
	return rc;
}

int result_json_read(const char *path, const char *schema, int major, json_t **out, struct err *err)
{
	char *text = NULL;
	size_t len = 0;
	int rc = file_read(path, RUNDIR_JSON_BYTES_MAX, &text, &len, err);

	if (rc < 0)
		return rc;
	rc = result_json_parse(path, span_of(text, len), schema, major, out, err);
	free(text);
	return rc;
}

int rundir_json(const struct rundir *dir, enum runfile file, const char *schema, int major,
		json_t **out, struct err *err)
{
	char *path = rundir_path(dir, file);
	int rc;

	if (!path)
		return err_set(err, -ENOMEM, "read %s: out of memory", runfile_name(file));
	rc = result_json_read(path, schema, major, out, err);
	free(path);
	return rc;
}
