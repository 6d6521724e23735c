/*
 * execute_script: JavaScript over a project. The script works on the project as it is when the call
 * arrives; its edits are applied together at its end, as one step of history. A script that fails
 * or is stopped changes nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/base/cancel.h"
#include "daemon/base/clock.h"
#include "daemon/base/err.h"
#include "daemon/methods/scope.h"
#include "daemon/methods/script/script_run.h"
#include "daemon/methods/table.h"
#include "daemon/store/root.h"

enum { SCRIPT_SOURCE, SCRIPT_PATH, SCRIPT_NAME, SCRIPT_TIMEOUT, SCRIPT_PROJECT };

enum {
	SOURCE_BYTES_MAX = 1 << 20, /* of a file */
	TIMEOUT_MS_DEFAULT = 30000,
	TIMEOUT_MS_MAX = 300000,
	CHUNK_VOXELS = 4096, /* written at once */
};

static const struct param script_params[] = {
	[SCRIPT_SOURCE] = { .name = "script",
			    .alias = "code",
			    .type = PARAM_STRING,
			    .doc = "JavaScript; sees goxel and console" },
	[SCRIPT_PATH] = { .name = "path",
			  .alias = "file_path",
			  .type = PARAM_STRING,
			  .doc = "file to run instead of script" },
	[SCRIPT_NAME] = { .name = "name",
			  .type = PARAM_STRING,
			  .preset = "\"script\"",
			  .doc = "shown in errors" },
	[SCRIPT_TIMEOUT] = { .name = "timeout_ms",
			     .type = PARAM_INT,
			     .preset = "30000",
			     .doc = "time limit; outside 1..300000: 30000" },
	[SCRIPT_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

/* The ids that a script gave to its new layers, and the layers created for them. */
struct new_layers {
	int32_t theirs[SCRIPT_LAYERS_MAX];
	int32_t ours[SCRIPT_LAYERS_MAX];
	uint32_t count;
};

struct applying {
	struct project *project;
	const struct script_result *result;
	struct new_layers fresh;
	struct layer *layer; /* for the collected voxels */
	struct voxel voxels[CHUNK_VOXELS];
	size_t voxels_count;
};

/* NULL: the layer was deleted meanwhile. */
static struct layer *layer_of(struct applying *a, int32_t id)
{
	for (uint32_t i = 0; i < a->fresh.count; i++)
		if (a->fresh.theirs[i] == id)
			return document_layer(&a->project->doc, a->fresh.ours[i]);
	return document_layer(&a->project->doc, id);
}

static int write_out(struct applying *a)
{
	int rc = cancel_check();

	if (rc == 0 && a->voxels_count)
		rc = volume_set_many(&a->layer->volume, a->voxels, a->voxels_count);
	a->voxels_count = 0;
	return rc;
}

static int apply_voxel(struct applying *a, const struct script_op *op, struct layer *l)
{
	int rc = 0;

	if (l != a->layer || a->voxels_count == CHUNK_VOXELS)
		rc = write_out(a);
	if (rc == 0 && l != a->layer)
		rc = project_edit_layer(a->project, l);
	a->layer = l;
	a->voxels[a->voxels_count++] =
		(struct voxel){ op->pos[0], op->pos[1], op->pos[2], op->color };
	return rc;
}

static int apply_new_layer(struct applying *a, const struct script_op *op)
{
	struct new_layers *fresh = &a->fresh;
	char name[VOXEL_NAME_MAX];
	struct layer *l;
	int rc;

	if (op->pos[0] < 0 || (uint32_t)op->pos[0] >= a->result->names_count ||
	    fresh->count == SCRIPT_LAYERS_MAX)
		return -EINVAL;
	voxel_name_copy(name, a->result->names[op->pos[0]], strlen(a->result->names[op->pos[0]]));
	rc = document_add_layer(&a->project->doc, 0, name, &l);
	if (rc == 0) {
		fresh->theirs[fresh->count] = op->layer_id;
		fresh->ours[fresh->count++] = l->meta.id;
	}
	return rc;
}

/* The other layers may have been deleted meanwhile. */
static int apply_delete_layer(struct applying *a, struct layer *l)
{
	struct document *d = &a->project->doc;

	if (d->layers_count == 1)
		return -EBUSY;
	a->layer = NULL;
	document_remove_layer(d, document_layer_index(d, l->meta.id));
	return 0;
}

static int apply_op(struct applying *a, const struct script_op *op)
{
	struct layer *l;
	int rc;

	if (op->kind == SCRIPT_VOXEL) {
		l = layer_of(a, op->layer_id);
		return l ? apply_voxel(a, op, l) : -ENOENT;
	}
	rc = write_out(a);
	if (rc == 0)
		rc = project_edit_layers(a->project);
	if (rc < 0)
		return rc;
	if (op->kind == SCRIPT_LAYER_NEW)
		return apply_new_layer(a, op);
	l = layer_of(a, op->layer_id);
	if (!l)
		return -ENOENT;
	switch (op->kind) {
	case SCRIPT_LAYER_VISIBLE:
		l->meta.visible = op->pos[0] != 0;
		return 0;
	case SCRIPT_LAYER_ACTIVE:
		a->project->doc.active_id = l->meta.id;
		return 0;
	case SCRIPT_LAYER_CLEAR:
		rc = project_edit_layer(a->project, l);
		return rc < 0 ? rc : volume_clear(&l->volume);
	case SCRIPT_LAYER_DELETE:
		return apply_delete_layer(a, l);
	default:
		return -EINVAL;
	}
}

static int apply(struct call *call, const struct script_result *result)
{
	struct applying *a = calloc(1, sizeof(*a));
	int rc = a ? 0 : -ENOMEM;

	if (rc == 0)
		rc = scope_project(call, SCRIPT_PROJECT, RPC_INTERNAL_ERROR, &a->project);
	if (rc == 0)
		rc = project_begin(a->project, "script");
	if (rc == 0) {
		a->result = result;
		for (uint32_t i = 0; rc == 0 && i < result->ops_count; i++)
			rc = apply_op(a, &result->ops[i]);
		if (rc == 0)
			rc = write_out(a);
		rc = project_end(a->project, rc);
	}
	free(a);
	return scope_fault(call, RPC_INTERNAL_ERROR, rc, "apply the script's edits");
}

static void answer(struct reply *r, const struct script_result *result)
{
	bool is_done = result->is_done;

	reply_object(r);
	reply_key_bool(r, "success", is_done);
	reply_key_integer(r, "code", is_done ? 0 : -1);
	reply_key_string(r, "message",
			 span_str(is_done ? "Script executed successfully"
					  : "Script execution failed with code -1"));
	if (!is_done)
		reply_key_string(r, "error", result->error);
	reply_key(r, SPAN_LIT("value"));
	if (is_done && result->value.len)
		reply_raw(r, result->value);
	else
		reply_null(r);
	reply_key_string(r, "output", result->output);
	reply_key_bool(r, "output_truncated", result->is_output_cut);
	reply_key_integer(r, "edits", is_done ? result->ops_count : 0);
	reply_object_end(r);
}

/* Gets the text to run; free *loaded. */
static int read_source(struct call *call, struct span *source, char **loaded)
{
	struct span path = arg_string(call, SCRIPT_PATH, "");
	struct err err = ERR_INIT;
	size_t len;
	int rc;

	*loaded = NULL;
	*source = arg_string(call, SCRIPT_SOURCE, "");
	if (arg_has(call, SCRIPT_SOURCE))
		return 0;
	if (!arg_has(call, SCRIPT_PATH))
		return arg_fault(call, SCRIPT_SOURCE, "is missing; give script or path");
	rc = root_read(call->env->root, path, SOURCE_BYTES_MAX, loaded, &len, &err);
	if (rc < 0)
		return fault_set(&call->fault, RPC_INTERNAL_ERROR, "Failed to read the script: %s",
				 err.msg);
	*source = span_of(*loaded, len);
	return 0;
}

static int take_snapshot(struct call *call, struct snapshot **out)
{
	struct project *p;
	int rc = scope_project(call, SCRIPT_PROJECT, RPC_INTERNAL_ERROR, &p);

	if (rc == 0)
		rc = context_snapshot(call->env->lease, p->id, out);
	return scope_fault(call, RPC_INTERNAL_ERROR, rc, "read the project");
}

static int run_and_apply(struct call *call, struct script_job_cfg *job)
{
	struct script_result *result;
	struct snapshot *snapshot = NULL;
	struct err err = ERR_INIT;
	int rc = take_snapshot(call, &snapshot);

	if (rc < 0)
		return rc;
	job->doc = &snapshot->doc;
	rc = script_run(job, &result, &err);
	snapshot_put(snapshot);
	if (scope_is_stopped(rc))
		return scope_fault(call, RPC_STOPPED, rc, "run the script");
	if (rc < 0)
		return fault_set(&call->fault, rc == -EAGAIN ? RPC_SERVER_BUSY : RPC_INTERNAL_ERROR,
				 "%s", err.msg);
	if (result->is_done && result->ops_count)
		rc = apply(call, result);
	if (rc == 0)
		answer(call->reply, result);
	script_result_free(result);
	return rc;
}

static int run_execute_script(struct call *call)
{
	int64_t timeout_ms = arg_int(call, SCRIPT_TIMEOUT, TIMEOUT_MS_DEFAULT);
	struct script_job_cfg job = { 0 };
	char *loaded;
	int rc = read_source(call, &job.source, &loaded);

	if (rc < 0)
		return rc;
	if (timeout_ms < 1 || timeout_ms > TIMEOUT_MS_MAX)
		timeout_ms = TIMEOUT_MS_DEFAULT;
	job.timeout_ns = (uint64_t)timeout_ms * NSEC_PER_MSEC;
	job.name = arg_string(call, SCRIPT_NAME, "script");
	rc = run_and_apply(call, &job);
	free(loaded);
	return rc;
}

const struct method method_execute_script = {
	.name = "execute_script",
	.flags = METHOD_EDITS,
	.params = script_params,
	.doc = "Runs JavaScript on the project: goxel.addVoxel(x,y,z,color), removeVoxel, "
	       "getVoxel, fillBox, clear(layer), boundingBox(layer), addLayer(name), "
	       "deleteLayer(id), listLayers, setActiveLayer, getActiveLayer, setLayerVisible; "
	       "console.log. Its edits are one step, made at its end; one that fails changes "
	       "nothing.",
	.result = "success, code, message, error (when it failed), value (of the last expression), "
		  "output, output_truncated, edits",
	.run = run_execute_script,
};
