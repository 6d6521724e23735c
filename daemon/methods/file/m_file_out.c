/*
 * Writing files: saving projects, exporting models. A snapshot is written, so that edits can go on
 * meanwhile.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/formats/formats.h"
#include "daemon/methods/file/file_args.h"
#include "daemon/methods/file/file_preview.h"
#include "daemon/methods/scope.h"
#include "daemon/methods/table.h"
#include "daemon/store/root.h"

/* A file being written. */
struct output {
	struct call *call;
	int code;
	const char *what;
	struct span path;
	struct snapshot *snapshot;
	int64_t bytes;
};

static int take_snapshot(struct output *o, int project_index)
{
	struct call *call = o->call;
	int32_t id;
	int rc = scope_project_id(call, project_index, &id);

	if (rc < 0)
		return rc;
	rc = context_snapshot(call->env->lease, id, &o->snapshot);
	if (rc == -ENOENT && id)
		return arg_fault(call, project_index, "no such project is open");
	if (rc == -ENOENT)
		return fault_set(&call->fault, o->code, "Failed to %s: no project is open",
				 o->what);
	return scope_fault(call, o->code, rc, o->what);
}

static int write_document(struct output *o, const struct format *f,
			  const struct format_options *options)
{
	struct strbuf out = strbuf_counted(BUDGET_FILES);
	struct err err = ERR_INIT;
	int rc = f->write(&o->snapshot->doc, options, &out, &err);

	if (rc == 0)
		rc = format_fits(&out, &err);
	if (rc == 0)
		rc = root_write(o->call->env->root, o->path, strbuf_span(&out), &err);
	o->bytes = (int64_t)out.len;
	strbuf_deinit(&out);
	return rc < 0 ? file_fault(o->call, o->code, o->what, o->path, &err) : 0;
}

enum { SAVE_PROJECT = 1 };

static const struct param save_params[] = {
	PARAM_PATH("file to write; absent: the one that was opened or saved last"),
	[SAVE_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

/* Meanwhile the project may have been edited or closed. */
static void mark_saved(struct output *o)
{
	struct project *p;

	if (context_enter(o->call->env->lease, o->snapshot->project_id, &p) < 0)
		return;
	project_saved(p, o->snapshot->doc.version, o->path);
}

/* Copies the path that the project remembers. */
static int remembered_path(struct call *call, char **out)
{
	struct project *p;
	int rc = scope_project(call, SAVE_PROJECT, APP_SAVE_PROJECT, &p);

	if (rc < 0)
		return rc;
	if (!p->path)
		return arg_fault(call, 0, "is missing, and the project has no file yet");
	*out = strdup(p->path);
	return *out ? 0 : scope_fault(call, APP_SAVE_PROJECT, -ENOMEM, "save project");
}

static int save(struct output *o)
{
	struct format_options options = { .preview = file_preview };
	struct reply *r = o->call->reply;
	int rc = take_snapshot(o, SAVE_PROJECT);

	if (rc == 0)
		rc = write_document(o, format_find(SPAN_LIT("gox"), o->path), &options);
	if (rc < 0)
		return rc;
	mark_saved(o);
	reply_object(r);
	reply_key_bool(r, "success", true);
	reply_key_string(r, "path", o->path);
	reply_key_integer(r, "size", o->bytes);
	reply_object_end(r);
	return 0;
}

static int run_save_project(struct call *call)
{
	struct output o = { .call = call, .code = APP_SAVE_PROJECT, .what = "save project" };
	char *remembered = NULL;
	int rc = 0;

	o.path = arg_string(call, 0, "");
	if (!arg_has(call, 0)) {
		rc = remembered_path(call, &remembered);
		o.path = span_str(remembered);
	}
	if (rc == 0)
		rc = save(&o);
	snapshot_put(o.snapshot);
	free(remembered);
	return rc;
}

static const char *const save_aliases[] = { "save_file", NULL };

const struct method method_save_project = {
	.name = "save_project",
	.aliases = save_aliases,
	.params = save_params,
	.doc = "Writes the project as .gox, whatever the path's extension; the old file stays until "
	       "the new one is complete.",
	.result = "success, path, size (bytes)",
	.run = run_save_project,
};

enum { EXPORT_FORMAT = 1, EXPORT_LAYER, EXPORT_PROJECT };

static const struct param export_params[] = {
	PARAM_PATH("file to write"),
	[EXPORT_FORMAT] =
		PARAM_FORMAT("by the path's extension: gltf, glb, obj, ply, stl, gox, vox, text, "
			     "povray, qubicle, png slices"),
	[EXPORT_LAYER] = { .name = "layer_id",
			   .alias = "layer",
			   .type = PARAM_ANY,
			   .doc = "id of the one layer to write, or its name; absent, 0 or less: "
				  "all visible layers" },
	[EXPORT_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static int export_layer(struct output *o, int32_t *id)
{
	struct call *call = o->call;
	struct layer *l;
	int32_t number;
	int rc;

	*id = 0;
	if (!arg_has(call, EXPORT_LAYER))
		return 0;
	if (decode_is_number(call->args[EXPORT_LAYER]) &&
	    decode_i32(call->args[EXPORT_LAYER], &number) == 0 && number <= 0)
		return 0;
	rc = scope_layer(call, EXPORT_LAYER, o->code, &o->snapshot->doc, &l);
	if (rc == 0)
		*id = l->meta.id;
	return rc;
}

static int export_format(struct output *o, struct span name, const struct format **f)
{
	*f = format_find(name, o->path);
	if (*f && (*f)->write)
		return 0;
	fault_set(
		&o->call->fault, o->code,
		"Failed to %s '%.*s': %s%s%.*s%s; formats are gltf, glb, obj, ply, stl, gox, vox, "
		"text, povray, qubicle, png slices",
		o->what, o->path.len < 60 ? (int)o->path.len : 60, o->path.ptr,
		format_refusal(name, o->path), name.len ? " '" : "",
		name.len < 20 ? (int)name.len : 20, name.ptr, name.len ? "'" : "");
	return -EPROTO;
}

static int run_export_model(struct call *call)
{
	struct output o = { .call = call, .code = APP_EXPORT_MODEL, .what = "export model" };
	struct format_options options = { .preview = file_preview };
	struct span name = arg_string(call, EXPORT_FORMAT, "");
	const struct format *f = NULL;
	struct reply *r = call->reply;
	int rc = file_path(call, &o.path);

	if (rc == 0)
		rc = export_format(&o, name, &f);
	if (rc == 0)
		rc = take_snapshot(&o, EXPORT_PROJECT);
	if (rc == 0)
		rc = export_layer(&o, &options.layer_id);
	if (rc == 0)
		rc = write_document(&o, f, &options);
	snapshot_put(o.snapshot);
	if (rc)
		return rc;
	reply_object(r);
	reply_key_bool(r, "success", true);
	reply_key_string(r, "path", o.path);
	reply_key_string(r, "format", name.len ? name : span_str(f->name));
	reply_key_integer(r, "size", o.bytes);
	reply_object_end(r);
	return 0;
}

static const char *const export_aliases[] = { "export_project", "export_file", NULL };

const struct method method_export_model = {
	.name = "export_model",
	.aliases = export_aliases,
	.params = export_params,
	.doc = "Writes the visible layers, or one layer, in a format of another program; meshes "
	       "have only the visible faces.",
	.result = "success, path, format, size (bytes)",
	.run = run_export_model,
};
