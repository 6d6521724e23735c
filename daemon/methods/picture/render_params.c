#include "daemon/methods/picture/render_params.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "daemon/render/picture.h"

enum {
	P_PATH,
	P_WIDTH,
	P_HEIGHT,
	P_PRESET,
	P_ANGLES,
	P_CAMERA,
	P_POSITION,
	P_TARGET,
	P_UP,
	P_FOV,
	P_ORTHO,
	P_DISTANCE,
	P_YAW,
	P_PITCH,
	P_BACKGROUND,
	P_RETURN_MODE,
	P_FORMAT,
	P_FLAT,
	P_OCCLUSION,
	P_SHADOW,
	P_SMOOTH,
	P_THREADS,
	P_SESSION,
	P_PROGRESS,
	P_OPTIONS,
	P_PROJECT,
};

const struct param render_scene_params[] = {
	[P_PATH] = { .name = "output_path",
		     .alias = "path",
		     .type = PARAM_STRING,
		     .doc = "file to write; absent: the picture is in the reply" },
	[P_WIDTH] = { .name = "width",
		      .type = PARAM_INT,
		      .min = 1,
		      .max = PICTURE_EDGE_MAX,
		      .is_whole = true,
		      .preset = "512",
		      .doc = "pixels" },
	[P_HEIGHT] = { .name = "height",
		       .type = PARAM_INT,
		       .min = 1,
		       .max = PICTURE_EDGE_MAX,
		       .is_whole = true,
		       .preset = "512",
		       .doc = "pixels" },
	[P_PRESET] = { .name = "camera_preset",
		       .alias = "preset",
		       .type = PARAM_STRING,
		       .doc = "front, back, left, right, top, bottom, isometric "
			      "or default; aims at the voxels and frames them" },
	[P_ANGLES] = { .name = "angles",
		       .type = PARAM_ARRAY,
		       .doc = "several presets, one picture each" },
	[P_CAMERA] = { .name = "camera",
		       .type = PARAM_ANY,
		       .doc = "{position,target,up,fov,ortho}, "
			      "{distance,yaw,pitch,target} or a preset's name" },
	[P_POSITION] = { .name = "camera_position",
			 .alias = "position",
			 .type = PARAM_ANY,
			 .doc = "[x,y,z] of the eye" },
	[P_TARGET] = { .name = "camera_target",
		       .alias = "target",
		       .type = PARAM_ANY,
		       .doc = "[x,y,z] that the camera looks at; absent: the middle of the voxels" },
	[P_UP] = { .name = "up",
		   .alias = "camera_up",
		   .type = PARAM_ANY,
		   .preset = "[0,0,1]",
		   .doc = "[x,y,z]" },
	[P_FOV] = { .name = "fov",
		    .type = PARAM_REAL,
		    .preset = "20",
		    .doc = "vertical, degrees, above 0 and below 180" },
	[P_ORTHO] = { .name = "ortho",
		      .alias = "orthographic",
		      .type = PARAM_BOOL,
		      .preset = "false",
		      .doc = "parallel projection" },
	[P_DISTANCE] = { .name = "distance",
			 .type = PARAM_REAL,
			 .doc = "of the eye from the target, with yaw and pitch" },
	[P_YAW] = { .name = "yaw",
		    .type = PARAM_REAL,
		    .preset = "45",
		    .doc = "degrees around z; 0 looks along y" },
	[P_PITCH] = { .name = "pitch",
		      .type = PARAM_REAL,
		      .preset = "45",
		      .doc = "degrees above the horizon, -90..90" },
	[P_BACKGROUND] = { .name = "background_color",
			   .alias = "background",
			   .type = PARAM_ANY,
			   .preset = "[240,240,240,255]",
			   .doc = "a color; alpha 0 is transparent" },
	[P_RETURN_MODE] = { .name = "return_mode",
			    .type = PARAM_STRING,
			    .doc = "path, file_path (a file that the daemon names and later "
				   "deletes) or base64" },
	[P_FORMAT] = { .name = "format", .type = PARAM_STRING, .preset = "\"png\"", .doc = "png" },
	[P_FLAT] = { .name = "flat",
		     .type = PARAM_BOOL,
		     .preset = "false",
		     .doc = "plain voxel colors without light" },
	[P_OCCLUSION] = { .name = "occlusion",
			  .type = PARAM_BOOL,
			  .preset = "true",
			  .doc = "corners are darker" },
	[P_SHADOW] = { .name = "shadow",
		       .type = PARAM_BOOL,
		       .preset = "false",
		       .doc = "voxels cast shadows" },
	[P_SMOOTH] = { .name = "smooth",
		       .type = PARAM_BOOL,
		       .preset = "true",
		       .doc = "edges are smoothed" },
	[P_THREADS] = { .name = "threads",
			.type = PARAM_INT,
			.min = 0,
			.max = PICTURE_THREADS_MAX,
			.preset = "0",
			.doc = "drawing threads at most; 0: one per processor, minus one" },
	[P_SESSION] = { .name = "session_id",
			.alias = "session",
			.type = PARAM_STRING,
			.doc = "part of the managed file's name" },
	[P_PROGRESS] = { .name = "progress",
			 .type = PARAM_BOOL,
			 .preset = "false",
			 .doc = "send `progress` notifications {done,total} (rows) while drawing" },
	[P_OPTIONS] = { .name = "options",
			.type = PARAM_OBJECT,
			.doc = "any of the other parameters, by name" },
	[P_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

static int read_preset(struct call *call, int i, struct value v, struct render_params *rp)
{
	const struct view_preset *preset = NULL;
	struct span name = { "", 0 };

	if (value_kind(v) == VALUE_STRING) {
		name = value_string(v);
		preset = view_preset_find(name.ptr, name.len);
	}
	if (!preset)
		return fault_set(
			&call->fault, RPC_INVALID_PARAMS,
			"%s: no preset '%.*s'; the presets are front, back, left, right, top, "
			"bottom, isometric, default",
			call->method->params[i].name, (int)(name.len < 32 ? name.len : 32),
			name.ptr);
	if (rp->angles_count == RENDER_ANGLES_MAX)
		return fault_set(&call->fault, RPC_INVALID_PARAMS, "%s: at most %d",
				 call->method->params[i].name, RENDER_ANGLES_MAX);
	rp->angles[rp->angles_count++] = preset;
	rp->camera = RENDER_BY_ANGLES;
	return 0;
}

static int read_angles(struct call *call, struct render_params *rp)
{
	struct value v;

	rp->is_list = true;
	if (!value_first(call->args[P_ANGLES], &v))
		return arg_fault(call, P_ANGLES, "names no preset");
	do {
		int rc = read_preset(call, P_ANGLES, v, rp);

		if (rc < 0)
			return rc;
	} while (value_next(v, &v));
	return 0;
}

static int read_lens(struct call *call, struct render_params *rp)
{
	rp->fov_deg = arg_real_preset(call, P_FOV);
	if (!(rp->fov_deg >= 0.01 && rp->fov_deg <= 179))
		return arg_fault(call, P_FOV, "must be in 0.01..179 degrees");
	rp->ortho = arg_bool(call, P_ORTHO, false);
	return 0;
}

static int read_turn(struct call *call, struct render_params *rp)
{
	rp->yaw_deg = arg_real_preset(call, P_YAW);
	rp->pitch_deg = arg_real_preset(call, P_PITCH);
	rp->distance = arg_real(call, P_DISTANCE, 1);
	rp->has_distance = arg_has(call, P_DISTANCE);
	if (!(fabs(rp->yaw_deg) <= 1e6))
		return arg_fault(call, P_YAW, "must be in -1e6..1e6 degrees");
	if (!(rp->pitch_deg >= -90 && rp->pitch_deg <= 90))
		return arg_fault(call, P_PITCH, "must be in -90..90");
	if (!(rp->distance > 0 && rp->distance <= 1e9))
		return arg_fault(call, P_DISTANCE, "must be above 0 and at most 1e9");
	return 0;
}

/* Uses the first that is given: angles, a preset, eye and target, distance and angles. */
static int read_camera(struct call *call, struct render_params *rp)
{
	struct value camera = call->args[P_CAMERA];
	enum value_kind kind = value_kind(camera);
	int rc = kind == VALUE_OBJECT ? args_adopt(call, camera) : 0;

	if (kind != VALUE_NONE && kind != VALUE_OBJECT && kind != VALUE_STRING)
		return arg_fault(call, P_CAMERA, "must be an object or a preset's name");
	rp->has_eye = arg_has(call, P_POSITION);
	rp->has_target = arg_has(call, P_TARGET);
	rp->up[2] = 1;
	if (!rc)
		rc = read_lens(call, rp);
	if (!rc)
		rc = arg_point(call, P_POSITION, rp->eye);
	if (!rc)
		rc = arg_point(call, P_TARGET, rp->target);
	if (!rc)
		rc = arg_point(call, P_UP, rp->up);
	if (!rc)
		rc = read_turn(call, rp);
	if (rc < 0)
		return rc;
	if (arg_has(call, P_ANGLES))
		return read_angles(call, rp);
	if (arg_has(call, P_PRESET))
		return read_preset(call, P_PRESET, call->args[P_PRESET], rp);
	if (kind == VALUE_STRING)
		return read_preset(call, P_CAMERA, camera, rp);
	if (rp->has_eye)
		rp->camera = RENDER_BY_LOOK;
	else if (rp->has_target || rp->has_distance || arg_has(call, P_YAW) ||
		 arg_has(call, P_PITCH))
		rp->camera = RENDER_BY_TURN;
	return 0;
}

static bool ends_with(struct span s, const char *end)
{
	size_t len = strlen(end);

	return s.len >= len && strncasecmp(s.ptr + s.len - len, end, len) == 0;
}

/* Refuses a path or format of another picture type, since only PNG is written. */
static int check_format(struct call *call, struct span path)
{
	static const char *const others[] = { ".jpg", ".jpeg", ".gif",  ".bmp",
					      ".tif", ".tiff", ".webp", ".svg" };
	struct span format = arg_string(call, P_FORMAT, "png");

	if (format.len != 3 || strncasecmp(format.ptr, "png", 3) != 0)
		return arg_fault(call, P_FORMAT, "only png is supported");
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (ends_with(path, others[i]))
			return arg_fault(call, P_PATH, "only PNG is supported: name it .png");
	return 0;
}

static int read_return(struct call *call, struct render_params *rp)
{
	struct span mode;

	rp->path = arg_string(call, P_PATH, "");
	rp->session = arg_string(call, P_SESSION, "");
	mode = arg_string(call, P_RETURN_MODE, rp->path.len ? "path" : "base64");
	if (memchr(rp->path.ptr, 0, rp->path.len))
		return arg_fault(call, P_PATH, "contains a NUL");
	if (span_is(mode, "file_path"))
		rp->to = RENDER_TO_FILE;
	else if (span_is(mode, "base64") || span_is(mode, "inline"))
		rp->to = RENDER_INLINE;
	else if (span_is(mode, "path"))
		rp->to = RENDER_TO_PATH;
	else
		return arg_fault(call, P_RETURN_MODE, "must be path, file_path or base64");
	if (rp->to == RENDER_TO_PATH && !rp->path.len)
		return arg_fault(call, P_PATH, "is missing; return_mode path needs it");
	return rp->to == RENDER_TO_PATH ? check_format(call, rp->path)
					: check_format(call, span_of("", 0));
}

int render_params_read(struct call *call, struct render_params *out)
{
	int rc = arg_has(call, P_OPTIONS) ? args_adopt(call, call->args[P_OPTIONS]) : 0;

	*out = (struct render_params){ .background = rgba_of(240, 240, 240, 255),
				       .project_index = P_PROJECT };
	if (!rc)
		rc = read_return(call, out);
	if (!rc)
		rc = read_camera(call, out);
	if (!rc && arg_has(call, P_BACKGROUND))
		rc = arg_color_at(call, P_BACKGROUND, &out->background);
	if (rc < 0)
		return rc;
	out->width = (uint32_t)arg_int_preset(call, P_WIDTH);
	out->height = (uint32_t)arg_int_preset(call, P_HEIGHT);
	out->threads_max = (unsigned)arg_int_preset(call, P_THREADS);
	out->is_flat = arg_bool(call, P_FLAT, false);
	out->occlusion = arg_bool(call, P_OCCLUSION, true);
	out->shadow = arg_bool(call, P_SHADOW, false);
	out->smooth = arg_bool(call, P_SMOOTH, true);
	out->has_progress = arg_bool(call, P_PROGRESS, false);
	return 0;
}

/* The project's camera is part of the document, and so of its version. */
void render_params_key(const struct render_params *rp, size_t index, struct render_key *out)
{
	memset(out, 0, sizeof(*out)); /* including the gaps between members */
	out->width = rp->width;
	out->height = rp->height;
	out->background = rp->background;
	out->is_flat = rp->is_flat;
	out->occlusion = rp->occlusion;
	out->shadow = rp->shadow;
	out->smooth = rp->smooth;
	out->camera = (uint8_t)rp->camera;
	out->has_target = rp->has_target;
	out->has_distance = rp->has_distance;
	out->ortho = rp->ortho;
	out->angle = rp->camera == RENDER_BY_ANGLES ? rp->angles[index] : NULL;
	memcpy(out->eye, rp->eye, sizeof(out->eye));
	memcpy(out->target, rp->target, sizeof(out->target));
	memcpy(out->up, rp->up, sizeof(out->up));
	out->distance = rp->distance;
	out->yaw_deg = rp->yaw_deg;
	out->pitch_deg = rp->pitch_deg;
	out->fov_deg = rp->fov_deg;
}

static void view_turned(const struct render_params *rp, const struct box *box, double aspect,
			struct view *out)
{
	const double radian = 3.14159265358979323846 / 180;
	double yaw = rp->yaw_deg * radian;
	double pitch = rp->pitch_deg * radian;
	const double away[3] = { cos(pitch) * sin(yaw), -cos(pitch) * cos(yaw), sin(pitch) };
	double target[3];
	double eye[3];
	double distance = rp->distance;

	for (int i = 0; i < 3; i++) {
		target[i] = rp->has_target ? rp->target[i]
					   : ((double)box->min[i] + (double)box->max[i] + 1) / 2;
		eye[i] = target[i] + away[i];
	}
	if (!rp->has_distance) { /* the distance at which the whole is visible */
		view_look(out, eye, target, rp->up, rp->fov_deg, rp->ortho);
		view_frame(out, box, rp->fov_deg, aspect);
		if (!rp->has_target)
			return;
		distance = 0;
		for (int i = 0; i < 3; i++)
			distance += ((double)box->min[i] / 2 + ((double)box->max[i] + 1) / 2 -
				     out->eye[i]) *
				    out->forward[i];
	}
	for (int i = 0; i < 3; i++)
		eye[i] = target[i] + away[i] * distance;
	view_look(out, eye, target, rp->up, rp->fov_deg, rp->ortho);
}

/* Whether the camera was set: at its place in a new project it would miss most models. */
static bool is_placed(const struct camera *c)
{
	struct camera fresh;

	camera_default(&fresh);
	for (int i = 0; i < 16; i++)
		if (fabsf(c->mat[i] - fresh.mat[i]) > 0)
			return true;
	return false;
}

void render_params_view(const struct render_params *rp, size_t index, const struct box *box,
			const struct camera *camera, struct view *out)
{
	double aspect = (double)rp->width / rp->height;
	double middle[3];

	switch (rp->camera) {
	case RENDER_BY_PROJECT:
		if (camera && is_placed(camera))
			view_from_camera(out, camera);
		else
			view_from_preset(out, view_preset_find("default", 7), box, rp->fov_deg,
					 rp->ortho, aspect);
		break;
	case RENDER_BY_ANGLES:
		view_from_preset(out, rp->angles[index], box, rp->fov_deg, rp->ortho, aspect);
		break;
	case RENDER_BY_LOOK:
		for (int i = 0; i < 3; i++)
			middle[i] = ((double)box->min[i] + (double)box->max[i] + 1) / 2;
		view_look(out, rp->eye, rp->has_target ? rp->target : middle, rp->up, rp->fov_deg,
			  rp->ortho);
		break;
	case RENDER_BY_TURN:
		view_turned(rp, box, aspect, out);
		break;
	}
}
