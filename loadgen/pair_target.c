/* pair_target.c - target files: key = value lines, # comments. */
#include "loadgen/pair_target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"

enum { TARGET_FILE_BYTES_MAX = 1 << 20 };

static char *trim(char *s)
{
	char *end;

	s += strspn(s, " \t\r");
	end = s + strlen(s);
	while (end > s && strchr(" \t\r", end[-1]))
		end--;
	*end = '\0';
	return s;
}

/* Keys of other tools are known, and nothing here. */
static bool is_known_elsewhere(const char *key)
{
	return !strcmp(key, "status") || !strcmp(key, "version") || !strcmp(key, "label");
}

static int set_pid(struct pair_target *t, const char *value, struct err *err)
{
	t->is_child = !strcmp(value, "child");
	if (!t->is_child && strcmp(value, "command") != 0)
		return err_set(err, -EINVAL, "pid is '%.40s'; command or child", value);
	return 0;
}

static int set_key(struct pair_target *t, const char *key, const char *value, struct err *err)
{
	const struct {
		const char *key;
		const char **field;
	} fields[] = {
		{ "name", &t->name }, { "command", &t->command }, { "unix", &t->unix_path },
		{ "tcp", &t->tcp },   { "request", &t->request }, { "workload", &t->workload },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (!strcmp(key, fields[i].key)) {
			*fields[i].field = value;
			return 0;
		}
	if (!strcmp(key, "pid"))
		return set_pid(t, value, err);
	return is_known_elsewhere(key) ? 0 : err_set(err, -EINVAL, "unknown key '%.40s'", key);
}

static int parse_line(struct pair_target *t, char *line, struct err *err)
{
	char *equals;

	line = trim(line);
	if (!*line || *line == '#')
		return 0;
	equals = strchr(line, '=');
	if (!equals || !equals[1])
		return err_set(err, -EINVAL, "expected key = value");
	*equals = '\0';
	return set_key(t, trim(line), trim(equals + 1), err);
}

static int check(const struct pair_target *t, const char *path, struct err *err)
{
	const char *missing = !t->name      ? "name"
			      : !t->command ? "command"
			      : !t->request ? "request"
					    : NULL;

	if (missing)
		return err_set(err, -EINVAL, "%s: '%s' is missing", path, missing);
	if (!t->unix_path == !t->tcp)
		return err_set(err, -EINVAL, "%s: exactly one of 'unix' and 'tcp' is needed", path);
	return 0;
}

int pair_target_read(const char *path, struct pair_target *out, struct err *err)
{
	size_t len;
	int number = 0;
	int rc;
	char *rest;

	memset(out, 0, sizeof(*out));
	rc = file_read_regular(path, TARGET_FILE_BYTES_MAX, &out->text, &len, err);
	if (rc < 0)
		return rc;
	rest = out->text;
	for (char *line; (line = strsep(&rest, "\n"));) {
		number++;
		rc = parse_line(out, line, err);
		if (rc < 0) {
			pair_target_deinit(out);
			return err_wrap(err, rc, "%s:%d", path, number);
		}
	}
	rc = check(out, path, err);
	if (rc < 0)
		pair_target_deinit(out);
	return rc;
}

void pair_target_deinit(struct pair_target *t)
{
	free(t->text);
	memset(t, 0, sizeof(*t));
}

void pair_target_fill(const char *text, const struct pair_places *p, struct strbuf *out)
{
	const struct {
		const char *place;
		const char *value;
	} places[] = {
		{ "{bin}", p->bin },
		{ "{dir}", p->dir },
		{ "{root}", p->root },
		{ "{args}", p->args ? p->args : "" },
	};

	while (*text) {
		size_t i = 0;

		while (i < 4 && strncmp(text, places[i].place, strlen(places[i].place)) != 0)
			i++;
		if (i < 4) {
			strbuf_add_str(out, places[i].value);
			text += strlen(places[i].place);
		} else {
			strbuf_add_char(out, *text++);
		}
	}
}

static size_t count_words(const char *s)
{
	size_t count = 0;

	while (*(s += strspn(s, " \t"))) {
		s += strcspn(s, " \t");
		count++;
	}
	return count;
}

int pair_target_command(const struct pair_target *t, const struct pair_places *p, char ***words,
			char **memory, struct err *err)
{
	struct strbuf sb = { 0 };
	size_t count = 0, most;
	char *rest, **out;

	pair_target_fill(t->command, p, &sb);
	if (p->args && !strstr(t->command, "{args}")) {
		strbuf_add_char(&sb, ' ');
		strbuf_add_str(&sb, p->args);
	}
	*memory = strbuf_take(&sb);
	most = *memory ? count_words(*memory) : 0;
	out = calloc(most + 1, sizeof(*out));
	if (!*memory || !out) {
		free(*memory);
		free(out);
		return err_set(err, -ENOMEM, "out of memory for a command");
	}
	rest = *memory;
	for (char *word; (word = strsep(&rest, " \t"));)
		if (*word)
			out[count++] = word;
	*words = out;
	return 0;
}

int pair_target_addr(const struct pair_target *t, const struct pair_places *p,
		     struct sock_addr *out, struct err *err)
{
	struct strbuf sb = { 0 };
	int rc;

	pair_target_fill(t->tcp ? t->tcp : t->unix_path, p, &sb);
	if (sb.failed)
		rc = err_set(err, -ENOMEM, "out of memory for an address");
	else
		rc = t->tcp ? sock_parse_tcp(sb.ptr, out, err) : sock_parse_unix(sb.ptr, out, err);
	strbuf_deinit(&sb);
	return rc;
}
