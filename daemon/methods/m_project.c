/* Methods about whole projects. */
#include <errno.h>
#include <string.h>

#include "daemon/base/cancel.h"
#include "daemon/base/clock.h"
#include "daemon/base/version.h"
#include "daemon/methods/scope.h"
#include "daemon/methods/table.h"

enum { CREATE_NAME, CREATE_WIDTH, CREATE_HEIGHT, CREATE_DEPTH, CREATE_SIZE, CREATE_TEMPLATE };

static const struct param create_params[] = {
	[CREATE_NAME] = { .name = "name",
			  .type = PARAM_STRING,
			  .preset = "\"New Project\"",
			  .doc = "name" },
	[CREATE_WIDTH] = { .name = "width",
			   .type = PARAM_INT,
			   .preset = "64",
			   .doc = "size of the image box along x; 0 or less: 64" },
	[CREATE_HEIGHT] = { .name = "height",
			    .type = PARAM_INT,
			    .preset = "64",
			    .doc = "size along y" },
	[CREATE_DEPTH] = { .name = "depth",
			   .type = PARAM_INT,
			   .preset = "64",
			   .doc = "size along z" },
	[CREATE_SIZE] = { .name = "size",
			  .type = PARAM_ANY,
			  .doc = "[width,height,depth], instead of the single sizes" },
	[CREATE_TEMPLATE] = { .name = "template",
			      .type = PARAM_STRING,
			      .preset = "\"empty\"",
			      .doc = "accepted for older clients: \"empty\" or \"default\"" },
	PARAM_END,
};

static int create_size(struct call *call, int32_t size[3])
{
	for (int i = 0; i < 3; i++)
		size[i] = arg_i32(call, CREATE_WIDTH + i, 64);
	if (arg_has(call, CREATE_SIZE) && decode_position(call->args[CREATE_SIZE], size) < 0)
		return arg_fault(call, CREATE_SIZE, "must be [width,height,depth]");
	for (int i = 0; i < 3; i++)
		if (size[i] <= 0)
			size[i] = 64;
	return 0;
}

static void reply_created(struct reply *r, const struct project *p)
{
	char stamp[32];

	clock_format_iso(p->created_ns, stamp, sizeof(stamp));
	reply_key_string(r, "created_at", span_str(stamp));
}

static void reply_size(struct reply *r, const struct project *p)
{
	reply_key_integer(r, "width", p->size[0]);
	reply_key_integer(r, "height", p->size[1]);
	reply_key_integer(r, "depth", p->size[2]);
}

static int run_create_project(struct call *call)
{
	struct span name = arg_string(call, CREATE_NAME, "New Project");
	struct reply *r = call->reply;
	int32_t size[3];
	int32_t evicted_id;
	struct project *p;
	int rc = create_size(call, size);

	if (rc)
		return rc;
	rc = context_create(call->env->lease, name.ptr, name.len, size, &p, &evicted_id);
	if (rc < 0)
		return scope_fault(call, APP_CREATE_PROJECT, rc, "create project");
	reply_object(r);
	reply_key_bool(r, "success", true);
	reply_key_integer(r, "project_id", p->id);
	reply_key_string(r, "name", span_str(p->doc.name));
	reply_size(r, p);
	reply_key(r, SPAN_LIT("canvas_size"));
	reply_triple(r, p->size);
	reply_created(r, p);
	reply_key_integer(r, "layer_count", (int64_t)p->doc.layers_count);
	reply_key_integer(r, "voxel_count", 0);
	if (evicted_id)
		reply_key_integer(r, "closed_project_id", evicted_id);
	reply_object_end(r);
	return 0;
}

const struct method method_create_project = {
	.name = "create_project",
	.flags = METHOD_EDITS,
	.params = create_params,
	.doc = "Opens a new project, which becomes the default one; with 64 open, the one "
	       "least recently used without unsaved changes is closed; if all have unsaved changes, "
	       "the call fails.",
	.result = "success, project_id, name, width, height, depth, created_at, layer_count, "
		  "voxel_count, closed_project_id if one had to be closed",
	.run = run_create_project,
};

static const struct param only_project[] = { PARAM_PROJECT, PARAM_END };

static int run_get_status(struct call *call)
{
	struct reply *r = call->reply;
	struct project *p = NULL;
	int rc = scope_project(call, 0, RPC_INTERNAL_ERROR, &p);

	/* Without any project this is not an error: clients call it to see whether the
	 * daemon runs. */
	if (rc == -EAGAIN || (rc < 0 && call->fault.code == RPC_INVALID_PARAMS))
		return rc;
	call->fault.code = 0;
	reply_object(r);
	reply_key_string(r, "version", SPAN_LIT(GOXEL_DAEMON_VERSION));
	reply_key_integer(r, "layer_count", p ? (int64_t)p->doc.layers_count : 0);
	reply_key_bool(r, "read_only", false);
	reply_key_integer(r, "width", p ? p->size[0] : 0);
	reply_key_integer(r, "height", p ? p->size[1] : 0);
	reply_key_integer(r, "depth", p ? p->size[2] : 0);
	if (p) {
		reply_key_integer(r, "project_id", p->id);
		reply_key_integer(r, "voxel_count", (int64_t)document_voxels_count(&p->doc));
	}
	reply_object_end(r);
	return 0;
}

const struct method method_get_status = {
	.name = "get_status",
	.flags = METHOD_SHORT,
	.params = only_project,
	.doc = "Returns a summary of the project; zeros when there is none.",
	.result = "version, layer_count, read_only, width, height, depth, project_id, voxel_count",
	.run = run_get_status,
};

static void reply_info(struct reply *r, const struct project *p)
{
	const struct document *d = &p->doc;
	struct box box;

	reply_key_integer(r, "project_id", p->id);
	reply_key_string(r, "name", span_str(d->name));
	reply_size(r, p);
	reply_created(r, p);
	reply_key_integer(r, "layer_count", (int64_t)d->layers_count);
	reply_key_integer(r, "active_layer", d->active_id);
	reply_key_integer(r, "voxel_count", (int64_t)document_voxels_count(d));
	reply_key_integer(r, "block_count", d->budget.blocks_count);
	reply_key_integer(r, "block_limit", d->budget.blocks_max);
	reply_key_integer(r, "version", (int64_t)d->version);
	reply_key_bool(r, "modified", project_is_modified(p));
	reply_key_integer(r, "undo_count", p->history.done_count);
	reply_key_integer(r, "redo_count", p->history.undone_count);
	reply_key(r, SPAN_LIT("path"));
	if (p->path)
		reply_string(r, span_str(p->path));
	else
		reply_null(r);
	reply_key(r, SPAN_LIT("bounding_box"));
	if (document_box(d, false, &box)) {
		reply_object(r);
		reply_box(r, &box);
		reply_object_end(r);
	} else {
		reply_null(r);
	}
}

static int run_get_project_info(struct call *call)
{
	struct project *p;
	int rc = scope_project(call, 0, RPC_INTERNAL_ERROR, &p);

	if (rc)
		return rc;
	reply_object(call->reply);
	reply_info(call->reply, p);
	reply_object_end(call->reply);
	return 0;
}

const struct method method_get_project_info = {
	.name = "get_project_info",
	.params = only_project,
	.doc = "Returns all information about one project.",
	.result = "project_id, name, size, layers, voxels, blocks, version, undo and redo steps, "
		  "path, bounding_box",
	.run = run_get_project_info,
};

static int run_list_projects(struct call *call)
{
	struct context_lease *lease = call->env->lease;
	struct reply *r = call->reply;
	int32_t ids[PROJECTS_MAX];
	int32_t default_id;
	size_t count = context_list(lease->context, ids, &default_id);

	reply_object(r);
	reply_key_array(r, "projects");
	for (size_t i = 0; i < count; i++) {
		struct project *p;
		int rc = cancel_check(); /* the bounding box can take 50 ms */

		if (rc < 0)
			return scope_fault(call, RPC_INTERNAL_ERROR, rc, "list projects");
		rc = context_enter(lease, ids[i], &p);
		if (rc == -ENOENT) /* closed meanwhile */
			continue;
		if (rc)
			return rc;
		reply_object(r);
		reply_info(r, p);
		reply_key_bool(r, "is_default", p->id == default_id);
		reply_object_end(r);
	}
	reply_array_end(r);
	reply_key_integer(r, "count", (int64_t)count);
	reply_key_integer(r, "default_project_id", default_id);
	reply_object_end(r);
	return 0;
}

const struct method method_list_projects = {
	.name = "list_projects",
	.doc = "Lists the open projects in the order in which they were opened.",
	.result = "projects: [as get_project_info, is_default], count, default_project_id",
	.run = run_list_projects,
};

static int run_close_project(struct call *call)
{
	int32_t id;
	struct project *p;
	int rc = scope_project(call, 0, RPC_INTERNAL_ERROR, &p);

	if (rc)
		return rc;
	id = p->id;
	rc = context_remove(call->env->lease, id);
	if (rc < 0 && rc != -ENOENT)
		return scope_fault(call, RPC_INTERNAL_ERROR, rc, "close project");
	reply_object(call->reply);
	reply_key_bool(call->reply, "success", true);
	reply_key_integer(call->reply, "project_id", id);
	reply_object_end(call->reply);
	return 0;
}

const struct method method_close_project = {
	.name = "close_project",
	.flags = METHOD_EDITS,
	.params = only_project,
	.doc = "Closes a project without saving it; of the "
	       "others, the one opened last becomes the default.",
	.result = "success, project_id",
	.run = run_close_project,
};

static int undo_or_redo(struct call *call, int (*step)(struct project *, const char **),
			const char *what)
{
	const char *label = NULL;
	struct project *p;
	int rc = scope_project(call, 0, RPC_INTERNAL_ERROR, &p);

	if (rc)
		return rc;
	rc = step(p, &label);
	if (rc < 0 && rc != -ENOENT)
		return scope_fault(call, RPC_INTERNAL_ERROR, rc, what);
	reply_object(call->reply);
	reply_key_bool(call->reply, "success", rc == 0);
	reply_key(call->reply, SPAN_LIT("operation"));
	if (label)
		reply_string(call->reply, span_str(label));
	else
		reply_null(call->reply);
	reply_key_integer(call->reply, "undo_count", p->history.done_count);
	reply_key_integer(call->reply, "redo_count", p->history.undone_count);
	reply_object_end(call->reply);
	return 0;
}

static int run_undo(struct call *call)
{
	return undo_or_redo(call, project_undo, "undo");
}

static int run_redo(struct call *call)
{
	return undo_or_redo(call, project_redo, "redo");
}

const struct method method_undo = {
	.name = "undo",
	.flags = METHOD_EDITS,
	.params = only_project,
	.doc = "Undoes the last edit; success is false when there is none.",
	.result = "success, operation, undo_count, redo_count",
	.run = run_undo,
};

const struct method method_redo = {
	.name = "redo",
	.flags = METHOD_EDITS,
	.params = only_project,
	.doc = "Redoes the edit that was undone last; success is false when there is none.",
	.result = "success, operation, undo_count, redo_count",
	.run = run_redo,
};
