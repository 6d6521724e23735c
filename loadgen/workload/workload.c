/* workload.c - reads a workload: converts sections into operations, checks and compiles them. */
#include "loadgen/workload/workload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/base/file.h"
#include "loadgen/workload/builtin.h"
#include "loadgen/workload/nearest.h"
#include "loadgen/workload/sections.h"
#include "loadgen/workload/workload_keys.h"

struct builder {
	struct workload *w;
	const struct cli_prog *keys; /* of the current section */
	void *fields;                /* the struct they fill */
};

static int check_name(const char *kind, const char *name, struct err *err)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	if (!*name)
		return err_set(err, -EINVAL, "[%s] needs a name: [%s NAME]", kind, kind);
	/* Names become tags of the histogram log and keys of the result. */
	if (name[strspn(name, letters)] || strlen(name) > 40)
		return err_set(err, -EINVAL,
			       "name '%.50s' may have 40 letters, digits, '_', '.' and '-'", name);
	return 0;
}

static int begin(struct builder *b, const struct cli_prog *keys, void *fields, struct err *err)
{
	b->keys = keys;
	b->fields = fields;
	return cli_defaults(keys, fields, err);
}

static int begin_var(struct builder *b, const char *name, struct err *err)
{
	struct workload *w = b->w;

	for (size_t i = 0; i < w->variables_count; i++)
		if (strcmp(w->variables[i].name, name) == 0)
			return err_set(err, -EINVAL, "variable '%s' is a duplicate", name);
	if (w->variables_count == VARIABLES_MAX)
		return err_set(err, -EINVAL, "more than %d variables", VARIABLES_MAX);
	if (strcmp(name, "items") == 0)
		return err_set(err, -EINVAL, "'items' is reserved for an operation's item list");
	w->variables[w->variables_count].name = name;
	return begin(b, &workload_keys_var, &w->variables[w->variables_count++], err);
}

static int begin_op(struct builder *b, const char *name, struct err *err)
{
	struct workload *w = b->w;

	for (size_t i = 0; i < w->ops_count; i++)
		if (strcmp(w->ops[i].name, name) == 0)
			return err_set(err, -EINVAL, "operation '%s' is a duplicate", name);
	if (w->ops_count == WORKLOAD_OPS_MAX)
		return err_set(err, -EINVAL, "more than %d operations", WORKLOAD_OPS_MAX);
	w->ops[w->ops_count].name = name;
	return begin(b, &workload_keys_op, &w->ops[w->ops_count++], err);
}

static int begin_setup(struct builder *b, const char *name, struct err *err)
{
	struct workload *w = b->w;

	if (w->setup_count == WORKLOAD_SETUP_MAX)
		return err_set(err, -EINVAL, "more than %d setup requests", WORKLOAD_SETUP_MAX);
	w->setup[w->setup_count].name = name;
	return begin(b, &workload_keys_setup, &w->setup[w->setup_count++], err);
}

static int begin_phase(struct builder *b, const char *name, struct err *err)
{
	struct workload *w = b->w;

	if (w->phases_count == WORKLOAD_PHASES_MAX)
		return err_set(err, -EINVAL, "more than %d phases", WORKLOAD_PHASES_MAX);
	w->phases[w->phases_count].name = name;
	return begin(b, &workload_keys_phase, &w->phases[w->phases_count++], err);
}

static int on_section(void *arg, const char *kind, const char *name, struct err *err)
{
	static const char *const kinds[] = { "workload", "var", "setup", "op", "phase", NULL };
	struct builder *b = arg;
	const char *near;
	int rc;

	if (strcmp(kind, "workload") == 0)
		return begin(b, &workload_keys_workload, b->w, err);
	for (int i = 1; kinds[i]; i++) {
		if (strcmp(kind, kinds[i]) != 0)
			continue;
		rc = check_name(kind, name, err);
		if (rc)
			return rc;
		switch (i) {
		case 1:
			return begin_var(b, name, err);
		case 2:
			return begin_setup(b, name, err);
		case 3:
			return begin_op(b, name, err);
		default:
			return begin_phase(b, name, err);
		}
	}
	near = nearest_name(kinds, span_str(kind));
	return err_set(err, -ENOENT, "unknown section [%.40s]%s%s%s", kind,
		       near ? "; did you mean [" : "", near ? near : "", near ? "]?" : "");
}

static int on_key(void *arg, const char *key, const char *value, struct err *err)
{
	struct builder *b = arg;
	int rc = cli_set(b->keys, b->fields, key, value, err);

	return rc ? err_wrap(err, rc, "[%s]", b->keys->name) : 0;
}

static int compile_op(struct workload *w, struct workload_op *op, const char *kind, struct err *err)
{
	struct template_source src = {
		.method = op->method,
		.params = op->params,
		.item = op->item,
		.items = op->items,
		.variables = w->variables,
		.variables_count = w->variables_count,
	};
	int rc;

	if (!op->method)
		return err_set(err, -EINVAL, "[%s %s] needs the key 'method'", kind, op->name);
	rc = template_compile(&src, &op->request, err);
	if (rc)
		return err_wrap(err, rc, "[%s %s]", kind, op->name);
	if (op->request.bytes_max > w->bytes_max)
		w->bytes_max = op->request.bytes_max;
	return 0;
}

static int check_phases(const struct workload *w, struct err *err)
{
	bool has_recorded = w->phases_count == 0;

	for (size_t i = 0; i < w->phases_count; i++) {
		if (!w->phases[i].duration_ns)
			return err_set(err, -EINVAL, "[phase %s] needs the key 'duration'",
				       w->phases[i].name);
		has_recorded |= w->phases[i].is_recorded;
	}
	if (!has_recorded)
		return err_set(err, -EINVAL, "no phase is recorded");
	return 0;
}

static int finish(struct workload *w, struct err *err)
{
	int rc = 0;

	if (!w->ops_count)
		return err_set(err, -EINVAL, "there is no operation: add an [op NAME] section");
	for (size_t i = 0; i < w->variables_count; i++)
		if (w->variables[i].kind == VARIABLE_UNSET)
			return err_set(err, -EINVAL,
				       "[var %s] needs one of random, sequence, choice and payload",
				       w->variables[i].name);
	for (size_t i = 0; i < w->setup_count && !rc; i++)
		rc = compile_op(w, &w->setup[i], "setup", err);
	for (size_t i = 0; i < w->ops_count && !rc; i++)
		rc = compile_op(w, &w->ops[i], "op", err);
	return rc ? rc : check_phases(w, err);
}

static struct workload *new_workload(size_t text_bytes)
{
	struct workload *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->text = malloc(text_bytes);
	if (!w->text) {
		free(w);
		return NULL;
	}
	return w;
}

int workload_parse(const char *name, struct span text, struct workload **out, struct err *err)
{
	size_t name_bytes = strlen(name) + 1;
	struct builder b = { .w = new_workload(text.len + 1 + name_bytes) };
	struct sections_visitor visitor = { on_section, on_key, &b };
	int rc;

	if (!b.w) {
		err_set(err, -ENOMEM, "out of memory");
		return -ENOMEM; /* an explicit value, so that the static analyzer sees it */
	}
	memcpy(b.w->text, text.ptr, text.len);
	b.w->text[text.len] = '\0';
	memcpy(b.w->text + text.len + 1, name, name_bytes);
	b.w->name = b.w->text + text.len + 1;
	rc = sections_parse(name, b.w->text, text.len, &visitor, err);
	if (!rc) {
		rc = finish(b.w, err);
		if (rc)
			err_wrap(err, rc, "%s", name);
	}
	if (rc) {
		workload_close(b.w);
		return rc;
	}
	*out = b.w;
	return 0;
}

static int open_file(const char *path, struct workload **out, struct err *err)
{
	char *text;
	size_t len;
	int rc = file_read(path, WORKLOAD_FILE_BYTES_MAX, &text, &len, err);

	if (rc)
		return err_wrap(err, rc, "workload");
	rc = workload_parse(path, span_of(text, len), out, err);
	free(text);
	return rc;
}

int workload_open(const char *name, struct workload **out, struct err *err)
{
	const char *names[BUILTIN_MAX + 1];
	const char *near;

	if (strchr(name, '/') || strchr(name, '.'))
		return open_file(name, out, err);
	for (size_t i = 0; i <= BUILTIN_MAX; i++) {
		names[i] = builtin_workloads[i].name;
		if (!names[i])
			break;
		if (strcmp(names[i], name) == 0)
			return workload_parse(name, span_str(builtin_workloads[i].text), out, err);
	}
	near = nearest_name(names, span_str(name));
	return err_set(err, -ENOENT,
		       "no built-in workload '%.60s'%s%s%s (a file is given as PATH.wl)", name,
		       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

void workload_close(struct workload *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->setup_count; i++)
		template_deinit(&w->setup[i].request);
	for (size_t i = 0; i < w->ops_count; i++)
		template_deinit(&w->ops[i].request);
	free(w->text);
	free(w);
}

void workload_list(FILE *out)
{
	for (const struct builtin_workload *b = builtin_workloads; b->name; b++) {
		struct workload *w = NULL;

		/* A test opens each of them, so only memory can be short here. */
		if (workload_parse(b->name, span_str(b->text), &w, NULL))
			continue;
		fprintf(out, "  %-10s %s\n", b->name, w->description ? w->description : "");
		workload_close(w);
	}
}
