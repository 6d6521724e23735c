/* Methods that change the properties of a layer: name, visibility, opacity. */
#include "daemon/methods/scope.h"
#include "daemon/methods/table.h"

enum { META_LAYER, META_VALUE, META_PROJECT };

#define META_LAYER_PARAM                                       \
	[META_LAYER] = {                                       \
		.name = "layer_id",                            \
		.alias = "layer",                              \
		.type = PARAM_ANY,                             \
		.preset = "-1",                                \
		.doc = "id or name; absent: the active layer", \
	}

/* Runs change on the layer as a whole edit that keeps the metas for undo. */
static int edit_meta(struct call *call, int code, const char *label,
		     void (*change)(struct call *call, struct layer_meta *meta), struct layer **out)
{
	struct project *p;
	int rc = scope_enter(call, META_PROJECT, META_LAYER, code, &p, out);

	if (rc)
		return rc;
	rc = project_begin(p, label);
	if (rc < 0)
		return scope_fault(call, code, rc, label);
	rc = project_edit_layers(p);
	if (!rc)
		change(call, &(*out)->meta);
	return scope_fault(call, code, project_end(p, rc), label);
}

static const struct param rename_params[] = {
	META_LAYER_PARAM,
	[META_VALUE] = { .name = "name",
			 .alias = "new_name",
			 .type = PARAM_STRING,
			 .required = true,
			 .doc = "the new name" },
	[META_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static void change_name(struct call *call, struct layer_meta *meta)
{
	struct span name = arg_string(call, META_VALUE, "");

	layer_set_name(meta, name.ptr, name.len);
}

static int run_rename_layer(struct call *call)
{
	struct layer *l;
	int rc = edit_meta(call, RPC_INTERNAL_ERROR, "rename layer", change_name, &l);

	if (rc)
		return rc;
	reply_object(call->reply);
	reply_key_bool(call->reply, "success", true);
	reply_key_integer(call->reply, "layer_id", l->meta.id);
	reply_key_string(call->reply, "name", span_str(l->meta.name));
	reply_object_end(call->reply);
	return 0;
}

const struct method method_rename_layer = {
	.name = "rename_layer",
	.flags = METHOD_EDITS,
	.params = rename_params,
	.doc = "Renames a layer.",
	.result = "success, layer_id, name",
	.run = run_rename_layer,
};

static const struct param visibility_params[] = {
	META_LAYER_PARAM,
	[META_VALUE] = { .name = "visible",
			 .type = PARAM_BOOL,
			 .preset = "true",
			 .doc = "shown in renders and exports" },
	[META_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static void change_visible(struct call *call, struct layer_meta *meta)
{
	meta->visible = arg_bool(call, META_VALUE, true);
}

static int run_set_layer_visibility(struct call *call)
{
	struct layer *l;
	int rc;

	if (!arg_has(call, META_LAYER))
		return arg_fault(call, META_LAYER, "is missing");
	rc = edit_meta(call, APP_LAYER_VISIBILITY, "set layer visibility", change_visible, &l);
	if (rc)
		return rc;
	reply_object(call->reply);
	reply_key_bool(call->reply, "success", true);
	reply_key_bool(call->reply, "visible", l->meta.visible);
	reply_key_integer(call->reply, "layer_id", l->meta.id);
	reply_object_end(call->reply);
	return 0;
}

const struct method method_set_layer_visibility = {
	.name = "set_layer_visibility",
	.flags = METHOD_EDITS,
	.params = visibility_params,
	.doc = "Shows or hides a layer.",
	.result = "success, visible, layer_id",
	.run = run_set_layer_visibility,
};

static const struct param opacity_params[] = {
	META_LAYER_PARAM,
	[META_VALUE] = { .name = "opacity",
			 .type = PARAM_REAL,
			 .required = true,
			 .doc = "0 (invisible) .. 1 (opaque)" },
	[META_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static void change_opacity(struct call *call, struct layer_meta *meta)
{
	meta->opacity = (float)arg_real(call, META_VALUE, 1);
}

static int run_set_layer_opacity(struct call *call)
{
	double opacity = arg_real(call, META_VALUE, 1);
	struct layer *l;
	int rc;

	if (!(opacity >= 0 && opacity <= 1))
		return arg_fault(call, META_VALUE, "must be in 0..1");
	rc = edit_meta(call, RPC_INTERNAL_ERROR, "set layer opacity", change_opacity, &l);
	if (rc)
		return rc;
	reply_object(call->reply);
	reply_key_bool(call->reply, "success", true);
	reply_key_integer(call->reply, "layer_id", l->meta.id);
	reply_key_real(call->reply, "opacity", opacity);
	reply_object_end(call->reply);
	return 0;
}

const struct method method_set_layer_opacity = {
	.name = "set_layer_opacity",
	.flags = METHOD_EDITS,
	.params = opacity_params,
	.doc = "Sets a layer's opacity in renders, exports and merges.",
	.result = "success, layer_id, opacity",
	.run = run_set_layer_opacity,
};
