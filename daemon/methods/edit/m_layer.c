/* Methods about layers. */
#include <errno.h>

#include "daemon/methods/scope.h"
#include "daemon/methods/table.h"

static const struct param list_params[] = { PARAM_PROJECT, PARAM_END };

static void reply_layer(struct reply *r, const struct layer *l, bool is_active)
{
	reply_key_integer(r, "id", l->meta.id);
	reply_key_string(r, "name", span_str(l->meta.name));
	reply_key_bool(r, "visible", l->meta.visible);
	reply_key_real(r, "opacity", (double)l->meta.opacity);
	reply_key(r, SPAN_LIT("color"));
	reply_rgba(r, l->meta.color);
	reply_key_integer(r, "voxel_count", (int64_t)volume_voxels_count(&l->volume));
	reply_key_bool(r, "is_active", is_active);
}

static int run_list_layers(struct call *call)
{
	struct reply *r = call->reply;
	struct project *p;
	int rc = scope_project(call, 0, RPC_INTERNAL_ERROR, &p);

	if (rc)
		return rc;
	reply_object(r);
	reply_key_integer(r, "count", (int64_t)p->doc.layers_count);
	reply_key_array(r, "layers");
	for (size_t i = 0; i < p->doc.layers_count; i++) {
		const struct layer *l = p->doc.layers[i];

		reply_object(r);
		reply_layer(r, l, l->meta.id == p->doc.active_id);
		reply_object_end(r);
	}
	reply_array_end(r);
	reply_key_integer(r, "active_layer", p->doc.active_id);
	reply_key_integer(r, "total_layers", (int64_t)p->doc.layers_count);
	reply_object_end(r);
	return 0;
}

static const char *const list_aliases[] = { "get_layers", NULL };

const struct method method_list_layers = {
	.name = "list_layers",
	.aliases = list_aliases,
	.params = list_params,
	.doc = "Lists the layers, the lowest first.",
	.result = "count, layers: [{id, name, visible, opacity, color, voxel_count, is_active}], "
		  "active_layer, total_layers",
	.run = run_list_layers,
};

enum { CREATE_NAME, CREATE_R, CREATE_G, CREATE_B, CREATE_VISIBLE, CREATE_PROJECT, CREATE_COLOR };

static const struct param create_params[] = {
	[CREATE_NAME] = { .name = "name",
			  .type = PARAM_STRING,
			  .preset = "\"New Layer\"",
			  .doc = "name" },
	[CREATE_R] = { .name = "r",
		       .type = PARAM_INT,
		       .preset = "0",
		       .doc = "red of the layer's label color" },
	[CREATE_G] = { .name = "g", .type = PARAM_INT, .preset = "0", .doc = "green" },
	[CREATE_B] = { .name = "b",
		       .type = PARAM_INT,
		       .preset = "0",
		       .doc = "blue; all 0 or less: white" },
	[CREATE_VISIBLE] = { .name = "visible",
			     .type = PARAM_BOOL,
			     .preset = "true",
			     .doc = "shown in renders and exports" },
	[CREATE_PROJECT] = PARAM_PROJECT,
	[CREATE_COLOR] = PARAM_COLOR,
	PARAM_END,
};

static int create_color(struct call *call, rgba *out)
{
	unsigned parts[3];
	bool any = false;

	if (arg_has(call, CREATE_COLOR))
		return arg_color_at(call, CREATE_COLOR, out);
	for (int i = 0; i < 3; i++) {
		int32_t n = arg_i32(call, CREATE_R + i, 0);

		any |= n > 0;
		parts[i] = n < 0 ? 0 : n > 255 ? 255 : (unsigned)n;
	}
	*out = any ? rgba_of(parts[0], parts[1], parts[2], 255) : RGBA_WHITE;
	return 0;
}

static int run_create_layer(struct call *call)
{
	struct span name = arg_string(call, CREATE_NAME, "New Layer");
	struct reply *r = call->reply;
	struct project *p;
	struct layer *l;
	rgba color;
	int rc = create_color(call, &color);

	if (!rc)
		rc = scope_project(call, CREATE_PROJECT, APP_CREATE_LAYER, &p);
	if (rc)
		return rc;
	rc = project_layer_create_as(p, name.ptr, name.len, color,
				     arg_bool(call, CREATE_VISIBLE, true), &l);
	if (rc < 0)
		return scope_fault(call, APP_CREATE_LAYER, rc, "create layer");
	reply_object(r);
	reply_key_bool(r, "success", true);
	reply_key_integer(r, "layer_id", l->meta.id);
	reply_key_string(r, "name", span_str(l->meta.name));
	reply_key_bool(r, "visible", l->meta.visible);
	reply_key_array(r, "color");
	reply_integer(r, rgba_r(color));
	reply_integer(r, rgba_g(color));
	reply_integer(r, rgba_b(color));
	reply_array_end(r);
	reply_object_end(r);
	return 0;
}

const struct method method_create_layer = {
	.name = "create_layer",
	.flags = METHOD_EDITS,
	.params = create_params,
	.doc = "Adds an empty layer on top and makes it the active one.",
	.result = "success, layer_id, name, visible, color [r,g,b]",
	.run = run_create_layer,
};

/* The methods below take a layer first; most of them return success and the id. */
enum { ON_LAYER, ON_VALUE, ON_PROJECT };

static int reply_done(struct call *call, int32_t id)
{
	reply_object(call->reply);
	reply_key_bool(call->reply, "success", true);
	reply_key_integer(call->reply, "layer_id", id);
	reply_object_end(call->reply);
	return 0;
}

enum { DELETE_LAYER, DELETE_NAME, DELETE_PROJECT };

static const struct param delete_params[] = {
	[DELETE_LAYER] = { .name = "layer_id",
			   .alias = "layer",
			   .type = PARAM_ANY,
			   .doc = "id or name of the layer" },
	[DELETE_NAME] = { .name = "layer_name",
			  .alias = "name",
			  .type = PARAM_STRING,
			  .doc = "its name, if no id is given" },
	[DELETE_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static int run_delete_layer(struct call *call)
{
	struct project *p;
	struct layer *l;
	int32_t id;
	int rc;

	if (!arg_has(call, DELETE_LAYER) && !arg_has(call, DELETE_NAME))
		return arg_fault(call, DELETE_LAYER, "layer_id or layer_name must be given");
	rc = scope_project(call, DELETE_PROJECT, APP_DELETE_LAYER, &p);
	if (rc)
		return rc;
	if (!arg_has(call, DELETE_LAYER)) {
		struct span name = arg_string(call, DELETE_NAME, "");

		l = document_layer_named(&p->doc, name.ptr, name.len);
		if (!l)
			return fault_set(&call->fault, APP_DELETE_LAYER,
					 "layer_name: there is no such layer");
	} else {
		rc = scope_layer(call, DELETE_LAYER, APP_DELETE_LAYER, &p->doc, &l);
		if (rc)
			return rc;
	}
	id = l->meta.id;
	rc = project_layer_delete(p, id);
	if (rc < 0)
		return scope_fault(call, APP_DELETE_LAYER, rc, "delete layer");
	return reply_done(call, id);
}

const struct method method_delete_layer = {
	.name = "delete_layer",
	.flags = METHOD_EDITS,
	.params = delete_params,
	.doc = "Deletes a layer; the last one is replaced by an empty one.",
	.result = "success, layer_id",
	.run = run_delete_layer,
};

enum { MERGE_SOURCE, MERGE_TARGET, MERGE_PROJECT };

static const struct param merge_params[] = {
	[MERGE_SOURCE] = { .name = "source_layer_id",
			   .alias = "source",
			   .type = PARAM_ANY,
			   .required = true,
			   .doc = "id or name of the layer that is "
				  "laid over the target and deleted" },
	[MERGE_TARGET] = { .name = "target_layer_id",
			   .alias = "target",
			   .type = PARAM_ANY,
			   .required = true,
			   .doc = "id or name of the layer that gets the voxels" },
	[MERGE_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static int run_merge_layers(struct call *call)
{
	struct project *p;
	struct layer *source;
	struct layer *target;
	int rc = scope_project(call, MERGE_PROJECT, APP_MERGE_LAYERS, &p);

	if (!rc)
		rc = scope_layer(call, MERGE_SOURCE, APP_MERGE_LAYERS, &p->doc, &source);
	if (!rc)
		rc = scope_layer(call, MERGE_TARGET, APP_MERGE_LAYERS, &p->doc, &target);
	if (rc)
		return rc;
	if (source == target)
		return arg_fault(call, MERGE_TARGET, "must be another layer than the source");
	rc = project_layer_merge(p, source->meta.id, target->meta.id);
	if (rc < 0)
		return scope_fault(call, APP_MERGE_LAYERS, rc, "merge layers");
	return reply_done(call, target->meta.id);
}

const struct method method_merge_layers = {
	.name = "merge_layers",
	.flags = METHOD_EDITS,
	.params = merge_params,
	.doc = "Lays one layer over another by its mode and opacity, and deletes it.",
	.result = "success, layer_id (of the target)",
	.run = run_merge_layers,
};

static const struct param duplicate_params[] = {
	{ .name = "layer_id",
	  .alias = "layer",
	  .type = PARAM_ANY,
	  .preset = "-1",
	  .doc = "id or name; absent: the active layer" },
	{ .name = "name",
	  .type = PARAM_STRING,
	  .doc = "of the copy; absent: the name and \" copy\"" },
	PARAM_PROJECT,
	PARAM_END,
};

static int run_duplicate_layer(struct call *call)
{
	struct span name = arg_string(call, ON_VALUE, "");
	struct reply *r = call->reply;
	struct project *p;
	struct layer *l;
	int rc = scope_enter(call, ON_PROJECT, ON_LAYER, APP_CREATE_LAYER, &p, &l);

	if (rc)
		return rc;
	rc = project_layer_duplicate_as(p, l->meta.id, arg_has(call, ON_VALUE) ? name.ptr : NULL,
					name.len, &l);
	if (rc < 0)
		return scope_fault(call, APP_CREATE_LAYER, rc, "duplicate layer");
	reply_object(r);
	reply_key_bool(r, "success", true);
	reply_key_integer(r, "layer_id", l->meta.id);
	reply_key_string(r, "name", span_str(l->meta.name));
	reply_object_end(r);
	return 0;
}

const struct method method_duplicate_layer = {
	.name = "duplicate_layer",
	.flags = METHOD_EDITS,
	.params = duplicate_params,
	.doc = "Copies a layer above itself and makes the copy active; voxels are shared until "
	       "either is written.",
	.result = "success, layer_id (of the copy), name",
	.run = run_duplicate_layer,
};

static const struct param reorder_params[] = {
	{ .name = "layer_id",
	  .alias = "layer",
	  .type = PARAM_ANY,
	  .preset = "-1",
	  .doc = "id or name; absent: the active layer" },
	{ .name = "index",
	  .alias = "position",
	  .type = PARAM_INT,
	  .required = true,
	  .min = 0,
	  .max = DOCUMENT_LAYERS_MAX - 1,
	  .doc = "new position, 0 = lowest; beyond the last: on top" },
	PARAM_PROJECT,
	PARAM_END,
};

static int run_reorder_layer(struct call *call)
{
	size_t index = (size_t)arg_int(call, ON_VALUE, 0);
	struct project *p;
	struct layer *l;
	int rc = scope_enter(call, ON_PROJECT, ON_LAYER, RPC_INTERNAL_ERROR, &p, &l);

	if (rc)
		return rc;
	if (index >= p->doc.layers_count)
		index = p->doc.layers_count - 1;
	rc = project_layer_move(p, l->meta.id, index);
	if (rc < 0)
		return scope_fault(call, RPC_INTERNAL_ERROR, rc, "reorder layer");
	return reply_done(call, l->meta.id);
}

static const char *const reorder_aliases[] = { "move_layer", NULL };

const struct method method_reorder_layer = {
	.name = "reorder_layer",
	.aliases = reorder_aliases,
	.flags = METHOD_EDITS,
	.params = reorder_params,
	.doc = "Moves a layer to another place in the order.",
	.result = "success, layer_id",
	.run = run_reorder_layer,
};

static const struct param layer_params[] = {
	{ .name = "layer_id",
	  .alias = "layer",
	  .type = PARAM_ANY,
	  .preset = "-1",
	  .doc = "id or name; absent: the active layer" },
	PARAM_PROJECT,
	PARAM_END,
};

static int run_clear_layer(struct call *call)
{
	struct project *p;
	struct layer *l;
	uint64_t count;
	int rc = scope_enter(call, 1, ON_LAYER, RPC_INTERNAL_ERROR, &p, &l);

	if (rc)
		return rc;
	count = volume_voxels_count(&l->volume);
	rc = project_layer_clear(p, l->meta.id);
	if (rc < 0)
		return scope_fault(call, RPC_INTERNAL_ERROR, rc, "clear layer");
	reply_object(call->reply);
	reply_key_bool(call->reply, "success", true);
	reply_key_integer(call->reply, "layer_id", l->meta.id);
	reply_key_integer(call->reply, "removed", (int64_t)count);
	reply_object_end(call->reply);
	return 0;
}

static const char *const clear_aliases[] = { "clear_voxels", NULL };

const struct method method_clear_layer = {
	.name = "clear_layer",
	.aliases = clear_aliases,
	.flags = METHOD_EDITS,
	.params = layer_params,
	.doc = "Removes all voxels of a layer.",
	.result = "success, layer_id, removed",
	.run = run_clear_layer,
};

static int run_set_active_layer(struct call *call)
{
	struct project *p;
	struct layer *l;
	int rc;

	if (!arg_has(call, ON_LAYER))
		return arg_fault(call, ON_LAYER, "is missing");
	rc = scope_enter(call, 1, ON_LAYER, RPC_INTERNAL_ERROR, &p, &l);
	if (rc)
		return rc;
	rc = project_layer_activate(p, l->meta.id);
	if (rc < 0)
		return scope_fault(call, RPC_INTERNAL_ERROR, rc, "activate layer");
	return reply_done(call, l->meta.id);
}

const struct method method_set_active_layer = {
	.name = "set_active_layer",
	.flags = METHOD_EDITS,
	.params = layer_params,
	.doc = "Makes a layer the active one, which methods use by default.",
	.result = "success, layer_id",
	.run = run_set_active_layer,
};
