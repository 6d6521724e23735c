/* Methods about one voxel. */
#include "daemon/methods/scope.h"
#include "daemon/methods/table.h"

/* The list of add_voxel and paint_voxels: x, y, z, r, g, b, a, layer_id by position. */
enum { AT_X, AT_Y, AT_Z, AT_R, AT_G, AT_B, AT_A, AT_LAYER, AT_COLOR, AT_POSITION, AT_PROJECT };

static const struct param write_params[] = {
	[AT_X] = PARAM_COORDINATE("x"),
	[AT_Y] = PARAM_COORDINATE("y"),
	[AT_Z] = PARAM_COORDINATE("z"),
	[AT_R] = { .name = "r",
		   .type = PARAM_ANY,
		   .doc = "red, 0..255 or a fraction of 1; in the list form also a whole color" },
	[AT_G] = PARAM_CHANNEL("g"),
	[AT_B] = PARAM_CHANNEL("b"),
	[AT_A] = PARAM_CHANNEL("a"),
	[AT_LAYER] = PARAM_LAYER,
	[AT_COLOR] = PARAM_COLOR,
	[AT_POSITION] = PARAM_POSITION,
	[AT_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

/* Position and color of a call with write_params. */
static int read_voxel(struct call *call, struct voxel *v)
{
	int32_t at[3];
	int rc = arg_position(call, AT_X, AT_POSITION, at);

	if (!rc)
		rc = arg_color(call, AT_R, AT_COLOR, RGBA_WHITE, &v->color);
	if (rc)
		return rc;
	v->x = at[0];
	v->y = at[1];
	v->z = at[2];
	return 0;
}

/* The result of add_voxel: x, y, z, layer, r, g, b, a. */
static const struct reply_piece added_pieces[] = {
	REPLY_PIECE("{\"success\":true,\"x\":"),
	REPLY_PIECE(",\"y\":"),
	REPLY_PIECE(",\"z\":"),
	REPLY_PIECE(",\"layer_id\":"),
	REPLY_PIECE(",\"color\":["),
	REPLY_PIECE(","),
	REPLY_PIECE(","),
	REPLY_PIECE(","),
	REPLY_PIECE("]}"),
};
static const struct reply_form added_form = REPLY_FORM(added_pieces);

static int run_add_voxel(struct call *call)
{
	struct project *p;
	struct layer *l;
	struct voxel v;
	int rc = read_voxel(call, &v);

	if (rc)
		return rc;
	rc = scope_enter(call, AT_PROJECT, AT_LAYER, APP_ADD_VOXEL, &p, &l);
	if (rc)
		return rc;
	rc = project_set_voxel(p, l, &v, NULL);
	if (rc < 0)
		return scope_fault(call, APP_ADD_VOXEL, rc, "add voxel");
	reply_form(call->reply, &added_form,
		   (int64_t[]){ v.x, v.y, v.z, l->meta.id, rgba_r(v.color), rgba_g(v.color),
				rgba_b(v.color), rgba_a(v.color) });
	return 0;
}

const struct method method_add_voxel = {
	.name = "add_voxel",
	.flags = METHOD_SHORT | METHOD_EDITS,
	.params = write_params,
	.doc = "Sets one voxel; alpha 0 removes it. Without any color: white by name, black by "
	       "position.",
	.result = "success, x, y, z, layer_id, color [r,g,b,a]",
	.run = run_add_voxel,
};

static int run_paint_voxels(struct call *call)
{
	struct project *p;
	struct layer *l;
	struct voxel v;
	int rc = read_voxel(call, &v);

	if (rc)
		return rc;
	if (!rgba_a(v.color)) /* as the original does when alpha is absent */
		v.color |= 0xff000000u;
	rc = scope_enter(call, AT_PROJECT, AT_LAYER, APP_PAINT_VOXELS, &p, &l);
	if (rc)
		return rc;
	if (!volume_get(&l->volume, v.x, v.y, v.z))
		return fault_set(&call->fault, APP_PAINT_VOXELS,
				 "Failed to paint voxels: there is no voxel at %d,%d,%d", v.x, v.y,
				 v.z);
	rc = project_set_voxel(p, l, &v, NULL);
	if (rc < 0)
		return scope_fault(call, APP_PAINT_VOXELS, rc, "paint voxels");
	reply_object(call->reply);
	reply_key_bool(call->reply, "success", true);
	reply_key_integer(call->reply, "painted", 1);
	reply_object_end(call->reply);
	return 0;
}

static const char *const paint_aliases[] = { "paint_voxel", NULL };

const struct method method_paint_voxels = {
	.name = "paint_voxels",
	.aliases = paint_aliases,
	.flags = METHOD_SHORT | METHOD_EDITS,
	.params = write_params,
	.doc = "Changes the color of an existing voxel.",
	.result = "success, painted (1)",
	.run = run_paint_voxels,
};

enum { PLACE_X, PLACE_Y, PLACE_Z, PLACE_LAYER, PLACE_POSITION, PLACE_PROJECT };

static const struct param place_params[] = {
	[PLACE_X] = PARAM_COORDINATE("x"),
	[PLACE_Y] = PARAM_COORDINATE("y"),
	[PLACE_Z] = PARAM_COORDINATE("z"),
	[PLACE_LAYER] = PARAM_LAYER,
	[PLACE_POSITION] = PARAM_POSITION,
	[PLACE_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

/* The result of remove_voxel: x, y, z, layer. */
static const struct reply_piece removed_pieces[] = {
	REPLY_PIECE("{\"success\":true,\"x\":"), REPLY_PIECE(",\"y\":"), REPLY_PIECE(",\"z\":"),
	REPLY_PIECE(",\"layer_id\":"),           REPLY_PIECE("}"),
};
static const struct reply_form removed_form = REPLY_FORM(removed_pieces);

static int run_remove_voxel(struct call *call)
{
	struct voxel v = { 0 };
	struct project *p;
	struct layer *l;
	int32_t at[3];
	int rc = arg_position(call, PLACE_X, PLACE_POSITION, at);

	if (rc)
		return rc;
	rc = scope_enter(call, PLACE_PROJECT, PLACE_LAYER, APP_REMOVE_VOXEL, &p, &l);
	if (rc)
		return rc;
	v = (struct voxel){ at[0], at[1], at[2], RGBA_NONE };
	rc = project_set_voxel(p, l, &v, NULL);
	if (rc < 0)
		return scope_fault(call, APP_REMOVE_VOXEL, rc, "remove voxel");
	reply_form(call->reply, &removed_form, (int64_t[]){ v.x, v.y, v.z, l->meta.id });
	return 0;
}

const struct method method_remove_voxel = {
	.name = "remove_voxel",
	.flags = METHOD_SHORT | METHOD_EDITS,
	.params = place_params,
	.doc = "Removes one voxel; it is no error when there is none.",
	.result = "success, x, y, z, layer_id",
	.run = run_remove_voxel,
};

/* Results of get_voxel: x, y, z, r, g, b, a for a voxel; x, y, z where there is none. */
static const struct reply_piece found_pieces[] = {
	REPLY_PIECE("{\"x\":"), REPLY_PIECE(",\"y\":"),
	REPLY_PIECE(",\"z\":"), REPLY_PIECE(",\"exists\":true,\"color\":["),
	REPLY_PIECE(","),       REPLY_PIECE(","),
	REPLY_PIECE(","),       REPLY_PIECE("]}"),
};
static const struct reply_form found_form = REPLY_FORM(found_pieces);
static const struct reply_piece missing_pieces[] = {
	REPLY_PIECE("{\"x\":"), REPLY_PIECE(",\"y\":"),
	REPLY_PIECE(",\"z\":"), REPLY_PIECE(",\"exists\":false,\"color\":["),
	REPLY_PIECE(","),       REPLY_PIECE(","),
	REPLY_PIECE(","),       REPLY_PIECE("]}"),
};
static const struct reply_form missing_form = REPLY_FORM(missing_pieces);

static int run_get_voxel(struct call *call)
{
	const struct reply_form *form;
	struct voxel v;
	struct project *p;
	struct layer *l;
	int32_t at[3];
	int rc = arg_position(call, PLACE_X, PLACE_POSITION, at);

	if (rc)
		return rc;
	rc = scope_enter(call, PLACE_PROJECT, PLACE_LAYER, APP_GET_VOXEL, &p, &l);
	if (rc)
		return rc;
	v = (struct voxel){ at[0], at[1], at[2], volume_get(&l->volume, at[0], at[1], at[2]) };
	form = v.color != RGBA_NONE ? &found_form : &missing_form;
	reply_form(call->reply, form,
		   (int64_t[]){ v.x, v.y, v.z, rgba_r(v.color), rgba_g(v.color), rgba_b(v.color),
				rgba_a(v.color) });
	return 0;
}

static const char *const get_aliases[] = { "get_voxel_info", NULL };

const struct method method_get_voxel = {
	.name = "get_voxel",
	.aliases = get_aliases,
	.flags = METHOD_SHORT,
	.params = place_params,
	.doc = "Reads one voxel.",
	.result = "x, y, z, exists, color [r,g,b,a] (zeros where there is no voxel)",
	.run = run_get_voxel,
};
