/* procedural_shape and brush_stroke: shapes drawn once or along a list of positions. */
#include <errno.h>

#include "daemon/base/cancel.h"
#include "daemon/methods/edit/edits.h"
#include "daemon/methods/table.h"

enum {
	SHAPE_TYPE,
	SHAPE_SIZE_X,
	SHAPE_SIZE_Y,
	SHAPE_SIZE_Z,
	SHAPE_CENTER_X,
	SHAPE_CENTER_Y,
	SHAPE_CENTER_Z,
	SHAPE_R,
	SHAPE_G,
	SHAPE_B,
	SHAPE_A,
	SHAPE_LAYER,
	SHAPE_COLOR,
	SHAPE_SIZE,
	SHAPE_CENTER,
	SHAPE_HOLLOW,
	SHAPE_THICKNESS,
	SHAPE_AXIS,
	SHAPE_FROM,
	SHAPE_TO,
	SHAPE_PROJECT
};

#define SIZE_DEFAULT 10

#define SIZE_PARAM(axis)                                                                          \
	{                                                                                         \
		.name = "size_" axis, .type = PARAM_INT, .min = INT32_MIN, .max = SHAPE_SIZE_MAX, \
		.preset = PARAM_TEXT(SIZE_DEFAULT),                                               \
		.doc = "voxels along " axis "; 0 or less: " PARAM_TEXT(SIZE_DEFAULT)              \
	}

#define CENTER_PARAM(axis)                                                       \
	{                                                                        \
		.name = "center_" axis, .type = PARAM_INT, .preset = "0",        \
		.doc = "middle; with an even size, one more voxel lies below it" \
	}

static const struct param shape_params[] = {
	[SHAPE_TYPE] = { .name = "shape_type",
			 .alias = "shape",
			 .type = PARAM_STRING,
			 .preset = "\"cube\"",
			 .doc = "cube, box, sphere, ellipsoid, cylinder, cone, torus or line" },
	[SHAPE_SIZE_X] = SIZE_PARAM("x"),
	[SHAPE_SIZE_Y] = SIZE_PARAM("y"),
	[SHAPE_SIZE_Z] = SIZE_PARAM("z"),
	[SHAPE_CENTER_X] = CENTER_PARAM("x"),
	[SHAPE_CENTER_Y] = CENTER_PARAM("y"),
	[SHAPE_CENTER_Z] = CENTER_PARAM("z"),
	[SHAPE_R] = PARAM_CHANNEL("r"),
	[SHAPE_G] = PARAM_CHANNEL("g"),
	[SHAPE_B] = PARAM_CHANNEL("b"),
	[SHAPE_A] = PARAM_CHANNEL("a"),
	[SHAPE_LAYER] = PARAM_LAYER,
	[SHAPE_COLOR] = PARAM_COLOR,
	[SHAPE_SIZE] = { .name = "size",
			 .type = PARAM_ANY,
			 .doc = "one number or [x,y,z], instead of the single sizes" },
	[SHAPE_CENTER] = { .name = "center",
			   .alias = "position",
			   .type = PARAM_ANY,
			   .doc = "[x,y,z], instead of the single coordinates" },
	[SHAPE_HOLLOW] = { .name = "hollow",
			   .type = PARAM_BOOL,
			   .preset = "false",
			   .doc = "draw only a shell" },
	[SHAPE_THICKNESS] = { .name = "thickness",
			      .type = PARAM_INT,
			      .min = 1,
			      .max = SHAPE_THICKNESS_MAX,
			      .preset = "1",
			      .doc = "of the shell, in voxels" },
	[SHAPE_AXIS] = { .name = "axis",
			 .type = PARAM_STRING,
			 .preset = "\"z\"",
			 .doc = "x, y or z, of cylinder, cone (its tip at the high end) and "
				"torus" },
	[SHAPE_FROM] = { .name = "from",
			 .alias = "start",
			 .type = PARAM_ANY,
			 .doc = "[x,y,z], one end of a line" },
	[SHAPE_TO] = { .name = "to",
		       .alias = "end",
		       .type = PARAM_ANY,
		       .doc = "[x,y,z], its other end" },
	[SHAPE_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static int read_size(struct call *call, struct shape *s)
{
	int32_t all;

	for (int i = 0; i < 3; i++) {
		s->size[i] = arg_i32(call, SHAPE_SIZE_X + i, SIZE_DEFAULT);
		if (s->size[i] <= 0)
			s->size[i] = SIZE_DEFAULT;
	}
	if (!arg_has(call, SHAPE_SIZE))
		return 0;
	if (decode_i32(call->args[SHAPE_SIZE], &all) == 0)
		s->size[0] = s->size[1] = s->size[2] = all;
	else if (decode_position(call->args[SHAPE_SIZE], s->size) < 0)
		return arg_fault(call, SHAPE_SIZE, "must be a number or [x,y,z]");
	for (int i = 0; i < 3; i++)
		if (s->size[i] < 1 || s->size[i] > SHAPE_SIZE_MAX)
			return arg_range_fault(call, SHAPE_SIZE, 1, SHAPE_SIZE_MAX);
	return 0;
}

static int read_axis(struct call *call, struct shape *s)
{
	struct span axis = arg_string(call, SHAPE_AXIS, "z");
	int letter = axis.len == 1 ? axis.ptr[0] : 0;

	if (letter < 'x' || letter > 'z')
		return arg_fault(call, SHAPE_AXIS, "must be x, y or z");
	s->axis = letter - 'x';
	return 0;
}

static int read_line(struct call *call, struct shape *s)
{
	if (decode_position(call->args[SHAPE_FROM], s->from) < 0)
		return arg_fault(call, SHAPE_FROM, "must be [x,y,z]");
	if (decode_position(call->args[SHAPE_TO], s->to) < 0)
		return arg_fault(call, SHAPE_TO, "must be [x,y,z]");
	return 0;
}

static int read_place(struct call *call, struct shape *s)
{
	int32_t center[3];
	int rc;

	if (s->kind == SHAPE_LINE)
		return read_line(call, s);
	for (int i = 0; i < 3; i++)
		center[i] = arg_i32(call, SHAPE_CENTER_X + i, 0);
	if (arg_has(call, SHAPE_CENTER) && decode_position(call->args[SHAPE_CENTER], center) < 0)
		return arg_fault(call, SHAPE_CENTER, "must be [x,y,z]");
	rc = read_size(call, s);
	if (rc)
		return rc;
	if (shape_centre(s, center) < 0)
		return arg_fault(call, SHAPE_CENTER,
				 "the shape would leave the 32-bit coordinates");
	return 0;
}

/* The fault for what shape_box refuses. */
static int judge(struct call *call, const struct shape *s)
{
	struct box box;
	int rc = shape_box(s, &box);

	if (rc == -ERANGE)
		return arg_fault(call, SHAPE_CENTER,
				 "the shape would leave the 32-bit coordinates");
	if (rc < 0 && s->kind == SHAPE_TORUS)
		return arg_fault(call, SHAPE_SIZE,
				 "a torus has equal sizes across its axis, and a smaller or equal "
				 "one along it");
	if (rc < 0 && s->kind == SHAPE_LINE)
		return fault_set(&call->fault, RPC_INVALID_PARAMS,
				 "to: a line has at most %d voxels", SHAPE_SIZE_MAX);
	return rc < 0 ? arg_range_fault(call, SHAPE_SIZE, 1, SHAPE_SIZE_MAX) : 0;
}

static int check_shape(struct call *call, struct edit_data *data)
{
	struct shape *s = &data->shape;
	int rc = arg_color(call, SHAPE_R, SHAPE_COLOR, rgba_of(0, 0, 0, 255), &data->color);

	if (rc)
		return rc;
	if (arg_has(call, SHAPE_A) && !rgba_a(data->color) && !arg_has(call, SHAPE_COLOR))
		data->color |= 0xff000000u; /* the original treats alpha 0 as absent */
	if (shape_kind_find(arg_string(call, SHAPE_TYPE, "cube"), &s->kind) < 0)
		return fault_set(
			&call->fault, APP_SHAPE,
			"shape_type: must be cube, box, sphere, ellipsoid, cylinder, cone, "
			"torus or line");
	s->hollow = arg_bool(call, SHAPE_HOLLOW, false);
	s->thickness = arg_int_preset(call, SHAPE_THICKNESS);
	rc = read_axis(call, s);
	if (!rc)
		rc = read_place(call, s);
	return rc < 0 ? rc : judge(call, s);
}

static int apply_shape(struct call *call, const struct edit_data *data, struct document *d,
		       struct layer *l, uint64_t *count)
{
	(void)call;
	(void)d;
	return shape_draw(&l->volume, &data->shape, data->color, count);
}

const struct edit edit_shape = {
	.params = shape_params,
	.layer_index = SHAPE_LAYER,
	.project_index = SHAPE_PROJECT,
	.code = APP_SHAPE,
	.what = "procedural shape",
	.count_key = "voxels_created",
	.check = check_shape,
	.apply = apply_shape,
};

static int run_procedural_shape(struct call *call)
{
	return edit_run(call, &edit_shape);
}

const struct method method_procedural_shape = {
	.name = "procedural_shape",
	.flags = METHOD_EDITS,
	.params = shape_params,
	.doc = "Draws a body, solid or hollow, of exactly the given size; a color with alpha 0 "
	       "cuts it out.",
	.result = "success, shape_type, voxels_created",
	.run = run_procedural_shape,
};

/* ---- brush_stroke ------------------------------------------------------------ */

enum {
	BRUSH_POSITIONS,
	BRUSH_SIZE,
	BRUSH_COLOR,
	BRUSH_SHAPE,
	BRUSH_LAYER,
	BRUSH_PROJECT,
};

enum {
	BRUSH_SIZE_MAX = 64,
	BRUSH_WORK_MAX = 64 << 20,  /* voxels that one stroke draws, repeated ones counted again */
	BRUSHES_WORK_MAX = 1 << 30, /* and all strokes of one request together */
	CHECK_WORK = 4096,          /* voxels drawn between two calls of cancel_check */
	CHECK_POSITIONS = 256,      /* positions read between two calls of it */
};

static const struct param brush_params[] = {
	[BRUSH_POSITIONS] = { .name = "positions",
			      .alias = "points",
			      .type = PARAM_ARRAY,
			      .required = true,
			      .doc = "[[x,y,z], ...]: the stroke goes straight from each to the "
				     "next" },
	[BRUSH_SIZE] = { .name = "size",
			 .type = PARAM_INT,
			 .min = 1,
			 .max = BRUSH_SIZE_MAX,
			 .preset = "1",
			 .doc = "diameter in voxels" },
	[BRUSH_COLOR] = PARAM_COLOR,
	[BRUSH_SHAPE] = { .name = "shape",
			  .type = PARAM_STRING,
			  .preset = "\"sphere\"",
			  .doc = "sphere or cube" },
	[BRUSH_LAYER] = PARAM_LAYER,
	[BRUSH_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static int check_brush(struct call *call, struct edit_data *data)
{
	struct shape *s = &data->shape;
	unsigned checks = 0;
	int32_t at[3];
	struct value child;

	data->color = RGBA_WHITE;
	if (arg_has(call, BRUSH_COLOR) && arg_color_at(call, BRUSH_COLOR, &data->color) < 0)
		return -EPROTO;
	if (shape_kind_find(arg_string(call, BRUSH_SHAPE, "sphere"), &s->kind) < 0 ||
	    (s->kind != SHAPE_SPHERE && s->kind != SHAPE_BOX))
		return arg_fault(call, BRUSH_SHAPE, "must be sphere or cube");
	for (int i = 0; i < 3; i++)
		s->size[i] = arg_int_preset(call, BRUSH_SIZE);
	if (!value_first(call->args[BRUSH_POSITIONS], &child))
		return arg_fault(call, BRUSH_POSITIONS, "must not be empty");
	do {
		int rc = cancel_check_nth(&checks, CHECK_POSITIONS);

		if (rc < 0)
			return rc;
		if (decode_position(child, at) < 0 || shape_centre(s, at) < 0)
			return arg_fault(call, BRUSH_POSITIONS, "must be [[x,y,z], ...]");
	} while (value_next(child, &child));
	return 0;
}

/* Counts the voxels about to be drawn, for this stroke and for all strokes of the request. */
static int count_work(const struct edit_data *data, uint64_t *work)
{
	uint64_t edge = (uint64_t)data->shape.size[0];
	uint64_t before = *work / CHECK_WORK;
	uint64_t more = 1 + edge * edge * edge;

	*work += more;
	*data->brush_work += more;
	if (*work > BRUSH_WORK_MAX || *data->brush_work > BRUSHES_WORK_MAX)
		return -EMSGSIZE;
	return *work / CHECK_WORK == before ? 0 : cancel_check();
}

/* Draws the brush along the line from a to b, both included. */
static int stroke(struct volume *v, const struct edit_data *data, const int32_t a[3],
		  const int32_t b[3], uint64_t *work)
{
	struct shape s = data->shape;
	int64_t steps = 0;

	for (int i = 0; i < 3; i++) {
		int64_t d = (int64_t)b[i] - a[i];

		d = d < 0 ? -d : d;
		steps = d > steps ? d : steps;
	}
	if (steps > SHAPE_SIZE_MAX)
		return -ERANGE;
	for (int64_t step = 0; step <= steps; step++) {
		uint64_t drawn;
		int32_t at[3];
		int rc;

		for (int i = 0; i < 3; i++)
			at[i] = (int32_t)(a[i] +
					  (steps ? ((int64_t)b[i] - a[i]) * step / steps : 0));
		rc = count_work(data, work);
		if (!rc)
			rc = shape_centre(&s, at);
		if (!rc)
			rc = shape_draw(v, &s, data->color, &drawn);
		if (rc)
			return rc;
	}
	return 0;
}

static int apply_brush(struct call *call, const struct edit_data *data, struct document *d,
		       struct layer *l, uint64_t *count)
{
	uint64_t before = volume_voxels_count(&l->volume);
	uint64_t work = 0;
	struct value child;
	int32_t last[3];
	int32_t at[3];
	int rc;

	(void)d;
	if (!value_first(call->args[BRUSH_POSITIONS], &child))
		return 0;
	decode_position(child, last);
	do {
		decode_position(child, at);
		rc = stroke(&l->volume, data, last, at, &work);
		for (int i = 0; i < 3; i++)
			last[i] = at[i];
	} while (rc == 0 && value_next(child, &child));
	if (rc == -ERANGE)
		fault_set(
			&call->fault, RPC_INVALID_PARAMS,
			"positions: two are more than %d voxels apart, or outside the coordinates",
			SHAPE_SIZE_MAX);
	if (rc == -EMSGSIZE)
		arg_fault(call, BRUSH_POSITIONS,
			  work > BRUSH_WORK_MAX
				  ? "the stroke is too long for its brush size"
				  : "all strokes together are too long for their brush sizes");
	*count = volume_voxels_count(&l->volume) - before;
	if (!rgba_a(data->color))
		*count = before - volume_voxels_count(&l->volume);
	return rc;
}

const struct edit edit_brush = {
	.params = brush_params,
	.layer_index = BRUSH_LAYER,
	.project_index = BRUSH_PROJECT,
	.code = RPC_INTERNAL_ERROR,
	.what = "brush stroke",
	.count_key = "voxels_changed",
	.check = check_brush,
	.apply = apply_brush,
};

static int run_brush_stroke(struct call *call)
{
	return edit_run(call, &edit_brush);
}

const struct method method_brush_stroke = {
	.name = "brush_stroke",
	.flags = METHOD_EDITS,
	.params = brush_params,
	.doc = "Draws a sphere or a cube along a line of positions; alpha 0 erases.",
	.result = "success, voxels_changed (difference in the number of voxels)",
	.run = run_brush_stroke,
};
