#include "daemon/server/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cli/cli.h"
#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "daemon/json/value.h"
#include "daemon/parser/parser.h"
#include "daemon/server/arch.h"

enum {
	CONFIG_BYTES_MAX = 1 << 20,
	CONFIG_VALUE_MAX = 4096, /* bytes of one value as text */
};

/* A key of the file and the option that it sets. Keys of the architecture are in arch.c. */
struct config_key {
	const char *group;
	const char *name;
	enum value_kind kind;
	const char *option;
};

static const struct config_key keys[] = {
	{ "daemon", "preset", VALUE_STRING, "preset" },
	{ "daemon", "root", VALUE_STRING, "root" },
	{ "daemon", "socket_path", VALUE_STRING, "socket" },
	{ "daemon", "tcp", VALUE_STRING, "tcp" },
	{ "daemon", "token_file", VALUE_STRING, "token-file" },
	{ "daemon", "pid_file", VALUE_STRING, "pid-file" },
	{ "daemon", "log_file", VALUE_STRING, "log-file" },
	{ "daemon", "working_dir", VALUE_STRING, "working-dir" },
	{ "daemon", "user", VALUE_STRING, "user" },
	{ "daemon", "group", VALUE_STRING, "group" },
	{ "daemon", "daemonize", VALUE_BOOL, "daemonize" },
	{ "daemon", "protocol", VALUE_STRING, "protocol" },
	{ "daemon", "socket_permissions", VALUE_STRING, "socket-mode" },
	{ "daemon", "max_connections", VALUE_INT, "max-connections" },
	{ "daemon", "request_queue_size", VALUE_INT, "queue-size" },
	{ "daemon", "max_request_bytes", VALUE_INT, "max-request" },
	{ "daemon", "timeout_ms", VALUE_INT, "request-timeout" },
	{ "daemon", "idle_timeout_ms", VALUE_INT, "idle-timeout" },
	{ "daemon", "request_read_timeout_ms", VALUE_INT, "request-read-timeout" },
	{ "daemon", "write_timeout_ms", VALUE_INT, "write-timeout" },
	{ "performance", "priority_queue", VALUE_BOOL, "priority-queue" },
	{ "performance", "zero_copy", VALUE_BOOL, "zero-copy" }, /* the older name of delivery */
	{ "performance", "memory_high_mb", VALUE_INT, "memory-high" },
	{ "performance", "gc_threshold_mb", VALUE_INT, "memory-high" }, /* its older name */
	{ "journal", "dir", VALUE_STRING, "journal" },
	{ "journal", "sync", VALUE_STRING, "journal-sync" },
	{ "journal", "interval_ms", VALUE_INT, "journal-interval" },
	{ "journal", "segment_bytes", VALUE_INT, "journal-segment" },
	{ "monitoring", "performance_logging", VALUE_BOOL, "verbose" },
	{ "monitoring", "startup_trace", VALUE_BOOL, "startup-trace" },
	{ "monitoring", "stages_every", VALUE_INT, "stages" },
	{ "monitoring", "heap_sample_bytes", VALUE_INT, "heap-sample" },
};

enum { KEYS_COUNT = sizeof(keys) / sizeof(keys[0]) };

static const char *const groups[] = { "daemon", "performance", "journal", "monitoring" };

/* A position in the file, for messages. */
struct config_file {
	const char *path;
	const char *text;
	const struct cli_prog *prog;
	void *cfg;
	struct config_texts *texts;
};

/* The line where the key first occurs after from, in quotes and before a colon. */
static unsigned line_of(const struct config_file *f, struct span group, struct span key)
{
	const char *at = f->text;
	char quoted[128];
	unsigned line = 1;

	for (int i = 0; i < 2 && at; i++) {
		struct span name = i ? key : group;

		if (!name.len)
			continue;
		snprintf(quoted, sizeof(quoted), "\"%.*s\"", SPAN_ARG(name));
		at = strstr(at, quoted);
	}
	for (const char *c = f->text; at && c < at; c++)
		line += *c == '\n';
	return line;
}

static const char *kind_name(enum value_kind kind)
{
	static const char *const names[] = {
		[VALUE_NONE] = "nothing",       [VALUE_NULL] = "null",
		[VALUE_BOOL] = "true or false", [VALUE_INT] = "a whole number",
		[VALUE_REAL] = "a number",      [VALUE_STRING] = "a text",
		[VALUE_ARRAY] = "an array",     [VALUE_OBJECT] = "an object",
	};

	return names[kind];
}

/* The unit of a number is the suffix of its key's name; options need it after the number. */
static const char *unit_of(const char *key)
{
	static const struct {
		const char *end;
		const char *unit;
	} units[] = { { "_ms", "ms" }, { "_mb", "MiB" } };
	size_t len = strlen(key);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t end_len = strlen(units[i].end);

		if (len > end_len && !strcmp(key + len - end_len, units[i].end))
			return units[i].unit;
	}
	return "";
}

static int value_text(const char *key, struct value v, char *out, size_t cap)
{
	struct span text;

	switch (value_kind(v)) {
	case VALUE_BOOL:
		snprintf(out, cap, "%s", value_integer(v) ? "on" : "off");
		return 0;
	case VALUE_INT:
		snprintf(out, cap, "%lld%s", (long long)value_integer(v), unit_of(key));
		return 0;
	default:
		text = value_string(v);
		if (text.len >= cap || memchr(text.ptr, 0, text.len))
			return -EINVAL;
		memcpy(out, text.ptr, text.len);
		out[text.len] = '\0';
		return 0;
	}
}

static int set_option(const struct config_file *f, const struct config_key *key, struct value v,
		      struct err *err)
{
	char text[CONFIG_VALUE_MAX];
	char *kept;

	if (value_text(key->name, v, text, sizeof(text)) < 0)
		return err_set(err, -EINVAL, "longer than %d bytes, or contains a NUL",
			       CONFIG_VALUE_MAX - 1);
	/* Options that are texts point to the copy, which lives as long as they do. */
	if (f->texts->count == CONFIG_TEXTS_MAX)
		return err_set(err, -EINVAL, "more than %d texts in one file", CONFIG_TEXTS_MAX);
	kept = strdup(text);
	if (!kept)
		return err_set(err, -ENOMEM, "out of memory");
	f->texts->texts[f->texts->count++] = kept;
	return cli_set(f->prog, f->cfg, key->option, kept, err);
}

void config_free(struct config_texts *texts)
{
	while (texts->count)
		free(texts->texts[--texts->count]);
}

/* The key of a row of the architecture table; its option takes text. */
static struct config_key key_of_row(const struct arch_row *row)
{
	struct config_key key = { row->group, row->key, VALUE_STRING, row->name };

	if (arch_is_bool(row))
		key.kind = VALUE_BOOL;
	else if (row->kind == ARCH_NUMBER || row->kind == ARCH_RANGE)
		key.kind = VALUE_INT;
	return key;
}

/* False when there is no such key. */
static bool find_key(struct span group, struct span name, struct config_key *out)
{
	for (int i = 0; i < KEYS_COUNT + ARCH_ROWS; i++) {
		*out = i < KEYS_COUNT ? keys[i] : key_of_row(&arch_rows[i - KEYS_COUNT]);
		if (span_is(group, out->group) && span_is(name, out->name))
			return true;
	}
	return false;
}

static int take_key(const struct config_file *f, struct span group, struct value v, struct err *err)
{
	struct span name = value_key(v);
	unsigned line = line_of(f, group, name);
	struct config_key key;
	int rc;

	if (!find_key(group, name, &key))
		return err_set(err, -EINVAL, "%s:%u: unknown key %.*s.%.*s", f->path, line,
			       SPAN_ARG(group), SPAN_ARG(name));
	if (value_kind(v) != key.kind)
		return err_set(err, -EINVAL, "%s:%u: %s.%s must be %s, not %s", f->path, line,
			       key.group, key.name, kind_name(key.kind), kind_name(value_kind(v)));
	rc = set_option(f, &key, v, err);
	if (rc < 0)
		return err_wrap(err, rc, "%s:%u: %s.%s", f->path, line, key.group, key.name);
	return 0;
}

static int take_group(const struct config_file *f, struct value v, struct err *err)
{
	struct span group = value_key(v);
	bool is_known = false;
	struct value member;
	int rc = 0;

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		is_known |= span_is(group, groups[i]);
	if (!is_known)
		return err_set(err, -EINVAL, "%s:%u: unknown group %.*s", f->path,
			       line_of(f, group, span_of("", 0)), SPAN_ARG(group));
	if (value_kind(v) != VALUE_OBJECT)
		return err_set(err, -EINVAL, "%s:%u: %.*s must be an object", f->path,
			       line_of(f, group, span_of("", 0)), SPAN_ARG(group));
	for (bool more = value_first(v, &member); rc == 0 && more;
	     more = value_next(member, &member))
		rc = take_key(f, group, member, err);
	return rc;
}

static int take_all(const struct config_file *f, struct value root, struct err *err)
{
	struct value v;
	int rc = 0;

	if (value_kind(root) != VALUE_OBJECT)
		return err_set(err, -EINVAL, "%s: not an object", f->path);
	for (bool more = value_first(root, &v); rc == 0 && more; more = value_next(v, &v))
		rc = take_group(f, v, err);
	return rc;
}

int config_load(const struct cli_prog *prog, void *cfg, const char *path,
		struct config_texts *texts, struct err *err)
{
	struct config_file f = { .path = path, .prog = prog, .cfg = cfg, .texts = texts };
	struct parser *parser = NULL;
	struct parse_fault fault;
	struct value root;
	char *text = NULL;
	char *padded;
	size_t len;
	int rc;

	rc = file_read_regular(path, CONFIG_BYTES_MAX, &text, &len, err);
	if (rc < 0)
		return rc;
	padded = realloc(text, len + 1 + PARSER_PADDING_BYTES);
	if (!padded) {
		free(text);
		return err_set(err, -ENOMEM, "read %s", path);
	}
	memset(padded + len, 0, 1 + PARSER_PADDING_BYTES);
	f.text = padded;
	rc = parser_open("scalar", &parser, err);
	if (rc == 0) {
		rc = parser_parse(parser, span_of(padded, len), &root, &fault);
		if (rc == -EPROTO) {
			unsigned line = 1;

			for (uint32_t i = 0; i < fault.byte_index && i < len; i++)
				line += padded[i] == '\n';
			rc = err_set(err, -EINVAL, "%s:%u: %s", path, line, fault.why);
		} else if (rc < 0) {
			err_set(err, rc, "read %s: out of memory", path);
		} else {
			rc = take_all(&f, root, err);
		}
		parser_reset(parser);
	}
	parser_close(parser);
	free(padded);
	return rc;
}
