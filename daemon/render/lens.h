/*
 * lens.h - the rays of a picture's pixels. Both ends of a ray are linear functions of the pixel.
 */
#ifndef DAEMON_RENDER_LENS_H
#define DAEMON_RENDER_LENS_H

#include <stdint.h>

#include "daemon/render/view.h"

struct lens {
	double origin[3][3];    /* [axis]: value at the top left corner, and change per pixel to the
				   right */
	double direction[3][3]; /*         and per pixel downward */
	bool ortho;
};

static inline void lens_init(struct lens *l, const struct view *v, uint32_t width, uint32_t height)
{
	double pixel = 2 * v->half_height / height;

	l->ortho = v->ortho;
	for (int i = 0; i < 3; i++) {
		double right = v->right[i] * pixel;
		double down = -v->up[i] * pixel;
		double corner = -right * width / 2 - down * height / 2;

		l->origin[i][0] = v->eye[i] + (v->ortho ? corner : 0);
		l->origin[i][1] = v->ortho ? right : 0;
		l->origin[i][2] = v->ortho ? down : 0;
		l->direction[i][0] = v->forward[i] + (v->ortho ? 0 : corner);
		l->direction[i][1] = v->ortho ? 0 : right;
		l->direction[i][2] = v->ortho ? 0 : down;
	}
}

/* x and y are in pixels from the top left; fractions lie inside a pixel. The component of the
 * direction along the line of sight has length 1. */
static inline void lens_ray(const struct lens *l, double x, double y, double origin[3],
			    double direction[3])
{
	for (int i = 0; i < 3; i++) {
		origin[i] = l->origin[i][0] + l->origin[i][1] * x + l->origin[i][2] * y;
		direction[i] = l->direction[i][0] + l->direction[i][1] * x + l->direction[i][2] * y;
	}
}

#endif
