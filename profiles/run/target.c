/* target.c - see target.h. */
#include "profiles/run/target.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/strbuf.h"

enum { FILE_BYTES_MAX = 1 << 16 };

/* In the order of enum target_key, which is that of the alphabet. */
static const char *const keys[TARGET_KEYS] = { "command", "label", "name", "pid",     "request",
					       "status",  "tcp",   "unix", "version", "workload" };

static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t\r");
	end = text + strlen(text);
	while (end > text && strchr(" \t\r", end[-1]))
		end--;
	*end = '\0';
	return text;
}

static int unknown_key(const char *path, int line, const char *key, struct err *err)
{
	struct strbuf known = { 0 };
	int rc;

	for (int i = 0; i < TARGET_KEYS; i++)
		strbuf_addf(&known, "%s%s", i ? " " : "", keys[i]);
	rc = err_set(err, -EINVAL, "%s:%d: unknown key '%.40s' (known: %s)", path, line, key,
		     strbuf_span(&known).ptr);
	strbuf_deinit(&known);
	return rc;
}

static int read_line(struct run_target *t, const char *path, int number, char *line,
		     struct err *err)
{
	char *equals, *key, *value;

	line = trim(line);
	if (!*line || *line == '#')
		return 0;
	equals = strchr(line, '=');
	if (!equals)
		return err_set(err, -EINVAL, "%s:%d: expected key = value", path, number);
	*equals = '\0';
	key = trim(line);
	value = trim(equals + 1);
	if (!*key || !*value)
		return err_set(err, -EINVAL, "%s:%d: expected key = value", path, number);
	for (int i = 0; i < TARGET_KEYS; i++) {
		if (strcmp(keys[i], key) != 0)
			continue;
		t->values[i] = value;
		return 0;
	}
	return unknown_key(path, number, key, err);
}

static int read_lines(struct run_target *t, const char *path, struct err *err)
{
	char *rest = t->text, *line;
	int number = 0, rc = 0;

	while (rc == 0 && (line = strsep(&rest, "\n")))
		rc = read_line(t, path, ++number, line, err);
	return rc;
}

static int check(struct run_target *t, const char *path, struct err *err)
{
	static const enum target_key needed[] = { TARGET_NAME, TARGET_COMMAND, TARGET_REQUEST };
	const char *pid = t->values[TARGET_PID];

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!t->values[needed[i]])
			return err_set(err, -EINVAL, "%s: '%s' is missing", path, keys[needed[i]]);
	if (!t->values[TARGET_UNIX] == !t->values[TARGET_TCP])
		return err_set(err, -EINVAL, "%s: exactly one of 'unix' and 'tcp' is needed", path);
	if (pid && strcmp(pid, "command") != 0 && strcmp(pid, "child") != 0)
		return err_set(err, -EINVAL, "%s: pid is '%.40s'; command or child", path, pid);
	if (!t->values[TARGET_WORKLOAD])
		t->values[TARGET_WORKLOAD] = "mixed";
	if (!t->values[TARGET_LABEL])
		t->values[TARGET_LABEL] = t->values[TARGET_NAME];
	return 0;
}

static int no_such_target(const char *path, const char *root, struct err *err)
{
	struct strbuf shipped = { 0 }, pattern = { 0 };
	glob_t found = { 0 };
	int rc;

	strbuf_addf(&pattern, "%s/profiles/targets/*.target", root);
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

/* A name without a slash that is no file here is that of a shipped target. */
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

int run_target_read(const char *which, const char *root, struct run_target *out, struct err *err)
{
	struct run_target t = { 0 };
	char *path = path_of(which, root);
	size_t len;
	int rc;

	if (!path)
		return err_set(err, -ENOMEM, "target '%s': out of memory", which);
	if (!file_exists(path))
		rc = no_such_target(path, root, err);
	else
		rc = file_read_regular(path, FILE_BYTES_MAX, &t.text, &len, err);
	if (rc == 0)
		rc = read_lines(&t, path, err);
	if (rc == 0)
		rc = check(&t, path, err);
	free(path);
	if (rc < 0)
		run_target_deinit(&t);
	else
		*out = t;
	return rc;
}

void run_target_deinit(struct run_target *t)
{
	free(t->text);
	*t = (struct run_target){ 0 };
}

char *run_target_fill(const char *value, const char *bin, const char *dir, const char *root)
{
	const struct {
		const char *place;
		const char *text;
	} places[] = { { "{bin}", bin }, { "{dir}", dir }, { "{root}", root } };
	struct strbuf out = { 0 };

	while (*value) {
		size_t i = 0;

		while (i < 3 && strncmp(value, places[i].place, strlen(places[i].place)) != 0)
			i++;
		if (i < 3) {
			strbuf_add_str(&out, places[i].text);
			value += strlen(places[i].place);
		} else {
			strbuf_add_char(&out, *value++);
		}
	}
	strbuf_add_str(&out, "");
	return strbuf_take(&out);
}
