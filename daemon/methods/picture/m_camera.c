/* Methods about the camera of a project, which renders use unless told otherwise. */
#include <math.h>

#include "daemon/methods/scope.h"
#include "daemon/methods/table.h"

static const struct param only_project[] = { PARAM_PROJECT, PARAM_END };

static struct camera *active_camera(struct document *d)
{
	struct camera *c;

	if (!d->cameras_count)
		return document_add_camera(d, &c) < 0 ? NULL : c;
	return &d->cameras[d->camera_active < d->cameras_count ? d->camera_active : 0];
}

static void reply_point(struct reply *r, double x, double y, double z)
{
	reply_array(r);
	reply_real(r, x);
	reply_real(r, y);
	reply_real(r, z);
	reply_array_end(r);
}

/* A column of the camera's matrix, scaled and added to its position. */
static void reply_column(struct reply *r, const struct camera *c, int column, double scale,
			 bool from_eye)
{
	double v[3];

	for (int i = 0; i < 3; i++) {
		v[i] = (double)c->mat[4 * column + i] * scale;
		if (from_eye)
			v[i] += (double)c->mat[12 + i];
	}
	reply_point(r, v[0], v[1], v[2]);
}

static int reply_camera(struct call *call, struct project *p)
{
	struct reply *r = call->reply;
	const struct camera *c = active_camera(&p->doc);

	if (!c)
		return fault_set(&call->fault, RPC_INTERNAL_ERROR,
				 "Failed to get the camera: out of memory");
	reply_object(r);
	reply_key_bool(r, "success", true);
	reply_key_string(r, "name", span_str(c->name));
	reply_key(r, SPAN_LIT("position"));
	reply_column(r, c, 3, 1, false);
	reply_key(r, SPAN_LIT("target"));
	reply_column(r, c, 2, -(double)c->dist, true);
	reply_key(r, SPAN_LIT("up"));
	reply_column(r, c, 1, 1, false);
	reply_key_real(r, "distance", (double)c->dist);
	reply_key_real(r, "fov", (double)c->fov_deg);
	reply_key_bool(r, "ortho", c->ortho);
	reply_object_end(r);
	return 0;
}

static int run_get_camera(struct call *call)
{
	struct project *p;
	int rc = scope_project(call, 0, RPC_INTERNAL_ERROR, &p);

	return rc < 0 ? rc : reply_camera(call, p);
}

const struct method method_get_camera = {
	.name = "get_camera",
	.params = only_project,
	.doc = "Returns the position and direction of the project's camera.",
	.result = "success, name, position, target, up, distance, fov (degrees), ortho",
	.run = run_get_camera,
};

enum {
	SET_POSITION,
	SET_TARGET,
	SET_UP,
	SET_FOV,
	SET_ORTHO,
	SET_DISTANCE,
	SET_YAW,
	SET_PITCH,
	SET_PROJECT
};

static const struct param set_params[] = {
	[SET_POSITION] = { .name = "position",
			   .alias = "camera_position",
			   .type = PARAM_ANY,
			   .doc = "[x,y,z] of the eye" },
	[SET_TARGET] = { .name = "target",
			 .alias = "camera_target",
			 .type = PARAM_ANY,
			 .doc = "[x,y,z] that the camera looks at" },
	[SET_UP] = { .name = "up", .type = PARAM_ANY, .preset = "[0,0,1]", .doc = "[x,y,z]" },
	[SET_FOV] = { .name = "fov",
		      .type = PARAM_REAL,
		      .doc = "vertical, degrees, above 0 and below 180" },
	[SET_ORTHO] = { .name = "ortho", .type = PARAM_BOOL, .doc = "parallel projection" },
	[SET_DISTANCE] = { .name = "distance",
			   .type = PARAM_REAL,
			   .doc = "from the target, with yaw and pitch" },
	[SET_YAW] = { .name = "yaw",
		      .type = PARAM_REAL,
		      .doc = "degrees around z, instead of position; 0 looks along y" },
	[SET_PITCH] = { .name = "pitch",
			.type = PARAM_REAL,
			.doc = "degrees above the horizon, -90..90" },
	[SET_PROJECT] = PARAM_PROJECT,
	PARAM_END,
};

/* The eye from yaw, pitch and distance around the target. */
static int read_turn(struct call *call, const struct camera *c, const double target[3],
		     double eye[3])
{
	const double radian = 3.14159265358979323846 / 180;
	double yaw = arg_real(call, SET_YAW, 45) * radian;
	double pitch = arg_real(call, SET_PITCH, 45);
	double dist = arg_real(call, SET_DISTANCE, (double)c->dist);

	if (!(pitch >= -90 && pitch <= 90))
		return arg_fault(call, SET_PITCH, "must be in -90..90");
	if (!(dist > 0 && dist <= 1e9))
		return arg_fault(call, SET_DISTANCE, "must be above 0 and at most 1e9");
	pitch *= radian;
	eye[0] = target[0] + dist * cos(pitch) * sin(yaw);
	eye[1] = target[1] - dist * cos(pitch) * cos(yaw);
	eye[2] = target[2] + dist * sin(pitch);
	return 0;
}

static int place_camera(struct call *call, struct camera *c)
{
	double eye[3];
	double target[3];
	double up[3] = { 0, 0, 1 };
	double away;
	int rc;

	for (int i = 0; i < 3; i++) {
		eye[i] = (double)c->mat[12 + i];
		target[i] = eye[i] - (double)c->mat[8 + i] * (double)c->dist;
	}
	rc = arg_point(call, SET_TARGET, target);
	if (!rc)
		rc = arg_point(call, SET_POSITION, eye);
	if (!rc)
		rc = arg_point(call, SET_UP, up);
	if (!rc && !arg_has(call, SET_POSITION) &&
	    (arg_has(call, SET_YAW) || arg_has(call, SET_PITCH) || arg_has(call, SET_DISTANCE)))
		rc = read_turn(call, c, target, eye);
	if (rc)
		return rc;
	away = fabs(eye[0] - target[0]) + fabs(eye[1] - target[1]) + fabs(eye[2] - target[2]);
	if (!(away > 0))
		return arg_fault(call, SET_POSITION, "must not be the target");
	if (!(fabs(up[0]) + fabs(up[1]) + fabs(up[2]) > 0))
		return arg_fault(call, SET_UP, "must not be zero");
	camera_look(c, eye, target, up);
	return 0;
}

static int run_set_camera(struct call *call)
{
	double fov = arg_real(call, SET_FOV, 20);
	struct project *p;
	struct camera *c;
	struct camera changed;
	int rc = scope_project(call, SET_PROJECT, RPC_INTERNAL_ERROR, &p);

	if (rc)
		return rc;
	if (!(fov > 0 && fov < 180))
		return arg_fault(call, SET_FOV, "must be above 0 and below 180");
	c = active_camera(&p->doc);
	if (!c)
		return fault_set(&call->fault, RPC_INTERNAL_ERROR,
				 "Failed to set the camera: out of memory");
	changed = *c;
	rc = place_camera(call, &changed);
	if (rc)
		return rc;
	changed.ortho = arg_bool(call, SET_ORTHO, c->ortho);
	if (arg_has(call, SET_FOV))
		changed.fov_deg = (float)fov;
	rc = project_set_camera(p, (size_t)(c - p->doc.cameras), &changed);
	if (rc < 0)
		return scope_fault(call, RPC_INTERNAL_ERROR, rc, "set the camera");
	return reply_camera(call, p);
}

const struct method method_set_camera = {
	.name = "set_camera",
	.flags = METHOD_EDITS,
	.params = set_params,
	.doc = "Places the project's camera: by eye and target, or by yaw, pitch and distance "
	       "around the target.",
	.result = "as get_camera",
	.run = run_set_camera,
};
