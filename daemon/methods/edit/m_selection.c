/* Methods about the selection and the clipboard of a project. */
#include <errno.h>

#include "daemon/methods/scope.h"
#include "daemon/methods/table.h"
#include "daemon/voxel/analyze.h"
#include "daemon/voxel/selection.h"

/* Writes the selection and how many of the layer's voxels it contains. */
static int reply_selection(struct call *call, const struct project *p, uint64_t count)
{
	struct reply *r = call->reply;

	reply_object(r);
	reply_key_bool(r, "success", true);
	reply_key_bool(r, "selected", p->selection.is_set);
	if (p->selection.is_set) {
		reply_box(r, &p->selection.box);
		reply_key_bool(r, "by_color", p->selection.has_mask);
	}
	reply_key_integer(r, "voxel_count", (int64_t)count);
	reply_object_end(r);
	return 0;
}

enum { BOX_MIN, BOX_MAX, BOX_REGION, BOX_LAYER, BOX_PROJECT };

static const struct param box_params[] = {
	[BOX_MIN] = { .name = "min", .type = PARAM_ANY, .doc = "[x,y,z], inclusive" },
	[BOX_MAX] = { .name = "max", .type = PARAM_ANY, .doc = "[x,y,z], inclusive" },
	[BOX_REGION] = PARAM_REGION,
	[BOX_LAYER] = PARAM_LAYER,
	[BOX_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static int run_select_region(struct call *call)
{
	struct project *p;
	struct layer *l;
	struct box box;
	const struct box *region;
	uint64_t count;
	int rc = arg_region(call, BOX_REGION, &box, &region);

	if (rc)
		return rc;
	if (!region && decode_position(call->args[BOX_MIN], box.min) < 0)
		return arg_fault(call, BOX_MIN, "must be [x,y,z]");
	if (!region && decode_position(call->args[BOX_MAX], box.max) < 0)
		return arg_fault(call, BOX_MAX, "must be [x,y,z]");
	for (int i = 0; i < 3; i++)
		if (box.min[i] > box.max[i])
			return arg_fault(call, BOX_MAX, "must not be below min");
	rc = scope_enter(call, BOX_PROJECT, BOX_LAYER, RPC_INTERNAL_ERROR, &p, &l);
	if (rc)
		return rc;
	rc = analyze_count(&l->volume, &box, &count);
	if (rc < 0)
		return scope_fault(call, RPC_INTERNAL_ERROR, rc, "count the selection");
	selection_set_box(p, &box);
	return reply_selection(call, p, count);
}

const struct method method_select_region = {
	.name = "select_region",
	.params = box_params,
	.doc = "Selects a box.",
	.result = "success, selected, min, max, by_color, voxel_count",
	.run = run_select_region,
};

enum { COLOR_COLOR, COLOR_TOLERANCE, COLOR_REGION, COLOR_LAYER, COLOR_PROJECT };

static const struct param color_params[] = {
	[COLOR_COLOR] = { .name = "color",
			  .type = PARAM_ANY,
			  .required = true,
			  .doc = "\"#RRGGBB\", [r,g,b,a] or {r,g,b,a}" },
	[COLOR_TOLERANCE] = { .name = "tolerance",
			      .type = PARAM_ANY,
			      .preset = "0",
			      .doc = "allowed difference per channel" },
	[COLOR_REGION] = PARAM_REGION,
	[COLOR_LAYER] = PARAM_LAYER,
	[COLOR_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static int run_select_by_color(struct call *call)
{
	struct project *p;
	struct layer *l;
	struct box box;
	const struct box *region;
	uint64_t count;
	rgba color;
	rgba tolerance;
	int rc = arg_color_at(call, COLOR_COLOR, &color);

	if (!rc)
		rc = arg_tolerance(call, COLOR_TOLERANCE, &tolerance);
	if (!rc)
		rc = arg_region(call, COLOR_REGION, &box, &region);
	if (!rc)
		rc = scope_enter(call, COLOR_PROJECT, COLOR_LAYER, RPC_INTERNAL_ERROR, &p, &l);
	if (rc)
		return rc;
	rc = selection_set_color(p, l, color, tolerance, region, &count);
	if (rc < 0)
		return scope_fault(call, RPC_INTERNAL_ERROR, rc, "select by color");
	return reply_selection(call, p, count);
}

const struct method method_select_by_color = {
	.name = "select_by_color",
	.params = color_params,
	.doc = "Selects the voxels of a color or close to it.",
	.result = "success, selected (false when there are none), min, max, by_color, voxel_count",
	.run = run_select_by_color,
};

static const struct param only_params[] = { PARAM_LAYER, PARAM_PROJECT, PARAM_END };

static int run_get_selection(struct call *call)
{
	struct project *p;
	struct layer *l;
	uint64_t count;
	int rc = scope_enter(call, 1, 0, RPC_INTERNAL_ERROR, &p, &l);

	if (rc)
		return rc;
	rc = selection_count(p, l, &count);
	if (rc < 0)
		return scope_fault(call, RPC_INTERNAL_ERROR, rc, "count the selection");
	return reply_selection(call, p, count);
}

const struct method method_get_selection = {
	.name = "get_selection",
	.params = only_params,
	.doc = "Returns the selection.",
	.result = "success, selected, min, max, by_color, voxel_count",
	.run = run_get_selection,
};

static int run_clear_selection(struct call *call)
{
	struct project *p;
	struct layer *l;
	int rc = scope_enter(call, 1, 0, RPC_INTERNAL_ERROR, &p, &l);

	if (rc)
		return rc;
	selection_clear(p);
	return reply_selection(call, p, 0);
}

static const char *const clear_aliases[] = { "deselect", NULL };

const struct method method_clear_selection = {
	.name = "clear_selection",
	.aliases = clear_aliases,
	.params = only_params,
	.doc = "Clears the selection; no voxel changes.",
	.result = "success, selected (false), voxel_count (0)",
	.run = run_clear_selection,
};

/* The reply of copy, cut, delete and similar methods. */
static int reply_count(struct call *call, int rc, uint64_t count, const char *what)
{
	if (rc == -ENOENT)
		return fault_set(&call->fault, RPC_INTERNAL_ERROR, "Failed to %s: nothing is %s",
				 what, what[0] == 'p' ? "on the clipboard" : "selected");
	if (rc < 0)
		return scope_fault(call, RPC_INTERNAL_ERROR, rc, what);
	reply_object(call->reply);
	reply_key_bool(call->reply, "success", true);
	reply_key_integer(call->reply, "voxel_count", (int64_t)count);
	reply_object_end(call->reply);
	return 0;
}

typedef int(selection_act)(struct project *p, struct layer *l, uint64_t *count);

static int act(struct call *call, selection_act *does, const char *what)
{
	struct project *p;
	struct layer *l;
	uint64_t count = 0;
	int rc = scope_enter(call, 1, 0, RPC_INTERNAL_ERROR, &p, &l);

	if (rc)
		return rc;
	rc = does(p, l, &count);
	return reply_count(call, rc, count, what);
}

static int run_copy_selection(struct call *call)
{
	return act(call, selection_copy, "copy the selection");
}

const struct method method_copy_selection = {
	.name = "copy_selection",
	.params = only_params,
	.doc = "Puts the selected voxels of a layer on the project's clipboard.",
	.result = "success, voxel_count",
	.run = run_copy_selection,
};

static int run_cut_selection(struct call *call)
{
	return act(call, selection_cut, "cut the selection");
}

const struct method method_cut_selection = {
	.name = "cut_selection",
	.flags = METHOD_EDITS,
	.params = only_params,
	.doc = "Copies the selected voxels and removes them.",
	.result = "success, voxel_count",
	.run = run_cut_selection,
};

static int run_delete_selection(struct call *call)
{
	return act(call, selection_delete, "delete the selection");
}

const struct method method_delete_selection = {
	.name = "delete_selection",
	.flags = METHOD_EDITS,
	.params = only_params,
	.doc = "Removes the selected voxels of a layer.",
	.result = "success, voxel_count",
	.run = run_delete_selection,
};

enum { FILL_COLOR, FILL_LAYER, FILL_PROJECT };

static const struct param fill_params[] = {
	[FILL_COLOR] = { .name = "color",
			 .type = PARAM_ANY,
			 .required = true,
			 .doc = "\"#RRGGBB\", [r,g,b,a] or {r,g,b,a}" },
	[FILL_LAYER] = PARAM_LAYER,
	[FILL_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static int run_fill_selection(struct call *call)
{
	struct project *p;
	struct layer *l;
	uint64_t count = 0;
	rgba color;
	int rc = arg_color_at(call, FILL_COLOR, &color);

	if (!rc)
		rc = scope_enter(call, FILL_PROJECT, FILL_LAYER, RPC_INTERNAL_ERROR, &p, &l);
	if (rc)
		return rc;
	rc = selection_fill(p, l, color, &count);
	return reply_count(call, rc, count, "fill the selection");
}

const struct method method_fill_selection = {
	.name = "fill_selection",
	.flags = METHOD_EDITS,
	.params = fill_params,
	.doc = "Fills every selected position with a color.",
	.result = "success, voxel_count",
	.run = run_fill_selection,
};

enum { MOVE_DX, MOVE_DY, MOVE_DZ, MOVE_DELTA, MOVE_LAYER, MOVE_PROJECT };

static const struct param move_params[] = {
	[MOVE_DX] = { .name = "dx", .type = PARAM_INT, .preset = "0", .doc = "voxels along x" },
	[MOVE_DY] = { .name = "dy", .type = PARAM_INT, .preset = "0", .doc = "voxels along y" },
	[MOVE_DZ] = { .name = "dz", .type = PARAM_INT, .preset = "0", .doc = "voxels along z" },
	[MOVE_DELTA] = { .name = "delta",
			 .alias = "offset",
			 .type = PARAM_ANY,
			 .doc = "[x,y,z], instead of dx, dy, dz" },
	[MOVE_LAYER] = PARAM_LAYER,
	[MOVE_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static int run_move_selection(struct call *call)
{
	struct project *p;
	struct layer *l;
	int32_t delta[3];
	uint64_t count = 0;
	int rc;

	for (int i = 0; i < 3; i++)
		delta[i] = arg_i32(call, MOVE_DX + i, 0);
	if (arg_has(call, MOVE_DELTA) && decode_position(call->args[MOVE_DELTA], delta) < 0)
		return arg_fault(call, MOVE_DELTA, "must be [x,y,z]");
	rc = scope_enter(call, MOVE_PROJECT, MOVE_LAYER, RPC_INTERNAL_ERROR, &p, &l);
	if (rc)
		return rc;
	rc = selection_move(p, l, delta, &count);
	if (rc == -ERANGE)
		return arg_fault(call, MOVE_DELTA,
				 "would move voxels out of the 32-bit coordinates");
	return reply_count(call, rc, count, "move the selection");
}

const struct method method_move_selection = {
	.name = "move_selection",
	.flags = METHOD_EDITS,
	.params = move_params,
	.doc = "Moves the selected voxels of a layer, and the selection with them.",
	.result = "success, voxel_count",
	.run = run_move_selection,
};

enum { PASTE_X, PASTE_Y, PASTE_Z, PASTE_POSITION, PASTE_LAYER, PASTE_PROJECT };

static const struct param paste_params[] = {
	[PASTE_X] = PARAM_COORDINATE("x"),
	[PASTE_Y] = PARAM_COORDINATE("y"),
	[PASTE_Z] = PARAM_COORDINATE("z"),
	[PASTE_POSITION] = { .name = "position",
			     .type = PARAM_ANY,
			     .doc = "[x,y,z] for the lowest corner of what was selected; absent: "
				    "its original position" },
	[PASTE_LAYER] = PARAM_LAYER,
	[PASTE_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static int run_paste_selection(struct call *call)
{
	bool has_place = arg_has(call, PASTE_POSITION);
	struct project *p;
	struct layer *l;
	int32_t at[3];
	uint64_t count = 0;
	int rc = 0;

	for (int i = 0; i < 3; i++)
		has_place |= arg_has(call, PASTE_X + i);
	if (has_place)
		rc = arg_position(call, PASTE_X, PASTE_POSITION, at);
	if (!rc)
		rc = scope_enter(call, PASTE_PROJECT, PASTE_LAYER, RPC_INTERNAL_ERROR, &p, &l);
	if (rc)
		return rc;
	rc = selection_paste(p, l, has_place ? at : NULL, &count);
	if (rc == -ERANGE)
		return arg_fault(call, PASTE_POSITION,
				 "would put voxels out of the 32-bit coordinates");
	return reply_count(call, rc, count, "paste");
}

const struct method method_paste_selection = {
	.name = "paste_selection",
	.flags = METHOD_EDITS,
	.params = paste_params,
	.doc = "Puts the clipboard's voxels into a layer.",
	.result = "success, voxel_count",
	.run = run_paste_selection,
};
