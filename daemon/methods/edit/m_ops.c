/*
 * batch_operations: a list of edits as one step of history. An operation that cannot be read or
 * applied is counted and reported, the others are applied; when the engine itself fails (full, out
 * of memory), nothing is changed.
 */
#include <errno.h>
#include <stdio.h>

#include "daemon/base/cancel.h"
#include "daemon/methods/edit/edits.h"
#include "daemon/methods/table.h"

enum { OPS_OPERATIONS, OPS_LAYER, OPS_PROJECT };
enum {
	OPS_ERRORS_MAX = 16, /* reported in the reply */
	CHECK_OPS = 16, /* done between two calls of cancel_check; long ones call it themselves */
};

static const struct param ops_params[] = {
	[OPS_OPERATIONS] = { .name = "operations",
			     .type = PARAM_ARRAY,
			     .required = true,
			     .doc = "[{type, ...}], type add_voxel (the default), "
				    "remove_voxel, paint_voxel, fill_region, clear_region, "
				    "flood_fill, procedural_shape or brush_stroke; the "
				    "rest as for the method of that name" },
	[OPS_LAYER] = PARAM_LAYER,
	[OPS_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

/* ---- operations on one voxel: the same parameters as in m_voxel.c, in the same order --------- */

enum { ONE_X, ONE_Y, ONE_Z, ONE_R, ONE_G, ONE_B, ONE_A, ONE_LAYER, ONE_COLOR, ONE_POSITION };

static const struct param one_params[] = {
	[ONE_X] = PARAM_COORDINATE("x"),
	[ONE_Y] = PARAM_COORDINATE("y"),
	[ONE_Z] = PARAM_COORDINATE("z"),
	[ONE_R] = PARAM_CHANNEL("r"),
	[ONE_G] = PARAM_CHANNEL("g"),
	[ONE_B] = PARAM_CHANNEL("b"),
	[ONE_A] = PARAM_CHANNEL("a"),
	[ONE_LAYER] = PARAM_LAYER,
	[ONE_COLOR] = PARAM_COLOR,
	[ONE_POSITION] = PARAM_POSITION,
	PARAM_END,
};

static int check_one(struct call *call, struct edit_data *data)
{
	int rc = arg_position(call, ONE_X, ONE_POSITION, data->at);

	return rc < 0 ? rc : arg_color(call, ONE_R, ONE_COLOR, RGBA_WHITE, &data->color);
}

static int apply_add(struct call *call, const struct edit_data *data, struct document *d,
		     struct layer *l, uint64_t *count)
{
	(void)call;
	(void)d;
	*count = 1;
	return volume_set(&l->volume, data->at[0], data->at[1], data->at[2], data->color);
}

static int apply_remove(struct call *call, const struct edit_data *data, struct document *d,
			struct layer *l, uint64_t *count)
{
	struct edit_data none = *data;

	none.color = RGBA_NONE;
	return apply_add(call, &none, d, l, count);
}

static int apply_paint(struct call *call, const struct edit_data *data, struct document *d,
		       struct layer *l, uint64_t *count)
{
	if (!volume_get(&l->volume, data->at[0], data->at[1], data->at[2]))
		return fault_set(&call->fault, APP_PAINT_VOXELS, "there is no voxel at %d,%d,%d",
				 data->at[0], data->at[1], data->at[2]);
	return apply_add(call, data, d, l, count);
}

static int check_clear(struct call *call, struct edit_data *data)
{
	int rc = edit_fill_region.check(call, data);

	data->color = RGBA_NONE;
	return rc;
}

#define ONE_VOXEL(does)                                                                     \
	{                                                                                   \
		.params = one_params, .layer_index = ONE_LAYER, .code = RPC_INTERNAL_ERROR, \
		.what = "batch", .check = check_one, .apply = (does)                        \
	}

static const struct edit edit_add = ONE_VOXEL(apply_add);
static const struct edit edit_remove = ONE_VOXEL(apply_remove);
static const struct edit edit_paint = ONE_VOXEL(apply_paint);

static const struct op_type {
	const char *name;
	const struct edit *edit;
	bool clears;
} op_types[] = {
	{ "add_voxel", &edit_add, false },
	{ "add", &edit_add, false },
	{ "remove_voxel", &edit_remove, false },
	{ "remove", &edit_remove, false },
	{ "paint_voxel", &edit_paint, false },
	{ "paint_voxels", &edit_paint, false },
	{ "paint", &edit_paint, false },
	{ "fill_region", &edit_fill_region, false },
	{ "clear_region", &edit_fill_region, true },
	{ "flood_fill", &edit_flood_fill, false },
	{ "procedural_shape", &edit_shape, false },
	{ "brush_stroke", &edit_brush, false },
};

static const struct op_type *find_type(struct value op)
{
	struct value type = value_member(op, "type");

	if (value_kind(type) == VALUE_NONE)
		type = value_member(op, "op");
	if (value_kind(type) == VALUE_NONE)
		return &op_types[0];
	if (value_kind(type) != VALUE_STRING)
		return NULL;
	for (size_t i = 0; i < sizeof(op_types) / sizeof(op_types[0]); i++)
		if (span_is(value_string(type), op_types[i].name))
			return &op_types[i];
	return NULL;
}

/* ---- the list ------------------------------------------------------------------ */

struct ops {
	struct call *call;
	struct project *p;
	struct layer *layer; /* for operations that name no layer */
	uint32_t total;
	uint32_t failed;
	uint64_t voxels;
	uint64_t brush_work; /* of all strokes */
	unsigned checks;
	struct {
		uint32_t index;
		char text[RPC_FAULT_TEXT_MAX];
	} errors[OPS_ERRORS_MAX];
};

static void note(struct ops *ops, const char *text)
{
	if (ops->failed < OPS_ERRORS_MAX) {
		ops->errors[ops->failed].index = ops->total;
		snprintf(ops->errors[ops->failed].text, RPC_FAULT_TEXT_MAX, "%s", text);
	}
	ops->failed++;
}

/* Runs one operation: 0; -EPROTO when it changed nothing (sub->fault says why); or an error that
 * fails the whole list. */
static int run_op(struct ops *ops, const struct op_type *type, struct call *sub)
{
	const struct edit *edit = type->edit;
	struct edit_data data = { .brush_work = &ops->brush_work };
	struct layer *l = ops->layer;
	uint64_t count = 0;
	int rc = cancel_check_nth(&ops->checks, CHECK_OPS);

	if (!rc)
		rc = args_sort(sub);
	if (!rc)
		rc = type->clears ? check_clear(sub, &data) : edit->check(sub, &data);
	if (!rc && arg_has(sub, edit->layer_index))
		rc = scope_layer(sub, edit->layer_index, edit->code, &ops->p->doc, &l);
	if (!rc)
		rc = project_edit_layer(ops->p, l);
	if (!rc)
		rc = edit->apply(sub, &data, &ops->p->doc, l, &count);
	ops->voxels += count;
	return rc;
}

static int run_each(struct ops *ops)
{
	struct value op;

	if (!value_first(ops->call->args[OPS_OPERATIONS], &op))
		return 0;
	do {
		const struct op_type *type = find_type(op);
		struct method method = { .name = "batch_operations" };
		struct call sub = { .method = &method, .env = ops->call->env, .params = op };
		int rc;

		if (value_kind(op) != VALUE_OBJECT || !type) {
			note(ops, type ? "must be an object" : "type: unknown operation");
			ops->total++;
			continue;
		}
		method.params = type->edit->params;
		rc = run_op(ops, type, &sub);
		if (rc == -EPROTO)
			note(ops, sub.fault.text);
		else if (rc < 0 && sub.fault.code)
			return fault_set(&ops->call->fault, sub.fault.code, "operation %u: %.200s",
					 ops->total, sub.fault.text);
		else if (rc)
			return rc;
		ops->total++;
	} while (value_next(op, &op));
	return 0;
}

static void reply_ops(struct reply *r, const struct ops *ops)
{
	reply_object(r);
	reply_key_bool(r, "success", ops->failed == 0);
	reply_key_integer(r, "total_operations", ops->total);
	reply_key_integer(r, "successful_operations", ops->total - ops->failed);
	reply_key_integer(r, "failed_operations", ops->failed);
	reply_key_integer(r, "voxels_changed", (int64_t)ops->voxels);
	reply_key_array(r, "errors");
	for (uint32_t i = 0; i < ops->failed && i < OPS_ERRORS_MAX; i++) {
		reply_object(r);
		reply_key_integer(r, "index", ops->errors[i].index);
		reply_key_string(r, "message", span_str(ops->errors[i].text));
		reply_object_end(r);
	}
	reply_array_end(r);
	reply_object_end(r);
}

static int run_batch_operations(struct call *call)
{
	struct ops ops = { .call = call };
	int rc = scope_enter(call, OPS_PROJECT, OPS_LAYER, RPC_INTERNAL_ERROR, &ops.p, &ops.layer);

	if (rc)
		return rc;
	rc = project_begin(ops.p, "batch operations");
	if (!rc)
		rc = project_end(ops.p, run_each(&ops));
	if (rc < 0)
		return scope_fault(call, RPC_INTERNAL_ERROR, rc, "do the operations");
	reply_ops(call->reply, &ops);
	return 0;
}

const struct method method_batch_operations = {
	.name = "batch_operations",
	.flags = METHOD_EDITS,
	.params = ops_params,
	.doc = "Applies a list of edits as one step of history.",
	.result = "success (no operation failed), total_operations, successful_operations, "
		  "failed_operations, voxels_changed, errors: [{index, message}] of the first 16",
	.run = run_batch_operations,
};
