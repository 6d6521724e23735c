/* Position of a camera: computes the matrix that .gox files hold from eye, target and up. */
#include <math.h>
#include <string.h>

#include "daemon/voxel/document.h"

static double norm(const double a[3])
{
	return sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
}

static void cross(const double a[3], const double b[3], double out[3])
{
	out[0] = a[1] * b[2] - a[2] * b[1];
	out[1] = a[2] * b[0] - a[0] * b[2];
	out[2] = a[0] * b[1] - a[1] * b[0];
}

static void set_column(float mat[16], int column, const double v[3], float w)
{
	for (int i = 0; i < 3; i++)
		mat[4 * column + i] = (float)v[i];
	mat[4 * column + 3] = w;
}

void camera_look(struct camera *c, const double eye[3], const double target[3], const double up[3])
{
	double back[3];
	double right[3];
	double above[3];
	double dist;
	double len;

	for (int i = 0; i < 3; i++)
		back[i] = eye[i] - target[i];
	dist = norm(back);
	for (int i = 0; i < 3; i++)
		back[i] = dist > 0 ? back[i] / dist : (i == 1 ? -1 : 0);
	cross(up, back, right);
	len = norm(right);
	if (len < 1e-9) {
		/* The view direction is up: take another axis as the top of the picture. */
		const double y[3] = { 0, 1, 0 };
		const double x[3] = { 1, 0, 0 };

		cross(fabs(back[1]) < 0.9 ? y : x, back, right);
		len = norm(right);
	}
	for (int i = 0; i < 3; i++)
		right[i] /= len;
	cross(back, right, above);
	set_column(c->mat, 0, right, 0);
	set_column(c->mat, 1, above, 0);
	set_column(c->mat, 2, back, 0);
	set_column(c->mat, 3, eye, 1);
	c->dist = (float)dist;
}

void camera_default(struct camera *c)
{
	/* The original's: facts, part F.1. */
	const double eye[3] = { 64, -64, 64 * sqrt(2) };
	const double target[3] = { 0, 0, 0 };
	const double up[3] = { 0, 0, 1 };

	memset(c, 0, sizeof(*c));
	c->fov_deg = 20;
	camera_look(c, eye, target, up);
}
