#include "reports/lib/target_file.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/base/strbuf.h"

enum { FILE_BYTES_MAX = 1 << 20 };

static const char BLANKS[] = " \t\r\n";

#define FIELD(name) offsetof(struct target_file, name)

static const struct {
	const char *key;
	size_t field;
	bool is_needed;
} keys[] = {
	{ "command", FIELD(command), true },  { "label", FIELD(label), false },
	{ "name", FIELD(name), true },        { "pid", FIELD(pid), false },
	{ "request", FIELD(request), true },  { "status", FIELD(status), false },
	{ "tcp", FIELD(tcp), false },         { "unix", FIELD(unix_path), false },
	{ "version", FIELD(version), false }, { "workload", FIELD(workload), false },
};
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static const char **field_of(struct target_file *t, size_t key)
{
	return (const char **)(void *)((char *)t + keys[key].field);
}

static char *trim(char *text)
{
	char *end;

	text += strspn(text, BLANKS);
	end = text + strlen(text);
	while (end > text && strchr(BLANKS, end[-1]))
		end--;
	*end = '\0';
	return text;
}

static int unknown_key(const char *key, struct err *err)
{
	char known[128] = "";

	for (size_t i = 0; i < KEYS; i++) {
		size_t len = strlen(known);

		snprintf(known + len, sizeof(known) - len, "%s%s", i ? " " : "", keys[i].key);
	}
	return err_set(err, -EINVAL, "unknown key '%.40s' (known: %s)", key, known);
}

static int check_pid(struct target_file *t, struct err *err)
{
	t->is_child = t->pid && strcmp(t->pid, "child") == 0;
	if (t->pid && !t->is_child && strcmp(t->pid, "command") != 0)
		return err_set(err, -EINVAL, "pid is '%.40s'; command or child", t->pid);
	return 0;
}

static int read_line(struct target_file *t, char *line, struct err *err)
{
	char *equals, *key, *value;

	line = trim(line);
	if (!*line || *line == '#')
		return 0;
	equals = strchr(line, '=');
	if (equals)
		*equals = '\0';
	key = trim(line);
	value = equals ? trim(equals + 1) : NULL;
	if (!value || !*key || !*value)
		return err_set(err, -EINVAL, "expected key = value");
	for (size_t i = 0; i < KEYS; i++) {
		if (strcmp(keys[i].key, key) != 0)
			continue;
		*field_of(t, i) = value;
		return check_pid(t, err);
	}
	return unknown_key(key, err);
}

static int read_lines(struct target_file *t, const char *path, struct err *err)
{
	char *rest = t->text, *line;
	int number = 0;

	while ((line = strsep(&rest, "\n"))) {
		int rc = read_line(t, line, err);

		number++;
		if (rc < 0)
			return err_wrap(err, rc, "%s:%d", path, number);
	}
	return 0;
}

static int check(struct target_file *t, const char *path, struct err *err)
{
	for (size_t i = 0; i < KEYS; i++)
		if (keys[i].is_needed && !*field_of(t, i))
			return err_set(err, -EINVAL, "%s: '%s' is missing", path, keys[i].key);
	if (!t->unix_path == !t->tcp)
		return err_set(err, -EINVAL, "%s: exactly one of 'unix' and 'tcp' is needed", path);
	return 0;
}

int target_file_read(const char *path, struct target_file *out, struct err *err)
{
	struct target_file t = { 0 };
	size_t len;
	int rc = file_read_regular(path, FILE_BYTES_MAX, &t.text, &len, err);

	if (rc == 0)
		rc = read_lines(&t, path, err);
	if (rc == 0)
		rc = check(&t, path, err);
	if (rc < 0)
		target_file_deinit(&t);
	*out = t;
	return rc;
}

void target_file_deinit(struct target_file *t)
{
	free(t->text);
	*t = (struct target_file){ 0 };
}

static void add_filled(struct strbuf *out, struct span text, const struct target_places *p)
{
	const struct {
		const char *place;
		const char *value;
	} places[] = { { "{bin}", p->bin }, { "{dir}", p->dir }, { "{root}", p->root } };

	while (text.len) {
		size_t i = 0, used = 1;

		while (i < 3 && !span_starts(text, span_str(places[i].place)))
			i++;
		if (i < 3) {
			strbuf_add_str(out, places[i].value);
			used = strlen(places[i].place);
		} else {
			strbuf_add_char(out, *text.ptr);
		}
		text.ptr += used;
		text.len -= used;
	}
}

char *target_file_fill(const char *value, const struct target_places *p)
{
	struct strbuf out = { 0 };

	add_filled(&out, span_str(value), p);
	strbuf_add_str(&out, "");
	return strbuf_take(&out);
}

/* Returns the next word of a text and moves *text behind it; length 0 at the end. */
static struct span next_word(const char **text)
{
	struct span word;

	*text += strspn(*text, BLANKS);
	word = span_of(*text, strcspn(*text, BLANKS));
	*text += word.len;
	return word;
}

/* Appends each word with a NUL after it; returns how many were added. */
static size_t add_plain(struct strbuf *out, const char *text)
{
	size_t count = 0;
	struct span word;

	while (text && (word = next_word(&text)).len) {
		strbuf_add(out, word.ptr, word.len);
		strbuf_add_char(out, '\0');
		count++;
	}
	return count;
}

/* The same with their places filled. */
static size_t add_command(struct strbuf *out, const char *text, const struct target_places *p)
{
	bool has_args = false;
	size_t count = 0;
	struct span word;

	while ((word = next_word(&text)).len) {
		if (span_is(word, "{args}")) {
			has_args = true;
			count += add_plain(out, p->args);
			continue;
		}
		add_filled(out, word, p);
		strbuf_add_char(out, '\0');
		count++;
	}
	return has_args ? count : count + add_plain(out, p->args);
}

int target_file_command(const struct target_file *t, const struct target_places *p, char ***words,
			char **memory, struct err *err)
{
	struct strbuf sb = { 0 };
	size_t count = add_command(&sb, t->command, p);
	char **out, *at;

	strbuf_add_str(&sb, "");
	*memory = strbuf_take(&sb);
	out = calloc(count + 1, sizeof(*out));
	if (!*memory || !out) {
		free(*memory);
		free(out);
		return err_set(err, -ENOMEM, "out of memory for a command");
	}
	at = *memory;
	for (size_t i = 0; i < count; i++) {
		out[i] = at;
		at += strlen(at) + 1;
	}
	*words = out;
	return 0;
}

int target_file_addr(const struct target_file *t, const struct target_places *p,
		     struct sock_addr *out, struct err *err)
{
	char *text = target_file_fill(t->tcp ? t->tcp : t->unix_path, p);
	int rc;

	if (!text)
		return err_set(err, -ENOMEM, "out of memory for an address");
	rc = t->tcp ? sock_parse_tcp(text, out, err) : sock_parse_unix(text, out, err);
	free(text);
	return rc;
}
