/*
 * Reading files: opening projects, importing models. Reading needs no project lock: the document
 * becomes a project, or part of one, when it is complete.
 */
#include <errno.h>
#include <string.h>

#include "daemon/base/err.h"
#include "daemon/formats/formats.h"
#include "daemon/methods/file/file_args.h"
#include "daemon/methods/scope.h"
#include "daemon/methods/table.h"
#include "daemon/store/root.h"

/* Reads a whole document from a file. On a fault doc is empty. */
static int read_document(struct call *call, const char *what, struct document *doc)
{
	struct span path = arg_string(call, 0, "");
	struct span name = arg_string(call, 1, "");
	const struct format *f;
	struct err err = ERR_INIT;
	struct strbuf text = strbuf_counted(BUDGET_FILES);
	int rc;

	context_leave(call->env->lease);
	rc = root_read_into(call->env->root, path, FORMAT_FILE_BYTES_MAX, &text, &err);
	document_init(doc);
	if (rc < 0) {
		strbuf_deinit(&text);
		file_fault(call, APP_LOAD_PROJECT, what, path, &err);
		return -EPROTO;
	}
	f = name.len ? format_find(name, path) : format_detect(strbuf_span(&text), path);
	if (!f || !f->read)
		rc = err_set(&err, -EINVAL, "%s; formats to read are gox, vox, qubicle and text",
			     f ? "this format can only be written" : format_refusal(name, path));
	else
		rc = f->read(strbuf_span(&text), doc, &err);
	strbuf_deinit(&text);
	if (rc < 0) {
		document_deinit(doc);
		file_fault(call, APP_LOAD_PROJECT, what, path, &err);
		return -EPROTO;
	}
	return 0;
}

/* The file's name without folders and extension. */
static struct span stem_of(struct span path)
{
	for (size_t i = path.len; i-- > 0;)
		if (path.ptr[i] == '/') {
			path.ptr += i + 1;
			path.len -= i + 1;
			break;
		}
	for (size_t i = path.len; i-- > 1;)
		if (path.ptr[i] == '.') {
			path.len = i;
			break;
		}
	return path;
}

/* The size according to the image box: twice the half-extents. */
static void size_of(const struct document *doc, int32_t size[3])
{
	for (size_t i = 0; i < 3; i++) {
		float extent = 2 * doc->box[5 * i];

		size[i] = extent >= 1 && extent < 1e9f ? (int32_t)extent : 64;
	}
}

static void reply_opened(struct call *call, struct span path, const struct project *p)
{
	struct reply *r = call->reply;

	reply_key_bool(r, "success", true);
	reply_key_string(r, "path", path);
	reply_key_integer(r, "project_id", p->id);
	reply_key_string(r, "name", span_str(p->doc.name));
	reply_key_integer(r, "layer_count", (int64_t)p->doc.layers_count);
	reply_key_integer(r, "voxel_count", (int64_t)document_voxels_count(&p->doc));
}

/* Makes doc a new project and enters it. The contents of doc move. */
static int open_document(struct call *call, struct document *doc, int32_t *evicted_id,
			 struct project **out)
{
	struct span path = arg_string(call, 0, "");
	struct span name = stem_of(path);
	struct project *p;
	int32_t size[3];
	int rc;

	size_of(doc, size);
	voxel_name_copy(doc->name, name.ptr, name.len);
	rc = project_new(0, name.ptr, name.len, size, &p);
	if (rc == 0) {
		project_take_document(p, doc);
		file_remember(p, path);
		rc = context_add(call->env->lease, p, evicted_id);
		if (rc < 0)
			project_free(p);
	}
	if (rc < 0)
		return scope_fault(call, APP_LOAD_PROJECT, rc, "load project");
	*out = p;
	return 0;
}

static const struct param load_params[] = {
	PARAM_PATH("file to open"),
	PARAM_FORMAT("detected from the file's first bytes or its extension"),
	PARAM_END,
};

static int run_load_project(struct call *call)
{
	struct document doc;
	struct project *p = NULL;
	struct span path;
	int32_t evicted_id = 0;
	int rc = file_path(call, &path);

	if (rc == 0)
		rc = read_document(call, "load project", &doc);
	if (rc)
		return rc;
	rc = open_document(call, &doc, &evicted_id, &p);
	document_deinit(&doc);
	if (rc < 0 || !p)
		return rc;
	reply_object(call->reply);
	reply_opened(call, path, p);
	if (evicted_id)
		reply_key_integer(call->reply, "closed_project_id", evicted_id);
	reply_object_end(call->reply);
	return 0;
}

static const char *const load_aliases[] = { "open_file", NULL };

const struct method method_load_project = {
	.name = "load_project",
	.aliases = load_aliases,
	.flags = METHOD_EDITS,
	.params = load_params,
	.doc = "Opens a file (.gox, .vox, .qb, .txt) as a new project, which becomes the default "
	       "one; a damaged file opens no project.",
	.result = "success, path, project_id, name, layer_count, voxel_count, closed_project_id "
		  "if one had to be closed",
	.run = run_load_project,
};

/* Adds the layers of doc to the project as one edit and makes the last one active. */
static int add_layers(struct project *p, struct document *doc)
{
	int rc = project_begin(p, "import model");

	if (rc < 0)
		return rc;
	rc = project_edit_layers(p);
	for (size_t i = 0; rc == 0 && i < doc->layers_count; i++) {
		struct layer *from = doc->layers[i];
		struct layer *to;

		rc = document_add_layer(&p->doc, 0, NULL, &to);
		if (rc == 0)
			rc = volume_share(&to->volume, &from->volume);
		if (rc < 0)
			break;
		memcpy(to->meta.name, from->meta.name, sizeof(to->meta.name));
		to->meta.visible = from->meta.visible;
		to->meta.opacity = from->meta.opacity;
		to->meta.mode = from->meta.mode;
	}
	return project_end(p, rc);
}

enum { IMPORT_PROJECT = 2 };

static const struct param import_params[] = {
	PARAM_PATH("file to import"),
	PARAM_FORMAT("detected from the file's first bytes or its extension"),
	[IMPORT_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

/* Adds doc to the open project or, when there is none, opens it as a new one. */
static int import_document(struct call *call, struct document *doc, struct project **out)
{
	int32_t evicted_id;
	int32_t id;
	int rc = scope_project_id(call, IMPORT_PROJECT, &id);

	if (rc < 0)
		return rc;
	rc = context_enter(call->env->lease, id, out);
	if (rc == -ENOENT && !id)
		return open_document(call, doc, &evicted_id, out);
	if (rc == -ENOENT)
		return arg_fault(call, IMPORT_PROJECT, "no such project is open");
	if (rc == 0)
		rc = add_layers(*out, doc);
	return scope_fault(call, APP_LOAD_PROJECT, rc, "import model");
}

static int run_import_model(struct call *call)
{
	struct document doc;
	struct project *p;
	struct span path;
	int64_t layers_count;
	int64_t voxels_count;
	int rc = file_path(call, &path);

	if (rc == 0)
		rc = read_document(call, "import model", &doc);
	if (rc)
		return rc;
	layers_count = (int64_t)doc.layers_count;
	voxels_count = (int64_t)document_voxels_count(&doc);
	rc = import_document(call, &doc, &p);
	document_deinit(&doc);
	if (rc < 0)
		return rc;
	reply_object(call->reply);
	reply_opened(call, path, p);
	reply_key_integer(call->reply, "imported_layers", layers_count);
	reply_key_integer(call->reply, "imported_voxels", voxels_count);
	reply_object_end(call->reply);
	return 0;
}

const struct method method_import_model = {
	.name = "import_model",
	.flags = METHOD_EDITS,
	.params = import_params,
	.doc = "Adds the layers of a file (.gox, .vox, .qb, .txt) to the project, as one step of "
	       "undo; without a project it opens a new one.",
	.result = "success, path, project_id, name, layer_count, voxel_count, imported_layers, "
		  "imported_voxels",
	.run = run_import_model,
};
