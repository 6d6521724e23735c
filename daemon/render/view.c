/* Cameras as rays: presets, framing, look-at. */
#include "daemon/render/view.h"

#include <math.h>
#include <string.h>

static const double margin = 1.05; /* around the framed content */

const struct view_preset view_presets[] = {
	{ "front", 0, 90, "looks along +Y, Z up" },
	{ "back", 180, 90, "looks along -Y, Z up" },
	{ "left", 90, 90, "looks along -X, Z up" },
	{ "right", -90, 90, "looks along +X, Z up" },
	{ "top", 0, 0, "from above, +Y up in the picture" },
	{ "bottom", 0, 180, "from below" },
	{ "isometric", 45, 45, "from above a corner" },
	{ "default", 45, 45, "the same as isometric" },
	{ NULL, 0, 0, NULL },
};

const struct view_preset *view_preset_find(const char *name, size_t len)
{
	for (const struct view_preset *p = view_presets; p->name; p++)
		if (strlen(p->name) == len && memcmp(p->name, name, len) == 0)
			return p;
	return NULL;
}

static double dot(const double a[3], const double b[3])
{
	return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void cross(double out[3], const double a[3], const double b[3])
{
	out[0] = a[1] * b[2] - a[2] * b[1];
	out[1] = a[2] * b[0] - a[0] * b[2];
	out[2] = a[0] * b[1] - a[1] * b[0];
}

/* False when v has no direction. */
static bool normalize(double v[3])
{
	double len = sqrt(dot(v, v));

	if (!(len > 1e-12) || !isfinite(len))
		return false;
	for (int i = 0; i < 3; i++)
		v[i] /= len;
	return true;
}

static double half_height_at_1(double fov_deg)
{
	return tan(fov_deg * M_PI / 360);
}

/* A camera on +Z that looks down with +Y up, tilted around its X and then turned around Z. */
static void turn_axes(struct view *v, double turn_deg, double tilt_deg)
{
	double turn = turn_deg * M_PI / 180;
	double tilt = tilt_deg * M_PI / 180;
	double ct = cos(turn);
	double st = sin(turn);
	double ci = cos(tilt);
	double si = sin(tilt);
	const double right[3] = { ct, st, 0 };
	const double up[3] = { -st * ci, ct * ci, si };
	const double back[3] = { st * si, -ct * si, ci };

	for (int i = 0; i < 3; i++) {
		v->right[i] = right[i];
		v->up[i] = up[i];
		v->forward[i] = -back[i];
	}
}

static void box_middle(const struct box *box, double out[3])
{
	for (int i = 0; i < 3; i++)
		out[i] = ((double)box->min[i] + (double)box->max[i] + 1) / 2;
}

static void box_corner(const struct box *box, int index, double out[3])
{
	for (int i = 0; i < 3; i++)
		out[i] = index >> i & 1 ? (double)box->max[i] + 1 : (double)box->min[i];
}

void view_frame(struct view *v, const struct box *box, double fov_deg, double aspect)
{
	double half = half_height_at_1(fov_deg);
	double middle[3];
	double distance = 1;
	double extent = 0.5;

	box_middle(box, middle);
	/* Each corner must lie inside the four sides of the view: its distance from the axis, in
	 * half picture heights, is at most its depth times half (perspective), or at most extent
	 * (ortho). */
	for (int corner = 0; corner < 8; corner++) {
		double p[3];

		box_corner(box, corner, p);
		for (int i = 0; i < 3; i++)
			p[i] -= middle[i];

		double off = fmax(fabs(dot(p, v->up)), fabs(dot(p, v->right)) / aspect) * margin;
		double depth = dot(p, v->forward);

		extent = fmax(extent, off);
		distance = fmax(distance, off / half - depth);
	}
	if (v->ortho) /* far enough that nothing is behind the eye */
		distance = fmax(distance,
				(double)(box_size(box, 0) + box_size(box, 1) + box_size(box, 2)));
	for (int i = 0; i < 3; i++)
		v->eye[i] = middle[i] - v->forward[i] * distance;
	v->half_height = v->ortho ? extent : half;
}

void view_from_preset(struct view *v, const struct view_preset *preset, const struct box *box,
		      double fov_deg, bool ortho, double aspect)
{
	v->ortho = ortho;
	turn_axes(v, preset->turn_deg, preset->tilt_deg);
	view_frame(v, box, fov_deg, aspect);
}

void view_from_camera(struct view *v, const struct camera *c)
{
	double half = half_height_at_1((double)c->fov_deg);

	for (int i = 0; i < 3; i++) {
		v->right[i] = (double)c->mat[i];
		v->up[i] = (double)c->mat[4 + i];
		v->forward[i] = -(double)c->mat[8 + i];
		v->eye[i] = (double)c->mat[12 + i];
	}
	v->ortho = c->ortho;
	v->half_height = c->ortho ? half * (double)c->dist : half;
}

void view_look(struct view *v, const double eye[3], const double target[3], const double up[3],
	       double fov_deg, bool ortho)
{
	static const double axes[3][3] = { { 0, 0, 1 }, { 0, 1, 0 }, { 1, 0, 0 } };
	double half = half_height_at_1(fov_deg);
	double distance;

	for (int i = 0; i < 3; i++) {
		v->eye[i] = eye[i];
		v->forward[i] = target[i] - eye[i];
	}
	distance = sqrt(dot(v->forward, v->forward));
	if (!normalize(v->forward)) {
		distance = 1;
		memcpy(v->forward, (double[3]){ 0, 1, 0 }, sizeof(v->forward));
	}
	cross(v->right, v->forward, up);
	for (int i = 0; i < 3 && !normalize(v->right); i++)
		cross(v->right, v->forward, axes[i]);
	cross(v->up, v->right, v->forward);
	v->ortho = ortho;
	v->half_height = ortho ? half * distance : half;
}
